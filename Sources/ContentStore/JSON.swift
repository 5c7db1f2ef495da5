/// A JSON value (RFC 8259) whose canonical form (RFC 8785) can be hashed. Numbers are IEEE doubles,
/// as RFC 8785 demands; NaN and infinities have no JSON form (see `JSON.exact`).
package enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])
}

// Literals, so that records read as they are written.
extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByStringLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  package init(nilLiteral: ()) { self = .null }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .number(Double(value)) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(elements) { _, last in last })
  }
}

// What a value is, or nil when it is something else.
extension JSON {
  package var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var doubleValue: Double? { if case .number(let value) = self { value } else { nil } }
  /// The number as an integer, when it is one that a double holds exactly.
  package var intValue: Int? { doubleValue.flatMap { Int(exactly: $0) } }
  package var stringValue: String? { if case .string(let value) = self { value } else { nil } }
  package var arrayValue: [JSON]? { if case .array(let value) = self { value } else { nil } }
  package var objectValue: [String: JSON]? {
    if case .object(let value) = self { value } else { nil }
  }
  /// The member of an object; nil when there is none or this is no object.
  package subscript(key: String) -> JSON? { objectValue?[key] }

  /// An integer; exact up to 2^53, beyond which a caller must use a string.
  package static func integer(_ value: Int) -> JSON {
    precondition(value.magnitude <= 1 << 53, "an integer beyond 2^53 has no exact JSON number")
    return .number(Double(value))
  }

  /// A double that keeps all 64 bits: a JSON number where that is exact, else (NaN, infinities and
  /// −0) the object `{"f64": "<16 hex digits>"}`.
  package static func exact(_ value: Double) -> JSON {
    if value.isFinite && !(value == 0 && value.sign == .minus) { return .number(value) }
    let hex = String(value.bitPattern, radix: 16)
    return ["f64": .string(String(repeating: "0", count: 16 - hex.count) + hex)]
  }

  /// The double that `exact` wrote.
  package var exactValue: Double? {
    if let value = doubleValue { return value }
    return self["f64"]?.stringValue.flatMap { UInt64($0, radix: 16) }.map(Double.init(bitPattern:))
  }
}
