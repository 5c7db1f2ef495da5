/// Llama 3's duplicated n-gram coverage (section 3.1.1, after Rae et al. 2021): what consists of
/// repeated content, such as logs and error messages, is dropped even when no whole line repeats.
/// The paper gives neither n nor threshold nor unit; those are ours.
package struct RepeatedGrams: DocumentRule {
  package static let name = "ngram-coverage"

  package enum Unit: String, CaseIterable, Sendable {
    /// Lines are dropped, and the text rewritten.
    case line
    /// The document is dropped.
    case document
  }

  package var unit = Unit.line
  /// Words.
  package var length = 3
  /// The share of words in n-grams that occur more than once.
  package var maximumCoverage = 0.5
  /// Words; shorter lines or documents pass.
  package var minimumWords = 20
  private let tokenizer = WordTokenizer()

  package init() {}

  package func judge(_ draft: inout Draft) -> String? {
    if unit == .document {
      let words = draft.words()
      return isRepetitive(draft.text, words) ? "covered by repeated n-grams" : nil
    }
    let lines = draft.text.split(at: 0x0A)
    let kept = lines.filter { range in
      let line = PythonText(scalars: Array(draft.text.scalars[range]))
      return !isRepetitive(line, tokenizer.words(line))
    }
    if kept.count == lines.count { return nil }
    draft.count("\(name)/line", lines.count - kept.count)
    if kept.isEmpty { return "every line covered by repeated n-grams" }
    draft.rewrite(draft.text.joined(kept))
    return nil
  }

  private func isRepetitive(_ text: PythonText, _ words: [Range<Int>]) -> Bool {
    guard words.count >= max(minimumWords, length) else { return false }
    return Self.coverage(text, words, length) > maximumCoverage
  }

  /// The share of words in n-grams of a text that occur more than once.
  package static func coverage(_ text: PythonText, _ words: [Range<Int>], _ length: Int) -> Double {
    let count = words.count - length + 1
    guard count > 0 else { return 0 }
    let grams = WordGrams(text, words, separator: 0x20)
    var counter = HashCounter(most: count)
    let hashes = (0..<count).map { grams.hash($0, length) }
    for hash in hashes { _ = counter.add(hash) }
    var (covered, end) = (0, 0)
    for (first, hash) in hashes.enumerated() where counter.count(of: hash) > 1 {
      covered += first + length - max(first, end)
      end = first + length
    }
    return Double(covered) / Double(words.count)
  }
}

extension PythonText {
  /// Lines with line feeds between them.
  func joined(_ lines: [Range<Int>]) -> PythonText {
    PythonText(scalars: Array(lines.map { scalars[$0] }.joined(separator: [0x0A])))
  }
}
