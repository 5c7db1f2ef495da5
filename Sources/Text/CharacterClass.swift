/// What the split patterns can tell apart.
enum CharacterClass: UInt8 {
  /// Anything else: punctuation, symbols, combining marks, controls, unassigned.
  case other
  /// `\p{L}`
  case letter
  /// `\p{N}`
  case number
  /// `\s` but CR and LF.
  case space
  /// CR and LF.
  case lineBreak

  var isSpace: Bool { rawValue >= CharacterClass.space.rawValue }

  /// By scalar, up to the last letter or number (ideographs of plane 3).
  private static let classes: [CharacterClass] = {
    let last = CharacterClassTable.letters.last!.1
    var result = [CharacterClass](repeating: .other, count: Int(last) + 1)
    func fill(_ ranges: [(UInt32, UInt32)], _ value: CharacterClass) {
      for (first, last) in ranges {
        for scalar in first...last { result[Int(scalar)] = value }
      }
    }
    fill(CharacterClassTable.letters, .letter)
    fill(CharacterClassTable.numbers, .number)
    fill(spaces, .space)
    fill([(0x0A, 0x0A), (0x0D, 0x0D)], .lineBreak)
    return result
  }()

  /// Unicode's White_Space. Python's `str.isspace` and Foundation's sets have others.
  private static let spaces: [(UInt32, UInt32)] = [
    (0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A),
    (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
  ]

  static func of(_ scalar: UInt32) -> CharacterClass {
    if scalar < 0x80 { return ascii(UInt8(scalar)) }
    return scalar < classes.count ? classes[Int(scalar)] : .other
  }

  static func ascii(_ byte: UInt8) -> CharacterClass {
    if (byte | 0x20) &- 0x61 < 26 { return .letter }
    if byte == 0x20 { return .space }
    if byte &- 0x30 < 10 { return .number }
    if byte > 0x20 { return .other }
    switch byte {
    case 0x0A, 0x0D: return .lineBreak
    case 0x09, 0x0B, 0x0C: return .space
    default: return .other
    }
  }
}
