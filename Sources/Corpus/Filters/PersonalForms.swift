/// The forms that `PersonalData` knows, looked for in one text from left to right.
struct PersonalForms {
  private let text: [UInt32]
  /// No address begins before here: what was seen there leads to none.
  private var noEmailBefore = 0

  init(_ text: [UInt32]) { self.text = text }

  /// What begins at a position: where it ends, and whether it holds as such; a match that does not
  /// hold is passed over whole.
  mutating func match(
    _ kind: PersonalData.Kind, _ start: Int
  ) -> (end: Int, isValid: Bool)? {
    let before = start > 0 ? text[start - 1] : 0x20
    switch kind {
    case .email: return emailEnd(start).map { ($0, true) }
    case .ip: return Self.isDigit(text[start]) ? Self.ipMatch(text, start) : nil
    case .card:
      guard Self.isDigit(text[start]), !Self.isWordPart(before) else { return nil }
      return Self.cardEnd(text, start).map { ($0, true) }
    case .iban:
      guard !Self.isWordPart(before) else { return nil }
      return Self.ibanEnd(text, start).map { ($0, true) }
    case .phone:
      guard !Self.isWordPart(before), before != 0x2E else { return nil }
      return Self.phoneEnd(text, start).map { ($0, true) }
    case .ssn:
      guard !Self.isWordPart(before), before != 0x2D else { return nil }
      return Self.ssnEnd(text, start).map { ($0, true) }
    }
  }

  static func isDigit(_ scalar: UInt32) -> Bool { scalar &- 0x30 < 10 }
  private static func isLetter(_ scalar: UInt32) -> Bool { scalar | 0x20 &- 0x61 < 26 }
  private static func isAlphanumeric(_ scalar: UInt32) -> Bool {
    isDigit(scalar) || isLetter(scalar)
  }

  /// `\w`.
  static func isWordPart(_ scalar: UInt32) -> Bool {
    scalar == 0x5F || CharacterTable.shared.has(scalar, .alphanumeric)
  }

  private static let atomSigns = Set(PythonText("!#$%&'*+/=?^_`{|}~-").scalars)

  private static func isAtom(_ scalar: UInt32) -> Bool {
    isAlphanumeric(scalar) || atomSigns.contains(scalar)
  }

  /// datatrove's pattern of an address without domain literals in brackets: atoms with periods between
  /// them, `@`, and two or more labels. The match begins where a word begins or ends (`\b`).
  private mutating func emailEnd(_ start: Int) -> Int? {
    guard start >= noEmailBefore, Self.isAtom(text[start]),
      Self.isWordPart(text[start]) != (start > 0 && Self.isWordPart(text[start - 1]))
    else { return nil }
    var position = start
    while position < text.count {
      while position < text.count, Self.isAtom(text[position]) { position += 1 }
      guard position + 1 < text.count, text[position] == 0x2E, Self.isAtom(text[position + 1])
      else { break }
      position += 1
    }
    if position < text.count, text[position] == 0x40,
      let end = Self.domainEnd(text, position + 1)
    {
      return end
    }
    noEmailBefore = position
    return nil
  }

  /// Labels of letters, digits and inner hyphens; at least two.
  private static func domainEnd(_ text: [UInt32], _ start: Int) -> Int? {
    var (position, labels, end): (Int, Int, Int?) = (start, 0, nil)
    while true {
      let first = position
      while position < text.count, isAlphanumeric(text[position]) || text[position] == 0x2D {
        position += 1
      }
      var last = position
      while last > first, text[last - 1] == 0x2D { last -= 1 }
      guard last > first, text[first] != 0x2D else { return end }
      labels += 1
      if labels >= 2 { end = last }
      guard last == position, position < text.count, text[position] == 0x2E else { return end }
      position += 1
    }
  }

  /// datatrove's pattern: four numbers to 255, and a global address by the IANA's registries.
  static func ipMatch(_ text: [UInt32], _ start: Int) -> (end: Int, isValid: Bool)? {
    var (position, octets, hasZero): (Int, [UInt32], Bool) = (start, [], false)
    while true {
      let end = octetEnd(text, position)
      guard end > position else { return nil }
      octets.append(text[position..<end].reduce(0) { $0 * 10 + ($1 - 0x30) })
      // Python's ipaddress refuses leading zeros.
      if end - position > 1, text[position] == 0x30 { hasZero = true }
      position = end
      if octets.count == 4 { return (position, !hasZero && isGlobal(octets)) }
      guard position < text.count, text[position] == 0x2E else { return nil }
      position += 1
    }
  }

  /// `25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?`.
  private static func octetEnd(_ text: [UInt32], _ start: Int) -> Int {
    var end = start
    while end < text.count, end - start < 3, isDigit(text[end]) { end += 1 }
    guard end - start == 3 else { return end }
    let value = text[start..<end].reduce(0) { $0 * 10 + ($1 - 0x30) }
    return value > 255 ? end - 1 : end
  }

  /// Not one of IANA's special-purpose IPv4 networks (Python's `is_global`).
  private static func isGlobal(_ octets: [UInt32]) -> Bool {
    let address = octets.reduce(0) { $0 << 8 | $1 }
    func isIn(_ network: UInt32, _ bits: UInt32) -> Bool { (address ^ network) >> (32 - bits) == 0 }
    if address == 0xC000_0009 || address == 0xC000_000A { return true }
    let special: [(UInt32, UInt32)] = [
      (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16),
      (0xAC10_0000, 12), (0xC000_0000, 24), (0xC000_0200, 24), (0xC0A8_0000, 16),
      (0xC612_0000, 15), (0xC633_6400, 24), (0xCB00_7100, 24), (0xF000_0000, 4),
    ]
    return !special.contains { isIn($0.0, $0.1) }
  }

