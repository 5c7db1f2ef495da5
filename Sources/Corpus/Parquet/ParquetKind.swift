/// What a column's values are: its physical type (Apache Parquet format, parquet.thrift) as its annotation
/// has it read (LogicalTypes.md).
enum ParquetKind: Equatable {
  /// How a value lies in a page.
  enum Storage: Equatable {
    /// So many bytes, the lowest first.
    case word(Int)
    /// So many bytes: FIXED_LEN_BYTE_ARRAY.
    case fixed(Int)
    /// A length, then bytes: BYTE_ARRAY.
    case prefixed
  }

  case bool
  case integer(bytes: Int, isSigned: Bool)
  case float
  case double
  /// A byte array that is said to be text.
  case text
  /// A byte array that is said to be nothing, or BSON or a geometry: text where some writers leave the
  /// annotation out, else binary.
  case bare(Storage)
  case decimal(Storage, scale: Int)
  /// What it is called, for errors.
  case unread(String)

  init(_ element: ThriftValue) {
    let length = element[2]?.int ?? 0
    self =
      switch element[1]?.int {
      case 0: .bool
      case 1: Self.word(4, element)
      case 2: Self.word(8, element)
      case 3: .unread("INT96")
      case 4: .float
      case 5: .double
      case 6: Self.isText(element) ? .text : Self.decimal(.prefixed, element) ?? .bare(.prefixed)
      case 7: Self.decimal(.fixed(length), element) ?? Self.fixed(length, element)
      case let type: .unread(type.map { "type \($0)" } ?? "no type")
      }
  }

  /// ConvertedType 0 is UTF8, 4 ENUM, 19 JSON; LogicalType 1 is STRING, 4 ENUM, 12 JSON.
  private static func isText(_ element: ThriftValue) -> Bool {
    [0, 4, 19].contains(element[6]?.int ?? -1) || [1, 4, 12].contains { element[10]?[$0] != nil }
  }

  /// ConvertedType 11 to 14 are UINT_8 to UINT_64; LogicalType 10 is INTEGER, whose second field says
  /// whether there is a sign.
  private static func word(_ bytes: Int, _ element: ThriftValue) -> Self {
    if let decimal = decimal(.word(bytes), element) { return decimal }
    let isUnsigned = (11...14).contains(element[6]?.int ?? -1)
    return .integer(bytes: bytes, isSigned: element[10]?[10]?[2]?.bool ?? !isUnsigned)
  }

  /// ConvertedType 5 is DECIMAL, with the scale in the element; LogicalType 5 has it in itself.
  private static func decimal(_ storage: Storage, _ element: ThriftValue) -> Self? {
    let logical = element[10]?[5]
    guard logical != nil || element[6]?.int == 5 else { return nil }
    let scale = logical?[1]?.int ?? element[7]?.int ?? 0
    guard (0...ParquetDecimal.maximumDigits).contains(scale) else {
      return .unread("DECIMAL with the scale \(scale)")
    }
    if case .fixed(let length) = storage, length > ParquetDecimal.maximumBytes {
      return .unread("DECIMAL of \(length) bytes")
    }
    return .decimal(storage, scale: scale)
  }

  /// ConvertedType 21 is INTERVAL; LogicalType 14 is UUID, 15 FLOAT16.
  private static func fixed(_ length: Int, _ element: ThriftValue) -> Self {
    if element[6]?.int == 21 { return .unread("INTERVAL") }
    if element[10]?[14] != nil { return .unread("UUID") }
    if element[10]?[15] != nil { return .unread("FLOAT16") }
    return .bare(.fixed(length))
  }
}

/// A DECIMAL (LogicalTypes.md): an integer in two's complement, the highest byte first, times
/// 10^−scale.
enum ParquetDecimal {
  static let maximumBytes = 64
  /// So many decimal digits 64 bytes hold.
  static let maximumDigits = 154

  /// All digits, as many of them after the point as the scale says; nil for no bytes or too many.
  static func text(_ bytes: some Collection<UInt8>, scale: Int) -> String? {
    guard let first = bytes.first, bytes.count <= maximumBytes else { return nil }
    let isNegative = first >= 0x80
    var limbs: [Int] = []
    for byte in bytes { multiply(&limbs, by: 256, adding: Int(isNegative ? ~byte : byte)) }
    // The complement is one short of the magnitude.
    if isNegative { multiply(&limbs, by: 1, adding: 1) }
    var digits = self.digits(limbs)
    digits = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
    if scale > 0 { digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -scale)) }
    return isNegative ? "-" + digits : digits
  }

  /// Limbs are of nine decimal digits, the lowest first.
  private static func multiply(_ limbs: inout [Int], by factor: Int, adding: Int) {
    var carry = adding
    for index in limbs.indices {
      let value = limbs[index] * factor + carry
      (carry, limbs[index]) = value.quotientAndRemainder(dividingBy: 1_000_000_000)
    }
    if carry > 0 { limbs.append(carry) }
  }

  private static func digits(_ limbs: [Int]) -> String {
    guard let highest = limbs.last else { return "0" }
    return limbs.dropLast().reversed().reduce("\(highest)") {
      let digits = "\($1)"
      return $0 + String(repeating: "0", count: 9 - digits.count) + digits
    }
  }
}
