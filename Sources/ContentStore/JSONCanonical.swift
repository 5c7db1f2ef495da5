extension JSON {
  /// The bytes of RFC 8785 (JSON Canonicalization Scheme): no white space, members sorted by UTF-16
  /// code units, ECMAScript number and string forms. Throws on NaN and infinities.
  package func canonical() throws(JSONError) -> [UInt8] {
    var out: [UInt8] = []
    try append(to: &out)
    return out
  }

  /// The canonical form as text.
  package func canonicalText() throws(JSONError) -> String {
    String(decoding: try canonical(), as: UTF8.self)
  }

  /// Appends the canonical form, for JSON Lines and other texts of many values.
  package func append(to out: inout [UInt8]) throws(JSONError) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .number(let value): try JSON.append(value, to: &out)
    case .string(let value): JSON.append(value, to: &out)
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        try element.append(to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      let sorted = members.sorted { JSON.precedes($0.key, $1.key) }
      for (index, (key, value)) in sorted.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        JSON.append(key, to: &out)
        out.append(UInt8(ascii: ":"))
        try value.append(to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  /// The member order of RFC 8785 §3.2.3: by UTF-16 code units, which differs from Swift's own.
  package static func precedes(_ a: String, _ b: String) -> Bool {
    var (left, right) = (a.utf8.makeIterator(), b.utf8.makeIterator())
    while true {
      guard let y = right.next() else { return false }
      guard let x = left.next() else { return true }
      if x == y { continue }
      // UTF-8 orders as UTF-16 does but for scalars beyond U+FFFF (lead bytes F0…F4): their
      // surrogates come before U+E000…U+FFFF (lead bytes EE and EF).
      if x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) { return x > y }
      return x < y
    }
  }
}

// Strings.
extension JSON {
  private static let hexDigits = Array("0123456789abcdef".utf8)

  static func append(_ text: String, to out: inout [UInt8]) {
    var text = text
    out.append(UInt8(ascii: "\""))
    text.withUTF8 { bytes in
      var start = 0
      for index in bytes.indices where needsEscape(bytes[index]) {
        out.append(contentsOf: bytes[start..<index])
        appendEscape(bytes[index], to: &out)
        start = index + 1
      }
      out.append(contentsOf: bytes[start...])
    }
    out.append(UInt8(ascii: "\""))
  }

  @inline(__always)
  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  private static func appendEscape(_ byte: UInt8, to out: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
    case 0x08: out += "\\b".utf8
    case 0x09: out += "\\t".utf8
    case 0x0A: out += "\\n".utf8
    case 0x0C: out += "\\f".utf8
    case 0x0D: out += "\\r".utf8
    default:
      out += "\\u00".utf8
      out += [hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
    }
  }
}

// Numbers.
extension JSON {
  /// ECMAScript's Number::toString (ECMA-262 §6.1.6.1.20) of a finite number.
  package static func ecmaScript(_ value: Double) -> String {
    var out: [UInt8] = []
    appendFinite(value, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  static func append(_ value: Double, to out: inout [UInt8]) throws(JSONError) {
    guard value.isFinite else {
      throw JSONError(message: "\(value) has no JSON form", line: 0, column: 0)
    }
    appendFinite(value, to: &out)
  }

  private static func appendFinite(_ value: Double, to out: inout [UInt8]) {
    if let integer = Int(exactly: value), integer.magnitude < 1 << 53 {
      return append(integer, to: &out)
    }
    if value < 0 { out.append(UInt8(ascii: "-")) }
    ShortestDigits(value.magnitude).append(to: &out)
  }

  static func append(_ integer: Int, to out: inout [UInt8]) {
    if integer < 0 { out.append(UInt8(ascii: "-")) }
    let start = out.count
    var rest = integer.magnitude
    repeat {
      out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    out[start...].reverse()
  }
}

/// The shortest decimal digits that read back as a double: 0.d₁d₂… × 10^point.
private struct ShortestDigits {
  var digits: [17 of UInt8] = .init(repeating: 0)
  var count = 0
  var point = 0

  /// From Swift's own description, which has the shortest digits, and of those the nearest
  /// (SwiftDtoa), as ECMAScript asks.
  init(_ value: Double) {
    var text = value.description
    text.withUTF8 { bytes in
      var isFraction = false
      for index in bytes.indices {
        switch bytes[index] {
        case UInt8(ascii: "."): isFraction = true
        case UInt8(ascii: "e"): return point += ShortestDigits.exponent(bytes[(index + 1)...])
        case let digit: append(digit, isFraction: isFraction)
        }
      }
    }
    while count > 0 && digits[count - 1] == UInt8(ascii: "0") { count -= 1 }
  }

  private mutating func append(_ digit: UInt8, isFraction: Bool) {
    let isLeadingZero = count == 0 && digit == UInt8(ascii: "0")
    if isFraction == isLeadingZero { point += isFraction ? -1 : 1 }
    // A zero past the last place of a long integer or of "x.0" says nothing.
    if isLeadingZero || count == 17 { return }
    digits[count] = digit
    count += 1
  }

  private static func exponent(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
    let magnitude = bytes.dropFirst().reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    return bytes.first == UInt8(ascii: "-") ? -magnitude : magnitude
  }

  func append(to out: inout [UInt8]) {
    let zero = UInt8(ascii: "0")
    if point > 21 || point <= -6 { return appendScientific(to: &out) }
    if point <= 0 {
      out += "0.".utf8
      for _ in 0..<(-point) { out.append(zero) }
    }
    for index in 0..<count {
      if index == point && index > 0 { out.append(UInt8(ascii: ".")) }
      out.append(digits[index])
    }
    for _ in count..<max(count, point) { out.append(zero) }
  }

  private func appendScientific(to out: inout [UInt8]) {
    out.append(digits[0])
    if count > 1 { out.append(UInt8(ascii: ".")) }
    for index in 1..<max(1, count) { out.append(digits[index]) }
    out += (point > 0 ? "e+" : "e-").utf8
    JSON.append(Int((point - 1).magnitude), to: &out)
  }
}
