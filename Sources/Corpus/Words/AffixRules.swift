/// spaCy's English rules for what is split from the ends and out of the middle of a stretch without
/// white space (`spacy/lang/punctuation.py`, `spacy/lang/en/punctuation.py`). A rule sees nothing
/// outside the stretch, as there.
struct AffixRules: Sendable {
  static let shared = AffixRules()

  private let table = CharacterTable.shared
  private let units: [[UInt32]]
  private let currencies: [[UInt32]]

  private init() {
    func list(_ text: String) -> [[UInt32]] {
      text.split(separator: " ").map { PythonText(String($0)).scalars }
    }
    units = list(SpecialCases.units)
    currencies = list(SpecialCases.currencies)
  }

  private static let period: UInt32 = 0x2E

  private static func isDigit(_ scalar: UInt32) -> Bool { scalar &- 0x30 < 10 }

  /// How many scalars at the beginning are a token of their own; 0 for none.
  func prefixLength(_ text: Span<UInt32>, _ range: Range<Int>) -> Int {
    let start = range.lowerBound
    let first = text[start]
    if first &- 0x30 < 10 || first | 0x20 &- 0x61 < 26 { return currencyPrefixLength(text, range) }
    if first == 0x2B {
      return range.count > 1 && Self.isDigit(text[start + 1]) ? 0 : 1
    }
    if first == Self.period {
      var end = start
      while end < range.upperBound, text[end] == Self.period { end += 1 }
      return end - start > 1 ? end - start : 0
    }
    return table.has(first, .prefix) ? 1 : 0
  }

  /// `US$`, `C$`, `A$`.
  private func currencyPrefixLength(_ text: Span<UInt32>, _ range: Range<Int>) -> Int {
    let first = text[range.lowerBound]
    guard first == 0x55 || first == 0x43 || first == 0x41 else { return 0 }
    let rest: [UInt32] = first == 0x55 ? [0x55, 0x53, 0x24] : [first, 0x24]
    guard range.count >= rest.count else { return 0 }
    for index in rest.indices where text[range.lowerBound + index] != rest[index] { return 0 }
    return rest.count
  }

  /// How many scalars at the end are a token of their own; 0 for none. Of several rules the one
  /// that begins first decides.
  func suffixLength(_ text: Span<UInt32>, _ range: Range<Int>) -> Int {
    guard let last = range.last else { return 0 }
    let scalar = text[last]
    var longest = table.has(scalar, .suffix) ? 1 : 0
    if scalar == Self.period { longest = max(longest, periodLength(text, range)) }
    if scalar == 0x2B, range.count > 1, Self.isDigit(text[last - 1]) { longest = max(longest, 1) }
    if scalar | 0x20 == 0x73, range.count > 1, text[last - 1] == 0x27 || text[last - 1] == 0x2019 {
      longest = max(longest, 2)
    }
    if scalar == 0x2026, range.count > 1, text[last - 1] == 0x2026 { longest = max(longest, 2) }
    return max(longest, measureLength(text, range))
  }

  private func periodLength(_ text: Span<UInt32>, _ range: Range<Int>) -> Int {
    let end = range.upperBound
    var start = end
    while start > range.lowerBound, text[start - 1] == Self.period { start -= 1 }
    if end - start > 1 { return end - start }
    guard start > range.lowerBound else { return 0 }
    if table.has(text[start - 1], .beforePeriod) { return 1 }
    guard start - 1 > range.lowerBound else { return 0 }
    let (first, second) = (text[start - 2], text[start - 1])
    let isDegree = first == 0xB0 && [0x46, 0x43, 0x4B].contains(second & ~0x20)
    return isDegree || table.has(first, .upperLetter) && table.has(second, .upperLetter) ? 1 : 0
  }

  /// A unit or a currency sign right after an ASCII digit.
  private func measureLength(_ text: Span<UInt32>, _ range: Range<Int>) -> Int {
    var length = 1
    while length < range.count, length <= 5 {
      if Self.isDigit(text[range.upperBound - length - 1]), isMeasure(text, range, length) {
        return length
      }
      length += 1
    }
    return 0
  }

  private func isMeasure(_ text: Span<UInt32>, _ range: Range<Int>, _ length: Int) -> Bool {
    let start = range.upperBound - length
    func spells(_ key: [UInt32]) -> Bool {
      guard key.count == length else { return false }
      for index in key.indices where text[start + index] != key[index] { return false }
      return true
    }
    return units.contains(where: spells) || currencies.contains(where: spells)
  }

  /// The next stretch from a position on that is split out of the middle; nil when there is none.
  func nextInfix(_ text: Span<UInt32>, _ range: Range<Int>, from start: Int) -> Range<Int>? {
    var position = start
    while position < range.upperBound {
      let length = infixLength(text, range, at: position)
      if length > 0 { return position..<position + length }
      position += 1
    }
    return nil
  }

  private func infixLength(_ text: Span<UInt32>, _ range: Range<Int>, at position: Int) -> Int {
    let scalar = text[position]
    if scalar | 0x20 &- 0x61 < 26 || Self.isDigit(scalar) { return 0 }
    if scalar == Self.period {
      var end = position
      while end < range.upperBound, text[end] == Self.period { end += 1 }
      if end - position > 1 { return end - position }
    }
    if table.has(scalar, .icon) { return 1 }
    guard position > range.lowerBound, position + 1 < range.upperBound else { return 0 }
    return linkLength(text, range, at: position, before: text[position - 1])
  }

  /// Signs between two letters or figures.
  private func linkLength(
    _ text: Span<UInt32>, _ range: Range<Int>, at position: Int, before: UInt32
  ) -> Int {
    let (scalar, after) = (text[position], text[position + 1])
    switch scalar {
    case 0x2B, 0x2D, 0x2A, 0x5E:  // + - * ^
      if Self.isDigit(before), Self.isDigit(after) || after == 0x2D { return 1 }
    case Self.period:
      if table.has(before, [.lowerLetter, .quote]), table.has(after, [.upperLetter, .quote]) {
        return 1
      }
    case 0x2C:
      if table.has(before, .letter), table.has(after, .letter) { return 1 }
    case 0x3A, 0x3C, 0x3E, 0x3D, 0x2F:  // : < > = /
      if table.has(before, .letter) || Self.isDigit(before), table.has(after, .letter) { return 1 }
    default: break
    }
    return hyphenLength(text, range, at: position, before: before)
  }

  private static let hyphens: [[UInt32]] = [
    [0x2D], [0x2013], [0x2014], [0x2D, 0x2D], [0x2D, 0x2D, 0x2D], [0x2014, 0x2014], [0x7E],
  ]

  private func hyphenLength(
    _ text: Span<UInt32>, _ range: Range<Int>, at position: Int, before: UInt32
  ) -> Int {
    let scalar = text[position]
    guard scalar == 0x2D || scalar == 0x7E || scalar == 0x2013 || scalar == 0x2014,
      table.has(before, .letter) || Self.isDigit(before)
    else { return 0 }
    for hyphen in Self.hyphens where position + hyphen.count < range.upperBound {
      var length = 0
      while length < hyphen.count, text[position + length] == hyphen[length] { length += 1 }
      if length == hyphen.count, table.has(text[position + length], .letter) { return length }
    }
    return 0
  }
}
