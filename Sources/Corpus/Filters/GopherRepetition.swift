/// Gopher's repetition rules (Rae et al. 2021, table A1) with datatrove's definitions: characters
/// over the length of the whole text, white space included.
package struct GopherRepetition: DocumentRule {
  package static let name = "gopher-repetition"

  /// An n-gram's length in words, and the share of characters that is too much.
  package struct Bound: Hashable, Sendable {
    package var length: Int
    package var share: Double

    package init(length: Int, share: Double) {
      self.length = length
      self.share = share
    }
  }

  /// Zero turns a bound off.
  package var maximumLines = 0.3
  package var maximumParagraphs = 0.3
  package var maximumLineCharacters = 0.2
  package var maximumParagraphCharacters = 0.2
  /// Characters in the most frequent n-gram.
  package var top = [2: 0.2, 3: 0.18, 4: 0.16].bounds
  /// Characters in n-grams that occurred before.
  package var repeated = [5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1].bounds

  package init() {}

  package func judge(_ draft: inout Draft) -> String? {
    let text = draft.text
    if text.count == 0 { return "empty" }
    return partReason(text) ?? wordReason(text, draft.words())
  }

  private func partReason(_ text: PythonText) -> String? {
    let hashes = StretchHash(text.scalars)
    let paragraphs = text.split(atLineFeeds: 2, in: text.stripped(text.scalars.indices))
    let first = Repeats(of: paragraphs, hashes)
    if first.exceeds(maximumParagraphs) { return "dup_para_frac" }
    if first.exceeds(maximumParagraphCharacters, of: text.count) { return "dup_para_char_frac" }
    let second = Repeats(of: text.split(atLineFeeds: 1, in: text.scalars.indices), hashes)
    if second.exceeds(maximumLines) { return "dup_line_frac" }
    return second.exceeds(maximumLineCharacters, of: text.count) ? "dup_line_char_frac" : nil
  }

  private func wordReason(_ text: PythonText, _ words: [Range<Int>]) -> String? {
    let length = Double(text.count)
    if !top.isEmpty {
      let grams = WordGrams(text, words, separator: 0x20)
      for bound in top {
        guard let characters = grams.topCharacters(bound.length) else { continue }
        if Double(characters) / length > bound.share { return "top_\(bound.length)_gram" }
      }
    }
    if repeated.isEmpty { return nil }
    let grams = WordGrams(text, words, separator: nil)
    for bound in repeated
    where Double(grams.repeatedCharacters(bound.length)) / length > bound.share {
      return "duplicated_\(bound.length)_n_grams"
    }
    return nil
  }
}

extension [Int: Double] {
  /// By length.
  fileprivate var bounds: [GopherRepetition.Bound] {
    sorted { $0.key < $1.key }.map { GopherRepetition.Bound(length: $0.key, share: $0.value) }
  }
}

/// How many parts of a text, and characters in them, occurred before (`find_duplicates`).
struct Repeats {
  private(set) var parts = 0
  private(set) var characters = 0
  private let total: Int

  init(of ranges: [Range<Int>], _ hashes: StretchHash) {
    total = ranges.count
    var seen = HashCounter(most: ranges.count)
    for range in ranges where seen.add(hashes.hash(range)) > 1 {
      parts += 1
      characters += range.count
    }
  }

  func exceeds(_ share: Double) -> Bool {
    share > 0 && Double(parts) / Double(total) > share
  }

  func exceeds(_ share: Double, of length: Int) -> Bool {
    share > 0 && Double(characters) / Double(length) > share
  }
}

/// The words of a text one after the other, so that an n-gram is a stretch.
struct WordGrams {
  private var words: [Range<Int>] = []
  private let hashes: StretchHash

  /// - Parameter separator: what stands between words; nil for nothing.
  init(_ text: PythonText, _ ranges: [Range<Int>], separator: UInt32?) {
    var joined: [UInt32] = []
    joined.reserveCapacity(text.count + ranges.count)
    words.reserveCapacity(ranges.count)
    for range in ranges {
      if let separator, !joined.isEmpty { joined.append(separator) }
      let start = joined.count
      joined += text.scalars[range]
      words.append(start..<joined.count)
    }
    hashes = StretchHash(joined)
  }

  private func gram(_ first: Int, _ length: Int) -> Range<Int> {
    words[first].lowerBound..<words[first + length - 1].upperBound
  }

  /// The hash of an n-gram.
  func hash(_ first: Int, _ length: Int) -> UInt64 { hashes.hash(gram(first, length)) }

  /// Characters in all occurrences of the most frequent n-gram, the one met first among equals;
  /// nil when there is none (`find_top_duplicate`).
  func topCharacters(_ length: Int) -> Int? {
    let count = words.count - length + 1
    guard count > 0 else { return nil }
    var counter = HashCounter(most: count)
    var most = 0
    for first in 0..<count { most = max(most, counter.add(hashes.hash(gram(first, length)))) }
    for first in 0..<count {
      let gram = gram(first, length)
      if counter.count(of: hashes.hash(gram)) == most { return gram.count * most }
    }
    return nil
  }

  /// Characters in n-grams that occurred before; past such a one the search goes on behind it
  /// (`find_all_duplicate`).
  func repeatedCharacters(_ length: Int) -> Int {
    let count = words.count - length + 1
    guard count > 0 else { return 0 }
    var counter = HashCounter(most: count)
    var (position, characters) = (0, 0)
    while position < count {
      let gram = gram(position, length)
      let isRepeated = counter.add(hashes.hash(gram)) > 1
      if isRepeated { characters += gram.count }
      position += isRepeated ? length : 1
    }
    return characters
  }
}
