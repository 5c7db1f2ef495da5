/// Whether a written answer is the right one.
package enum AnswerMatch: String, CaseIterable, Sendable {
  /// The same text, but for white space at the ends and its amount inside.
  case exact
  /// The same last number, as GSM8K's answers are compared: thousands' commas do not count, nor do
  /// zeros after the decimal point.
  case number
  /// The right answer stands in the written one, whatever the case.
  case contains

  package func isRight(_ written: String, expected: String) -> Bool {
    switch self {
    case .exact: Self.words(written) == Self.words(expected)
    case .number:
      Self.lastNumber(written).flatMap { written in
        Self.lastNumber(expected).map { $0 == written }
      } ?? false
    case .contains:
      !Self.words(expected).isEmpty
        && (" " + Self.words(written.lowercased()).joined(separator: " ") + " ")
          .contains(Self.words(expected.lowercased()).joined(separator: " "))
    }
  }

  private static func words(_ text: String) -> [Substring] {
    text.split(whereSeparator: \.isWhitespace)
  }

  /// The last number, in a form in which equal numbers are equal texts.
  static func lastNumber(_ text: String) -> String? {
    let characters = Array(text.unicodeScalars)
    guard var end = characters.lastIndex(where: isDigit) else { return nil }
    let last = end
    while end > 0, isDigit(characters[end - 1]) || isSeparator(characters, end - 1) { end -= 1 }
    let isNegative = end > 0 && (characters[end - 1] == "-" || characters[end - 1] == "−")
    var number = String(String.UnicodeScalarView(characters[end...last].filter { $0 != "," }))
    if number.contains(".") {
      while number.hasSuffix("0") { number.removeLast() }
      if number.hasSuffix(".") { number.removeLast() }
    }
    number = String(number.drop { $0 == "0" })
    if number.isEmpty || number.hasPrefix(".") { number = "0" + number }
    return (isNegative && number != "0" ? "-" : "") + number
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  /// A point or comma between digits.
  private static func isSeparator(_ characters: [Unicode.Scalar], _ index: Int) -> Bool {
    (characters[index] == "." || characters[index] == ",") && index > 0
      && isDigit(characters[index - 1])
  }
}
