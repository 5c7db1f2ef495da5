import Numerics

/// Tells languages apart by their runs of three characters: naive Bayes over hashed trigrams, each
/// language with the same weight, trained on documents whose source is the language's name.
package struct LanguageModelOfTrigrams: Sendable {
  private static let buckets = 1 << 14
  /// Sorted; rows of `counts`.
  package private(set) var languages: [String] = []
  private var counts: [String: [Int]] = [:]
  /// Logarithms of the shares, by bucket, then language.
  private var logShares: [Double] = []

  package init() {}

  /// Buckets of a text's trigrams: lower case, anything but letters as one space.
  private static func trigrams(_ text: PythonText) -> [Int] {
    var (letters, result): ([UInt32], [Int]) = ([0x20], [])
    for scalar in text.lowercased().scalars {
      if CharacterTable.shared.has(scalar, [.alphabetic, .nonspacingMark]) {
        letters.append(scalar)
      } else if letters[letters.count - 1] != 0x20 {
        letters.append(0x20)
      }
    }
    if letters[letters.count - 1] != 0x20 { letters.append(0x20) }
    guard letters.count >= 3 else { return [] }
    for start in 0..<letters.count - 2 {
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      for scalar in letters[start..<start + 3] { hash = (hash ^ UInt64(scalar)) &* 0x100_0000_01b3 }
      result.append(Int(truncatingIfNeeded: hash ^ hash >> 32) & (buckets - 1))
    }
    return result
  }

  package mutating func add(_ text: String, language: String) {
    var row = counts.removeValue(forKey: language) ?? [Int](repeating: 0, count: Self.buckets)
    for bucket in Self.trigrams(PythonText(text)) { row[bucket] += 1 }
    counts[language] = row
  }

  /// To be called after the last `add`.
  package mutating func finish() {
    languages = counts.keys.sorted()
    logShares = [Double](repeating: 0, count: Self.buckets * languages.count)
    for (column, language) in languages.enumerated() {
      let row = counts[language] ?? []
      let total = Double(row.reduce(0, +)) + 0.1 * Double(Self.buckets)
      for (bucket, count) in row.enumerated() {
        logShares[bucket * languages.count + column] = Elementary.log((Double(count) + 0.1) / total)
      }
    }
  }

  /// The likeliest language, and by how many nats a trigram it leads the next; nil when the text has
  /// no letters.
  package func guess(_ text: PythonText) -> (language: String, lead: Double)? {
    let buckets = Self.trigrams(text)
    guard !buckets.isEmpty, !languages.isEmpty else { return nil }
    var sums = [Double](repeating: 0, count: languages.count)
    for bucket in buckets {
      for column in sums.indices { sums[column] += logShares[bucket * languages.count + column] }
    }
    let order = sums.indices.sorted { (sums[$1], $0) < (sums[$0], $1) }
    let second = order.count > 1 ? sums[order[1]] : -.infinity
    return (languages[order[0]], (sums[order[0]] - second) / Double(buckets.count))
  }
}

/// Keeps documents of some languages, by a model that is trained on the stage's input `languages`.
package struct LanguageRule: DocumentRule {
  package static let name = "language"

  package var wanted: Set<String>
  /// Nats a trigram by which the language must lead the next.
  package var minimumLead: Double
  package var model = LanguageModelOfTrigrams()

  package init(wanted: Set<String>, minimumLead: Double) {
    self.wanted = wanted
    self.minimumLead = minimumLead
  }

  package func judge(_ draft: inout Draft) -> String? {
    guard let guess = model.guess(draft.text) else { return "no letters" }
    if !wanted.contains(guess.language) { return "language \(guess.language)" }
    return guess.lead < minimumLead ? "uncertain language" : nil
  }
}