  /// 13 to 19 digits, single spaces or hyphens between, that pass Luhn's check (ISO/IEC 7812-1).
  static func cardEnd(_ text: [UInt32], _ start: Int) -> Int? {
    guard let (digits, end) = digitRun(text, start, separators: [0x20, 0x2D]),
      (13...19).contains(digits.count), !digits.allSatisfy({ $0 == digits[0] })
    else { return nil }
    var sum: UInt32 = 0
    for (index, digit) in digits.reversed().enumerated() {
      let value = index.isMultiple(of: 2) ? digit : digit * 2
      sum += value > 9 ? value - 9 : value
    }
    return sum.isMultiple(of: 10) ? end : nil
  }

  /// Digits with single separators between them, not followed by a letter or digit.
  private static func digitRun(
    _ text: [UInt32], _ start: Int, separators: Set<UInt32>
  ) -> (digits: [UInt32], end: Int)? {
    var (digits, position): ([UInt32], Int) = ([], start)
    while position < text.count {
      if isDigit(text[position]) {
        digits.append(text[position] - 0x30)
        position += 1
      } else if separators.contains(text[position]), position + 1 < text.count,
        isDigit(text[position + 1])
      {
        position += 1
      } else {
        break
      }
      if digits.count > 24 { return nil }
    }
    return position < text.count && isWordPart(text[position]) ? nil : (digits, position)
  }

  /// Two letters, two check digits and 11 to 30 letters or digits, in groups of four or together, whose
  /// number is 1 modulo 97 (ISO 13616).
  static func ibanEnd(_ text: [UInt32], _ start: Int) -> Int? {
    guard start + 15 <= text.count, text[start] &- 0x41 < 26, text[start + 1] &- 0x41 < 26,
      isDigit(text[start + 2]), isDigit(text[start + 3])
    else { return nil }
    var (signs, position): ([UInt32], Int) = ([], start)
    while position < text.count, signs.count < 34 {
      let scalar = text[position]
      if isDigit(scalar) || scalar &- 0x41 < 26 {
        signs.append(scalar)
      } else if scalar != 0x20 || !signs.count.isMultiple(of: 4) || position + 1 >= text.count
        || !(isDigit(text[position + 1]) || text[position + 1] &- 0x41 < 26)
      {
        break
      }
      position += 1
    }
    guard (15...34).contains(signs.count),
      position == text.count || !isWordPart(text[position])
    else { return nil }
    return isValid(signs) ? position : nil
  }

  private static func isValid(_ iban: [UInt32]) -> Bool {
    var remainder: UInt32 = 0
    for scalar in iban[4...] + iban[..<4] {
      let value = isDigit(scalar) ? scalar - 0x30 : scalar - 0x41 + 10
      remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97
    }
    return remainder == 1
  }

  /// `+` and 8 to 15 digits (E.164), or a North American number `(555) 123-4567`, `555-123-4567`; spaces,
  /// hyphens, periods and one pair of brackets may stand between.
  static func phoneEnd(_ text: [UInt32], _ start: Int) -> Int? {
    let first = text[start]
    let isInternational = first == 0x2B
    guard isInternational || first == 0x28 || isDigit(first) else { return nil }
    var (digits, groups, position): ([UInt32], [Int], Int) = (
      [], [], isInternational ? start + 1 : start
    )
    var end = position
    while position < text.count, digits.count <= 15 {
      let scalar = text[position]
      if isDigit(scalar) {
        if end != position || groups.isEmpty { groups.append(0) }
        digits.append(scalar)
        groups[groups.count - 1] += 1
        position += 1
        end = position
      } else if [0x20, 0x2D, 0x2E, 0x28, 0x29].contains(scalar), position - end < 2 {
        position += 1
      } else {
        break
      }
    }
    guard end == text.count || !isWordPart(text[end]) else { return nil }
    if isInternational { return (8...15).contains(digits.count) ? end : nil }
    return groups == [3, 3, 4] || groups == [1, 3, 3, 4] && digits[0] == 0x31 ? end : nil
  }

  /// `123-45-6789` or with spaces, of the numbers that the Social Security Administration may give: no part
  /// of zeros only, and an area that is neither 666 nor above 899 (20 CFR 422.103, SSA POMS RM 10201.035).
  /// Nine digits together are too much like other numbers.
  static func ssnEnd(_ text: [UInt32], _ start: Int) -> Int? {
    let end = start + 11
    guard end <= text.count, end == text.count || !isWordPart(text[end]) && text[end] != 0x2D else {
      return nil
    }
    let separator = text[start + 3]
    guard separator == 0x2D || separator == 0x20, text[start + 6] == separator else { return nil }
    func part(_ range: Range<Int>) -> UInt32? {
      let digits = text[start + range.lowerBound..<start + range.upperBound]
      guard digits.allSatisfy(isDigit) else { return nil }
      return digits.reduce(0) { $0 * 10 + ($1 - 0x30) }
    }
    guard let area = part(0..<3), let group = part(4..<6), let serial = part(7..<11) else {
      return nil
    }
    return area > 0 && area != 666 && area < 900 && group > 0 && serial > 0 ? end : nil
  }
}
