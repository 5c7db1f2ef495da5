/// A document on its way through rules: its text with what rules ask of it, worked out once.
package struct Draft {
  package private(set) var text: PythonText
  /// The text as it came in, whatever rules have made of it.
  package let original: PythonText
  private var knownWords: [Range<Int>]?
  private var knownLines: [Range<Int>]?
  /// Whether a rule rewrote the text.
  package private(set) var isRewritten = false
  /// What rules did short of removing the document, such as `c4/line-javascript`, and how often.
  package private(set) var counts: [String: Int] = [:]
  private static let tokenizer = WordTokenizer()

  package init(_ text: String) {
    original = PythonText(text)
    self.text = original
  }

  /// The words, as datatrove's `split_into_words` gives them.
  package mutating func words() -> [Range<Int>] {
    if let knownWords { return knownWords }
    let words = Self.tokenizer.words(text)
    knownWords = words
    return words
  }

  /// Python's `splitlines`.
  package mutating func lines() -> [Range<Int>] {
    if let knownLines { return knownLines }
    let lines = text.lines()
    knownLines = lines
    return lines
  }

  /// Puts another text in place of this one.
  package mutating func rewrite(_ other: PythonText) {
    guard other != text else { return }
    text = other
    (knownWords, knownLines) = (nil, nil)
    isRewritten = true
  }

  package mutating func count(_ name: String, _ times: Int = 1) {
    if times > 0 { counts[name, default: 0] += times }
  }
}
