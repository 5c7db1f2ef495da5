/// spaCy's pattern of a web address (`spacy/lang/tokenizer_exceptions.py`, after Diego Perini's): such
/// a stretch is one token.
enum AddressPattern {
  private static let table = CharacterTable.shared

  /// Whether a stretch without white space is an address.
  static func matches(_ text: Span<UInt32>, _ range: Range<Int>) -> Bool {
    // Every address has a period inside.
    guard (range.lowerBound..<range.upperBound).contains(where: { text[$0] == 0x2E }) else {
      return false
    }
    if matchesAfterScheme(text, range) { return true }
    guard let start = schemeEnd(text, range) else { return false }
    return matchesAfterScheme(text, start..<range.upperBound)
  }

  /// Where the text after `scheme://` begins.
  private static func schemeEnd(_ text: Span<UInt32>, _ range: Range<Int>) -> Int? {
    var position = range.lowerBound
    while position < range.upperBound, isSchemeScalar(text[position]) { position += 1 }
    guard position - range.lowerBound >= 2, position + 3 <= range.upperBound,
      text[position] == 0x3A,
      text[position + 1] == 0x2F, text[position + 2] == 0x2F
    else { return nil }
    return position + 3
  }

  private static func isSchemeScalar(_ scalar: UInt32) -> Bool {
    [0x2B, 0x2D, 0x2E, 0x5F].contains(scalar) || table.has(scalar, .alphanumeric)
  }

  /// A host, or anything with a host after an `@`.
  private static func matchesAfterScheme(_ text: Span<UInt32>, _ range: Range<Int>) -> Bool {
    if matchesHost(text, range) { return true }
    for position in range.dropFirst() where text[position] == 0x40 {
      if matchesHost(text, position + 1..<range.upperBound) { return true }
    }
    return false
  }

  private static func matchesHost(_ text: Span<UInt32>, _ range: Range<Int>) -> Bool {
    if let end = numberedHost(text, range), matchesTail(text, end..<range.upperBound) {
      return true
    }
    var start = range.lowerBound
    while let next = labelEnd(text, start..<range.upperBound) {
      var end = next
      while end < range.upperBound, table.has(text[end], .lowerLetter) { end += 1 }
      if (2...63).contains(end - next), matchesTail(text, end..<range.upperBound) { return true }
      start = next
    }
    return false
  }

  private static func isHostScalar(_ scalar: UInt32) -> Bool {
    scalar | 0x20 &- 0x61 < 26 || scalar &- 0x30 < 10 || (0xA1...0xFFFF).contains(scalar)
  }

  /// Where the text after a name and its period begins.
  private static func labelEnd(_ text: Span<UInt32>, _ range: Range<Int>) -> Int? {
    var end = range.lowerBound
    while end < range.upperBound, isHostScalar(text[end]) || text[end] == 0x2D || text[end] == 0x5F
    {
      end += 1
    }
    guard end < range.upperBound, text[end] == 0x2E, (1...64).contains(end - range.lowerBound),
      isHostScalar(text[range.lowerBound]), isHostScalar(text[end - 1])
    else { return nil }
    return end + 1
  }

  /// The end of four numbers that are a public address.
  private static func numberedHost(_ text: Span<UInt32>, _ range: Range<Int>) -> Int? {
    var (parts, position): ([[UInt32]], Int) = ([], range.lowerBound)
    while true {
      let start = position
      while position < range.upperBound, table.has(text[position], .decimal) { position += 1 }
      // Beyond ASCII a decimal fits only where the pattern has \d; such addresses are taken for none.
      var digits: [UInt32] = []
      for index in start..<position {
        guard text[index] &- 0x30 < 10 else { return nil }
        digits.append(text[index] - 0x30)
      }
      guard (1...3).contains(digits.count) else { return nil }
      parts.append(digits)
      if parts.count == 4 { break }
      guard position < range.upperBound, text[position] == 0x2E else { return nil }
      position += 1
    }
    return isPublic(parts) ? position : nil
  }

  private static func isPublic(_ parts: [[UInt32]]) -> Bool {
    let values = parts.map { $0.reduce(0) { $0 * 10 + $1 } }
    guard parts[0][0] != 0, parts[3][0] != 0, (1...223).contains(values[0]),
      (1...254).contains(values[3])
    else { return false }
    for index in 1...2 where values[index] > 255 || parts[index].count == 3 && parts[index][0] == 0
    {
      return false
    }
    switch (values[0], values[1]) {
    case (10, _), (127, _), (169, 254), (192, 168), (172, 16...31): return false
    default: return true
    }
  }

  /// A port and a path, each of which may be missing, to the end.
  private static func matchesTail(_ text: Span<UInt32>, _ range: Range<Int>) -> Bool {
    var position = range.lowerBound
    if position < range.upperBound, text[position] == 0x3A {
      let start = position + 1
      position = start
      while position < range.upperBound, table.has(text[position], .decimal) { position += 1 }
      guard (2...5).contains(position - start) else { return false }
    }
    guard position < range.upperBound else { return true }
    return text[position] == 0x2F || text[position] == 0x3F || text[position] == 0x23
  }
}
