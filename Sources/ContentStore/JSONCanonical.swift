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

  private func append(to out: inout [UInt8]) throws(JSONError) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .number(let value):
      guard value.isFinite else {
        throw JSONError(message: "\(value) has no JSON form", line: 0, column: 0)
      }
      out += JSON.ecmaScript(value).utf8
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
      for (index, key) in members.keys.sorted(by: JSON.precedes).enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        JSON.append(key, to: &out)
        out.append(UInt8(ascii: ":"))
        try members[key]!.append(to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  /// The member order of RFC 8785 §3.2.3: by UTF-16 code units, which differs from Swift's own.
  package static func precedes(_ a: String, _ b: String) -> Bool {
    a.utf16.lexicographicallyPrecedes(b.utf16)
  }

  static func append(_ text: String, to out: inout [UInt8]) {
    let hex = Array("0123456789abcdef".utf8)
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
      case 0x08: out += "\\b".utf8
      case 0x09: out += "\\t".utf8
      case 0x0A: out += "\\n".utf8
      case 0x0C: out += "\\f".utf8
      case 0x0D: out += "\\r".utf8
      case 0..<0x20: out += Array("\\u00".utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }

  /// ECMAScript's Number::toString (ECMA-262 §6.1.6.1.20) from Swift's shortest round-trip digits.
  package static func ecmaScript(_ value: Double) -> String {
    if value == 0 { return "0" }
    if let integer = Int(exactly: value), integer.magnitude < 1 << 53 { return String(integer) }
    let sign = value < 0 ? "-" : ""
    let (digits, point) = shortestDigits(value.magnitude)
    let count = digits.count
    if point > 21 || point <= -6 {
      let exponent = point - 1
      let mantissa = count == 1 ? digits : "\(digits.prefix(1)).\(digits.dropFirst())"
      return "\(sign)\(mantissa)e\(exponent < 0 ? "-" : "+")\(exponent.magnitude)"
    }
    if point >= count { return sign + digits + String(repeating: "0", count: point - count) }
    if point > 0 { return "\(sign)\(digits.prefix(point)).\(digits.dropFirst(point))" }
    return "\(sign)0." + String(repeating: "0", count: -point) + digits
  }

  /// The shortest digits d with value = 0.d × 10^point.
  private static func shortestDigits(_ value: Double) -> (digits: String, point: Int) {
    let text = value.description.split(separator: "e")
    let parts = text[0].split(separator: ".")
    let whole = parts[0] == "0" ? "" : String(parts[0])
    let fraction = parts.count > 1 && parts[1] != "0" ? String(parts[1]) : ""
    let exponent = text.count > 1 ? Int(text[1])! : 0
    let all = whole + fraction
    let leading = all.prefix { $0 == "0" }.count
    var digits = String(all.dropFirst(leading))
    while digits.last == "0" { digits.removeLast() }
    return (digits, whole.utf8.count - leading + exponent)
  }
}
