/// SentencePiece's BPE (Kudo and Richardson 2018) as far as `tokenizers` can carry it out: spaces become
/// ▁, words begin at it, and symbols are characters; those without a token become their UTF-8 bytes
/// (`<0x0A>`).
///
/// Merges are learnt as `BpeTrainer` does after Metaspace, Digits, and a Split that takes out what the
/// alphabet leaves out. What SentencePiece's own trainer does otherwise: it also cuts at changes of
/// script and between letters and digits, prefers the shorter of equally frequent pairs, and puts ▁
/// before every line.
package struct SentencePieceForm: Hashable, Sendable {
  /// The share of the texts' characters that the alphabet must cover (`character_coverage`).
  package var coverage: Double
  /// Whether every digit is a token of its own (`split_digits`).
  package var splitsDigits: Bool

  package init(coverage: Double, splitsDigits: Bool) {
    self.coverage = coverage
    self.splitsDigits = splitsDigits
  }

  var metaspace: Metaspace {
    Metaspace(prepending: .first, isolatesDigits: splitsDigits)
  }
}

/// How often each character occurs.
struct CharacterCounts {
  private var counts: [UInt32: Int] = [:]

  mutating func add(_ piece: some Collection<UInt8>, _ times: Int) {
    for scalar in String(decoding: piece, as: UTF8.self).unicodeScalars {
      counts[scalar.value, default: 0] += times
    }
  }

  /// The most frequent characters, of equals the smallest, until they cover the share (SentencePiece's
  /// `TrainerInterface::LoadSentences`), in UTF-8, by code point. ▁ is always among them, since its bytes
  /// would not become a space again; control characters never: SentencePiece reads lines, so they are
  /// bytes to its models.
  func alphabet(covering share: Double) -> [[UInt8]] {
    let found = counts.filter { !Self.isControl($0.key) }
    let total = found.values.reduce(0, +)
    var (chosen, covered): ([UInt32], Int) = ([], 0)
    for (scalar, count) in found.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      if Double(covered) / Double(total) >= share { break }
      covered += count
      chosen.append(scalar)
    }
    if !chosen.contains(0x2581) { chosen.append(0x2581) }
    return chosen.sorted().map { Array(String(Unicode.Scalar($0)!).utf8) }
  }

  /// General category Cc.
  private static func isControl(_ scalar: UInt32) -> Bool {
    scalar < 0x20 || (0x7F...0x9F).contains(scalar)
  }
}

/// Stretches of characters of an alphabet, between those that it leaves out: no merge crosses one.
struct CharacterWords {
  private var ids: [UInt32: Int32] = [:]
  /// Words in UTF-8, and how often each occurs.
  private var words = ByteTable()
  private var counts: [Int] = []

  init(_ alphabet: [(character: [UInt8], id: Int32)]) {
    for (character, id) in alphabet {
      ids[String(decoding: character, as: UTF8.self).unicodeScalars.first!.value] = id
    }
  }

  mutating func add(_ piece: some Collection<UInt8>, _ times: Int) {
    var word: [UInt8] = []
    for scalar in String(decoding: piece, as: UTF8.self).unicodeScalars {
      if ids[scalar.value] == nil {
        count(word, times)
        word = []
      } else {
        word += UTF8.encode(scalar)!
      }
    }
    count(word, times)
  }

  private mutating func count(_ word: [UInt8], _ times: Int) {
    if word.isEmpty { return }
    let (index, isNew) = words.insert(word)
    if isNew { counts.append(0) }
    counts[index] += times
  }

  /// All words as ids, in the order of their bytes.
  func forEach(_ body: ([Int32], Int) -> Void) {
    let order = (0..<words.count).sorted { words[$0].lexicographicallyPrecedes(words[$1]) }
    for index in order {
      let scalars = String(decoding: words[index], as: UTF8.self).unicodeScalars
      body(scalars.map { ids[$0.value]! }, counts[index])
    }
  }
}
