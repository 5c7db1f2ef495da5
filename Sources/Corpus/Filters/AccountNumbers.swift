/// International bank account numbers (ISO 13616).
enum AccountNumbers {
  /// How long the numbers of each country are, from SWIFT's IBAN registry, release 101 (as
  /// python-stdnum 2.2 gives it).
  private static let registry = """
    AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22
    DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28
    HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25
    MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29
    RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29
    VA22 VG24 XK20 YE30
    """

  /// By the two letters of a country.
  private static let lengths: [[UInt32]: Int] = registry.split(whereSeparator: \.isWhitespace)
    .reduce(into: [:]) { $0[PythonText(String($1.prefix(2))).scalars] = Int($1.dropFirst(2)) }

  /// Two letters, two check digits and letters or digits, in groups of four or together, whose number
  /// is 1 modulo 97. There are as many as the country has registered, so that a word after them
  /// (`BIC`) is none of them; 11 to 30, as far as they go, for a country that has not.
  static func end(_ text: [UInt32], _ start: Int) -> Int? {
    guard start + 15 <= text.count, isUpper(text[start]), isUpper(text[start + 1]),
      PersonalForms.isDigit(text[start + 2]), PersonalForms.isDigit(text[start + 3])
    else { return nil }
    let length = lengths[Array(text[start...start + 1])]
    let (signs, end) = signs(text, start, limit: length ?? 34)
    guard length.map({ $0 == signs.count }) ?? (15...34).contains(signs.count),
      end == text.count || !PersonalForms.isWordPart(text[end])
    else { return nil }
    return isValid(signs) ? end : nil
  }

  private static func isUpper(_ scalar: UInt32) -> Bool { scalar &- 0x41 < 26 }
  private static func isSign(_ scalar: UInt32) -> Bool {
    PersonalForms.isDigit(scalar) || isUpper(scalar)
  }

  /// Letters and digits, with single spaces between groups of four, and where they end.
  private static func signs(
    _ text: [UInt32], _ start: Int, limit: Int
  ) -> (signs: [UInt32], end: Int) {
    var (signs, position): ([UInt32], Int) = ([], start)
    while position < text.count, signs.count < limit {
      if isSign(text[position]) {
        signs.append(text[position])
      } else if text[position] != 0x20 || !signs.count.isMultiple(of: 4)
        || position + 1 >= text.count || !isSign(text[position + 1])
      {
        break
      }
      position += 1
    }
    return (signs, position)
  }

  private static func isValid(_ signs: [UInt32]) -> Bool {
    var remainder: UInt32 = 0
    for scalar in signs[4...] + signs[..<4] {
      let value = PersonalForms.isDigit(scalar) ? scalar - 0x30 : scalar - 0x41 + 10
      remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97
    }
    return remainder == 1
  }
}
