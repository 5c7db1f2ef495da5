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
      return AccountNumbers.end(text, start).map { ($0, true) }
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

  private static let cardSeparators: [UInt32] = [0x20, 0x2D]
  private static let phoneSeparators: [UInt32] = [0x20, 0x2D, 0x2E, 0x28, 0x29]

  /// 13 to 19 digits, single spaces or hyphens between, that pass Luhn's check (ISO/IEC 7812-1), and no
  /// telephone number in them. Other groups of digits may follow if the ones before look like a card's.
  static func cardEnd(_ text: [UInt32], _ start: Int) -> Int? {
    DigitGroups(text, from: start, separators: cardSeparators, gap: 1, limit: 19).end(
      ofAtLeast: 13
    ) {
      (13...19).contains($0.digits.count) && ($0.isWhole || looksLikeCard($0))
        && !holdsPhone($0.sizes) && passesLuhn($0.digits)
    }
  }

  /// Not all alike.
  private static func passesLuhn(_ digits: ArraySlice<UInt32>) -> Bool {
    var sum: UInt32 = 0
    for (index, digit) in digits.reversed().enumerated() {
      let value = index.isMultiple(of: 2) ? digit : digit * 2
      sum += value > 9 ? value - 9 : value
    }
    return sum.isMultiple(of: 10) && !digits.allSatisfy { $0 == digits[0] }
  }

  /// One in ten numbers passes Luhn's check, and a table's row has many beginnings and ends, so a part
  /// of a run has to be written as cards are (together, by fours, or 4-6-4 and 4-6-5 as Diners Club and
  /// American Express) and to begin as payment networks' numbers do: 3 to 6, or 22 to 27 (Mir,
  /// Mastercard).
  private static func looksLikeCard(_ candidate: DigitGroups.Candidate) -> Bool {
    let (first, second) = (candidate.digits[0], candidate.digits[1])
    guard (3...6).contains(first) || first == 2 && (2...7).contains(second) else { return false }
    let sizes = candidate.sizes
    return sizes.count == 1 || sizes.count > 3 && sizes.dropLast().allSatisfy { $0 == 4 }
      || sizes == [4, 6, 4] || sizes == [4, 6, 5]
  }

  /// Whether groups are a North American telephone number's and something before or after it.
  private static func holdsPhone(_ sizes: ArraySlice<Int>) -> Bool {
    sizes.indices.dropLast(2).contains { sizes[$0...$0 + 2] == [3, 3, 4] }
  }

  /// `+` and 8 to 15 digits (E.164), or a North American number `(555) 123-4567`, `555-123-4567`; spaces,
  /// hyphens, periods and one pair of brackets may stand between.
  static func phoneEnd(_ text: [UInt32], _ start: Int) -> Int? {
    let first = text[start]
    let isInternational = first == 0x2B
    guard isInternational || first == 0x28 || isDigit(first) else { return nil }
    return DigitGroups(
      text, from: isInternational ? start + 1 : start, separators: phoneSeparators, gap: 2,
      limit: isInternational ? 15 : 11
    ).end(ofAtLeast: 8) { isInternational ? isInternationalPhone($0) : isAmericanPhone($0) }
  }

  /// Before other groups a number has seven groups at most (`+33 1 23 45 67 89` has six), and one of zone
  /// 1 has eleven digits (E.164's list of country codes).
  private static func isInternationalPhone(_ candidate: DigitGroups.Candidate) -> Bool {
    let count = candidate.digits.count
    guard !candidate.isWhole else { return (8...15).contains(count) }
    guard candidate.sizes.count <= 7 else { return false }
    return candidate.digits[0] == 1 ? count == 11 : (8...15).contains(count)
  }

  private static func isAmericanPhone(_ candidate: DigitGroups.Candidate) -> Bool {
    candidate.sizes == [3, 3, 4]
      || candidate.sizes == [1, 3, 3, 4] && candidate.digits[0] == 1
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
