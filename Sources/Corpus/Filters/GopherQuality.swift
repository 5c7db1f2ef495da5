/// Gopher's quality rules (Rae et al. 2021, section A.1.1) in datatrove's order and with its
/// denominators.
package struct GopherQuality: DocumentRule {
  package static let name = "gopher-quality"

  /// Words that are not punctuation alone. Zero turns a bound off, here and below, as in datatrove.
  package var minimumWords = 50
  package var maximumWords = 100_000
  /// Characters a word.
  package var minimumWordLength = 3.0
  package var maximumWordLength = 10.0
  /// `#` a word, and ellipses a word.
  package var maximumSymbolRatio = 0.1
  package var maximumBulletLines = 0.9
  package var maximumEllipsisLines = 0.3
  /// The least share of words with a letter.
  package var minimumAlphabeticWords = 0.8
  /// Different stop words that must occur.
  package var minimumStopWords = 2
  package var stopWords = ["the", "be", "to", "of", "and", "that", "have", "with"]

  package init() {}

  package func judge(_ draft: inout Draft) -> String? {
    let words = draft.words()
    return wordReason(draft.text, words) ?? symbolReason(draft.text, words)
      ?? lineReason(draft.text, draft.lines()) ?? vocabularyReason(draft.text, words)
  }

  private func wordReason(_ text: PythonText, _ words: [Range<Int>]) -> String? {
    let (scalars, table) = (text.scalars.span, CharacterTable.shared)
    var (count, length) = (0, 0)
    for word in words {
      guard word.contains(where: { !table.has(scalars[$0], .symbol) }) else { continue }
      count += 1
      length += word.count
    }
    if minimumWords > 0, count < minimumWords { return "gopher_short_doc" }
    if maximumWords > 0, count > maximumWords { return "gopher_long_doc" }
    let mean = Double(length) / Double(count)
    if minimumWordLength > 0, mean < minimumWordLength { return "gopher_below_avg_threshold" }
    if maximumWordLength > 0, mean > maximumWordLength { return "gopher_above_avg_threshold" }
    return nil
  }

  private func symbolReason(_ text: PythonText, _ words: [Range<Int>]) -> String? {
    guard maximumSymbolRatio > 0 else { return nil }
    let count = Double(words.count)
    let hashes = text.scalars.count { $0 == 0x23 }
    if Double(hashes) / count > maximumSymbolRatio { return "gopher_too_many_hashes" }
    let ellipses =
      text.occurrences(of: [0x2E, 0x2E, 0x2E]) + text.scalars.count { $0 == 0x2026 }
    return Double(ellipses) / count > maximumSymbolRatio ? "gopher_too_many_ellipsis" : nil
  }

  private func lineReason(_ text: PythonText, _ lines: [Range<Int>]) -> String? {
    var (bullets, ellipses) = (0, 0)
    for line in lines {
      let inner = text.stripped(line)
      guard let first = inner.first else { continue }
      if text.scalars[first] == 0x2022 || text.scalars[first] == 0x2D { bullets += 1 }
      if text.scalars[inner.upperBound - 1] == 0x2026 || text.ends(inner, with: [0x2E, 0x2E, 0x2E])
      {
        ellipses += 1
      }
    }
    let count = Double(lines.count)
    if maximumBulletLines > 0, Double(bullets) / count > maximumBulletLines {
      return "gopher_too_many_bullets"
    }
    if maximumEllipsisLines > 0, Double(ellipses) / count > maximumEllipsisLines {
      return "gopher_too_many_end_ellipsis"
    }
    return nil
  }

  private func vocabularyReason(_ text: PythonText, _ words: [Range<Int>]) -> String? {
    let (scalars, table) = (text.scalars.span, CharacterTable.shared)
    let alphabetic = words.count { $0.contains { table.has(scalars[$0], .alphabetic) } }
    if minimumAlphabeticWords > 0,
      Double(alphabetic) / Double(words.count) < minimumAlphabeticWords
    {
      return "gopher_below_alpha_threshold"
    }
    guard minimumStopWords > 0 else { return nil }
    return stopWordCount(text, words) < minimumStopWords ? "gopher_enough_stop_words" : nil
  }

  /// Different stop words among the words; as soon as there are enough, no more are looked for.
  private func stopWordCount(_ text: PythonText, _ words: [Range<Int>]) -> Int {
    var missing = Set(stopWords).map { PythonText($0).scalars }
    var count = 0
    for word in words where count < minimumStopWords {
      if let found = missing.firstIndex(where: {
        $0.count == word.count && $0.elementsEqual(text.scalars[word])
      }) {
        missing.remove(at: found)
        count += 1
      }
    }
    return count
  }
}
