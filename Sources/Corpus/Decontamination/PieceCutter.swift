/// GPT-3's way (Brown et al. 2020, appendix C; lm-evaluation-harness `janitor`): the n-grams of words in lower
/// case without ASCII punctuation that a test holds are cut out with what surrounds them, and the pieces
/// between stay.
package struct PieceCutter: Sendable {
  /// Words.
  package var length = 13
  /// Characters cut on each side of a match.
  package var margin = 200
  /// Characters; pieces shorter than this are dropped.
  package var minimumPiece = 200
  /// Documents cut into more pieces are dropped.
  package var maximumPieces = 10

  package init() {}

  /// A word as it is compared, and where it stands.
  struct Word {
    var hash: UInt64
    var range: Range<Int>
  }

  /// How many words a text has, as they are compared.
  package static func wordCount(_ text: String) -> Int { words(PythonText(text)).count }

  /// ASCII letters in lower case, ASCII punctuation left out; words of punctuation alone count for none.
  static func words(_ text: PythonText) -> [Word] {
    text.fields(in: text.scalars.indices).compactMap { range in
      var bytes: [UInt8] = []
      for scalar in text.scalars[range] {
        let isPunctuation =
          (0x21...0x2F).contains(scalar) || (0x3A...0x40).contains(scalar)
          || (0x5B...0x60).contains(scalar) || (0x7B...0x7E).contains(scalar)
        if isPunctuation { continue }
        PythonText.appendUTF8(scalar &- 0x41 < 26 ? scalar + 0x20 : scalar, to: &bytes)
      }
      return bytes.isEmpty ? nil : Word(hash: XXHash64.hash(bytes), range: range)
    }
  }

  /// Hashes of the n-grams.
  static func grams(_ words: [Word], _ length: Int) -> [UInt64] {
    guard words.count >= length else { return [] }
    return (0...words.count - length).map { first in
      // FNV-like mixing of the words' own hashes, in order.
      words[first..<first + length].reduce(0) { ($0 ^ $1.hash) &* 0x9E37_79B9_7F4A_7C15 ^ $0 >> 29 }
    }
  }

  /// The items that hold each n-gram.
  package func index(_ items: [TestItem]) -> [UInt64: [Int]] {
    var result: [UInt64: [Int]] = [:]
    for (number, item) in items.enumerated() {
      for gram in Set(Self.grams(Self.words(PythonText(item.text)), length)) {
        result[gram, default: []].append(number)
      }
    }
    return result
  }

  /// What became of a document.
  package struct Cut: Hashable, Sendable {
    /// Numbers of the items whose n-grams it held, ascending.
    package var items: [Int] = []
    /// What stays, in scalars of the text; the whole text when it is clean.
    package var pieces: [Range<Int>] = []
    /// Why nothing stays.
    package var reason: String?
  }

  package func cut(_ text: PythonText, _ index: [UInt64: [Int]]) -> Cut {
    let words = Self.words(text)
    var (matches, items): ([Range<Int>], Set<Int>) = ([], [])
    for (first, gram) in Self.grams(words, length).enumerated() {
      guard let found = index[gram] else { continue }
      items.formUnion(found)
      matches.append(words[first].range.lowerBound..<words[first + length - 1].range.upperBound)
    }
    if matches.isEmpty { return Cut(pieces: [text.scalars.indices]) }
    let pieces = pieces(text.count, matches)
    if pieces.count > maximumPieces {
      return Cut(items: items.sorted(), reason: "cut into \(pieces.count) pieces")
    }
    let kept = pieces.filter { $0.count >= minimumPiece }
    return Cut(
      items: items.sorted(), pieces: kept, reason: kept.isEmpty ? "no piece is long enough" : nil)
  }

  /// What lies between matches with their margins.
  private func pieces(_ count: Int, _ matches: [Range<Int>]) -> [Range<Int>] {
    var (pieces, start): ([Range<Int>], Int) = ([], 0)
    for match in matches {
      let end = match.lowerBound - margin
      if end > start { pieces.append(start..<end) }
      start = max(start, match.upperBound + margin)
    }
    if start < count { pieces.append(start..<count) }
    return pieces
  }
}
