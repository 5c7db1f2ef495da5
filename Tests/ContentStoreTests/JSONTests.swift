import Testing

@testable import ContentStore

struct JSONTests {
  /// RFC 8785 appendix B.
  static let numbers: [(UInt64, String)] = [
    (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"),
    (0x0000_0000_0000_0001, "5e-324"), (0x8000_0000_0000_0001, "-5e-324"),
    (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
    (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
    (0x4340_0000_0000_0000, "9007199254740992"), (0xc340_0000_0000_0000, "-9007199254740992"),
    (0x4430_0000_0000_0000, "295147905179352830000"),
    (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
    (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
    (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
    (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
    (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
    (0x41b3_de43_5555_5553, "333333333.3333332"), (0x41b3_de43_5555_5554, "333333333.33333325"),
    (0x41b3_de43_5555_5555, "333333333.3333333"), (0x41b3_de43_5555_5556, "333333333.3333334"),
    (0x41b3_de43_5555_5557, "333333333.33333343"),
    (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
    (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
  ]

  @Test(arguments: numbers)
  func `numbers have the forms of RFC 8785 appendix B`(bits: UInt64, text: String) throws {
    let value = Double(bitPattern: bits)
    #expect(JSON.ecmaScript(value) == text)
    #expect(try JSON(parsing: text).doubleValue == value)
  }

  @Test func `a hundred thousand numbers have the forms of the RFC author's test file`() {
    var (lines, hasher) = ([UInt8](), SHA256())
    var sequence = NumberSequence()
    for count in 1...100_000 {
      let value = sequence.next()
      lines += "\(String(value.bitPattern, radix: 16)),\(JSON.ecmaScript(value))\n".utf8
      if count == 10_000 {
        let expected = "b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892"
        #expect(SHA256.hash(lines).hex == expected)
      }
    }
    hasher.update(lines)
    let expected = "22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7"
    #expect(hasher.finalize().hex == expected)
  }

  @Test func `every number is read back to the same bits`() throws {
    var sequence = NumberSequence()
    for _ in 0..<20_000 {
      let value = sequence.next()
      for text in [JSON.ecmaScript(value), "\(value)"] where value != 0 {
        #expect(try JSON(parsing: text).doubleValue?.bitPattern == value.bitPattern)
      }
    }
  }

  @Test(arguments: [
    "9007199254740993", "9007199254740993e-3", "123456789012345678901234567890", "1e23",
    "8.5e-23", "0.1e-400", "1e-1000000000000000000000", "0e99999", "179769313486231570e291",
    "2.2250738585072011e-308", "100000000000000016777215", "0.500000000000000166533453693773481063",
    "-0", "-0.0", "1E+2", "12345678901234567e5",
  ])
  func `a number is read as the nearest double`(text: String) throws {
    #expect(try JSON(parsing: text).doubleValue?.bitPattern == Double(text)?.bitPattern)
  }

  @Test(arguments: ["arrays", "french", "structures", "unicode", "values", "weird"])
  func `the RFC author's texts have their canonical forms`(name: String) throws {
    let value = try JSON(parsing: fixture("jcs/\(name).input.json"))
    let canonical = try fixture("jcs/\(name).output.json")
    #expect(bytes(try value.canonicalText()) == bytes(canonical))
    #expect(try JSON(parsing: canonical) == value)
  }

  @Test func `members are ordered by UTF-16 code units`() {
    let scalars: [UInt32] = [
      0, 0x41, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFB33, 0xFFFD, 0xFFFF, 0x10000,
      0x1F602, 0x10FFFF,
    ]
    let pieces = scalars.map { String(Character(Unicode.Scalar($0)!)) }
    let texts = [""] + pieces + pieces.flatMap { first in pieces.map { "a" + first + $0 } }
    for a in texts {
      for b in texts {
        #expect(JSON.precedes(a, b) == a.utf16.lexicographicallyPrecedes(b.utf16))
      }
    }
  }

  @Test func `strings are escaped as RFC 8785 asks`() throws {
    let text = "\u{0}\u{8}\t\n\u{B}\u{C}\r\u{1F}\"\\/\u{7F}é\u{2028}😂"
    let expected = #""\u0000\b\t\n\u000b\f\r\u001f\"\\/"# + "\u{7F}é\u{2028}😂\""
    #expect(try JSON.string(text).canonicalText() == expected)
    #expect(try JSON(parsing: expected) == .string(text))
    #expect(try JSON(parsing: #""\/é\ud83d\ude02""#) == "/é😂")
  }

  @Test func `NaN and infinities are refused`() {
    for value in [Double.nan, .infinity, -.infinity] {
      #expect(throws: JSONError.self) { try JSON.array([.number(value)]).canonical() }
    }
  }

  @Test func `all 64 bits of a double survive`() {
    for value in [0.0, -0.0, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, 0.1] {
      #expect(JSON.exact(value).exactValue?.bitPattern == value.bitPattern)
    }
  }

  @Test(arguments: [
    ("", 1, 1), ("[1,]", 1, 4), ("{\"a\":1,}", 1, 8), ("{\"a\":1,\n \"a\":2}", 2, 2),
    ("01", 1, 1), ("1.", 1, 1), (".5", 1, 1), ("+1", 1, 1), ("1e", 1, 1), ("-", 1, 1),
    ("1e400", 1, 1), ("nul", 1, 1), ("[1 2]", 1, 4), ("\"a", 1, 1), ("\"\n\"", 1, 2),
    ("\"\\x\"", 1, 2), ("\"\\ud800\"", 1, 2), ("\"\\ud800\\u0041\"", 1, 2), ("\"\\udc00\"", 1, 2),
    ("\"\\u12g4\"", 1, 2), ("\"\\", 1, 2), ("{} x", 1, 4), ("[", 1, 2), ("NaN", 1, 1),
    ("{1:2}", 1, 2), ("{\"a\" 1}", 1, 6), ("\u{FEFF}1", 1, 1), ("1\u{0}", 1, 2),
  ])
  func `a text that is no JSON is refused with its place`(text: String, line: Int, column: Int) {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
    #expect(error?.line == line)
    #expect(error?.column == column)
  }

  @Test func `invalid UTF-8 is refused`() {
    for bad in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3]] {
      let text = [0x22] + bad.map(UInt8.init) + [0x22]
      #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }
  }

  @Test func `nesting is bounded`() throws {
    let deep = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
    #expect(try JSON(parsing: deep).canonicalText() == deep)
    #expect(throws: JSONError.self) { try JSON(parsing: "[" + deep + "]") }
  }
}

/// The numbers of github.com/cyberphone/json-canonicalization/testdata, by its algorithm.
struct NumberSequence {
  private var index = 0
  private var block = [UInt8](repeating: 0, count: 32)
  private var words: [UInt64] = []
  private let starts: [UInt64]

  init() { starts = Self.listed + (0..<2000).map { 0x0010_0000_0000_0000 + $0 } }

  mutating func next() -> Double {
    defer { index += 1 }
    if index < starts.count { return Double(bitPattern: starts[index]) }
    while true {
      if words.isEmpty { refill() }
      let value = Double(bitPattern: words.removeFirst())
      if value != 0 && value.isFinite { return value }
    }
  }

  private mutating func refill() {
    block = SHA256.hash(block).bytes
    words = stride(from: 0, to: 32, by: 8).map { start in
      (0..<8).reversed().reduce(0) { $0 << 8 | UInt64(block[start + $1]) }
    }
  }
}

extension NumberSequence {
  /// Corner cases that come first.
  private static let listed: [UInt64] = [
    0x0000_0000_0000_0000, 0x8000_0000_0000_0000, 0x0000_0000_0000_0001, 0x8000_0000_0000_0001,
    0xc466_9669_5dbd_1cc3, 0xc432_11ed_e497_4a35, 0xc3fc_e97c_a0f2_1056, 0xc3c7_2130_80c1_a6ac,
    0xc392_80f3_9a34_8556, 0xc35d_9b1f_5d20_d557, 0xc327_af4c_4a80_aaac, 0xc2f2_f2a3_6ecd_5556,
    0xc2be_5105_7e15_5558, 0xc288_40d1_31aa_aaac, 0xc253_670d_c155_5557, 0xc21f_0b49_3555_5557,
    0xc1e8_d5d4_2aaa_aaac, 0xc1b3_de43_5555_5556, 0xc17f_ca05_5555_5556, 0xc149_6e6a_aaaa_aaab,
    0xc114_5855_5555_5555, 0xc0e0_46aa_aaaa_aaab, 0xc0aa_0aaa_aaaa_aaaa, 0xc074_d555_5555_5555,
    0xc040_aaaa_aaaa_aaab, 0xc00a_aaaa_aaaa_aaab, 0xbfd5_5555_5555_5555, 0xbfa1_1111_1111_1111,
    0xbf6b_4e81_b4e8_1b4f, 0xbf35_d867_c3ec_e2a5, 0xbf01_79ec_9cbd_821e, 0xbecb_f647_612f_3696,
    0xbe96_5e9f_80f2_9212, 0xbe61_e54c_6728_74db, 0xbe2c_a213_d840_baf8, 0xbdf6_e80f_e033_c8c6,
    0xbdc2_533f_e68f_d3d2, 0xbd8d_51ff_d74c_861c, 0xbd57_74cc_ac3d_3817, 0xbd22_c3d6_f030_f9ac,
    0xbcee_0624_b381_8f79, 0xbcb8_04ea_2934_72c7, 0xbc83_3721_ba90_5bd3, 0xbc4e_be9c_5db3_c61e,
    0xbc18_987d_17c3_04e5, 0xbbe3_ad30_dfcf_371d, 0xbbaf_7b81_6618_582f, 0xbb79_2f9a_b813_79bf,
    0xbb44_2615_600f_9499, 0xbb10_1e77_800c_76e1, 0xbad9_ca58_cce0_be35, 0xbaa4_a1e0_a3e6_fe90,
    0xba70_8180_831f_320d, 0xba3a_68cd_9e98_5016, 0x4466_9669_5dbd_1cc3, 0x4432_11ed_e497_4a35,
    0x43fc_e97c_a0f2_1056, 0x43c7_2130_80c1_a6ac, 0x4392_80f3_9a34_8556, 0x435d_9b1f_5d20_d557,
    0x4327_af4c_4a80_aaac, 0x42f2_f2a3_6ecd_5556, 0x42be_5105_7e15_5558, 0x4288_40d1_31aa_aaac,
    0x4253_670d_c155_5557, 0x421f_0b49_3555_5557, 0x41e8_d5d4_2aaa_aaac, 0x41b3_de43_5555_5556,
    0x417f_ca05_5555_5556, 0x4149_6e6a_aaaa_aaab, 0x4114_5855_5555_5555, 0x40e0_46aa_aaaa_aaab,
    0x40aa_0aaa_aaaa_aaaa, 0x4074_d555_5555_5555, 0x4040_aaaa_aaaa_aaab, 0x400a_aaaa_aaaa_aaab,
    0x3fd5_5555_5555_5555, 0x3fa1_1111_1111_1111, 0x3f6b_4e81_b4e8_1b4f, 0x3f35_d867_c3ec_e2a5,
    0x3f01_79ec_9cbd_821e, 0x3ecb_f647_612f_3696, 0x3e96_5e9f_80f2_9212, 0x3e61_e54c_6728_74db,
    0x3e2c_a213_d840_baf8, 0x3df6_e80f_e033_c8c6, 0x3dc2_533f_e68f_d3d2, 0x3d8d_51ff_d74c_861c,
    0x3d57_74cc_ac3d_3817, 0x3d22_c3d6_f030_f9ac, 0x3cee_0624_b381_8f79, 0x3cb8_04ea_2934_72c7,
    0x3c83_3721_ba90_5bd3, 0x3c4e_be9c_5db3_c61e, 0x3c18_987d_17c3_04e5, 0x3be3_ad30_dfcf_371d,
    0x3baf_7b81_6618_582f, 0x3b79_2f9a_b813_79bf, 0x3b44_2615_600f_9499, 0x3b10_1e77_800c_76e1,
    0x3ad9_ca58_cce0_be35, 0x3aa4_a1e0_a3e6_fe90, 0x3a70_8180_831f_320d, 0x3a3a_68cd_9e98_5016,
    0x4024_0000_0000_0000, 0x4014_0000_0000_0000, 0x3fe0_0000_0000_0000, 0x3fa9_9999_9999_999a,
    0x3f74_7ae1_47ae_147b, 0x3f40_624d_d2f1_a9fc, 0x3f0a_36e2_eb1c_432d, 0x3ed4_f8b5_88e3_68f1,
    0x3ea0_c6f7_a0b5_ed8d, 0x3e6a_d7f2_9abc_af48, 0x3e35_798e_e230_8c3a, 0x3ed5_3922_3589_fa95,
    0x3ed4_ff26_cd5a_7781, 0x3ed4_f95a_7622_83ff, 0x3ed4_f8c6_0703_520c, 0x3ed4_f8b7_2f19_cd0d,
    0x3ed4_f8b5_b31c_0c8d, 0x3ed4_f8b5_8d1c_461a, 0x3ed4_f8b5_894f_7f0e, 0x3ed4_f8b5_88ee_37f3,
    0x3ed4_f8b5_88e4_7da4, 0x3ed4_f8b5_88e3_849c, 0x3ed4_f8b5_88e3_6bb5, 0x3ed4_f8b5_88e3_6937,
    0x3ed4_f8b5_88e3_68f8, 0x3ed4_f8b5_88e3_68f1, 0x3ff0_0000_0000_0000, 0xbff0_0000_0000_0000,
    0xbfef_ffff_ffff_fffa, 0xbfef_ffff_ffff_fffb, 0x3fef_ffff_ffff_fffa, 0x3fef_ffff_ffff_fffb,
    0x3fef_ffff_ffff_fffc, 0x3fef_ffff_ffff_fffe, 0xbfef_ffff_ffff_ffff, 0xbfef_ffff_ffff_ffff,
    0x3fef_ffff_ffff_ffff, 0x3fef_ffff_ffff_ffff, 0x3fd3_3333_3333_3332, 0x3fd3_3333_3333_3333,
    0x3fd3_3333_3333_3334, 0x0010_0000_0000_0000, 0x000f_ffff_ffff_fffd, 0x000f_ffff_ffff_ffff,
    0x7fef_ffff_ffff_ffff, 0xffef_ffff_ffff_ffff, 0x4340_0000_0000_0000, 0xc340_0000_0000_0000,
    0x4430_0000_0000_0000, 0x44b5_2d02_c7e1_4af5, 0x44b5_2d02_c7e1_4af6, 0x44b5_2d02_c7e1_4af7,
    0x444b_1ae4_d6e2_ef4e, 0x444b_1ae4_d6e2_ef4f, 0x444b_1ae4_d6e2_ef50, 0x3eb0_c6f7_a0b5_ed8c,
    0x3eb0_c6f7_a0b5_ed8d, 0x41b3_de43_5555_5553, 0x41b3_de43_5555_5554, 0x41b3_de43_5555_5555,
    0x41b3_de43_5555_5556, 0x41b3_de43_5555_5557, 0xbecb_f647_612f_3696, 0x4314_3ff3_c1cb_0959,
  ]
}
