/// What is wrong with a JSON text, and where (line and column from 1, in bytes; 0 when not from text).
package struct JSONError: Error, Hashable, CustomStringConvertible {
  package var message: String
  package var line: Int
  package var column: Int

  package init(message: String, line: Int, column: Int) {
    self.message = message
    self.line = line
    self.column = column
  }

  package var description: String {
    line == 0 ? message : "line \(line), column \(column): \(message)"
  }
}

extension JSON {
  /// Reads one JSON text (RFC 8259). Refuses what cannot be kept exactly or is ambiguous: duplicate
  /// names, lone surrogates, invalid UTF-8, numbers beyond a double.
  package init(parsing bytes: [UInt8]) throws(JSONError) {
    self = try bytes.withUnsafeBufferPointer { (bytes) throws(JSONError) in
      try JSON(parsing: bytes)
    }
  }

  package init(parsing text: String) throws(JSONError) {
    try self.init(parsing: Array(text.utf8))
  }

  /// Reads one JSON text from bytes that outlive the call, such as a line of a bigger buffer.
  package init(parsing bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) {
    var parser = JSONParser(bytes: bytes)
    self = try parser.document()
  }
}

/// A recursive-descent reader over bytes. Every access is behind a comparison with `bytes.count`.
private struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0
  var depth = 0

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The byte to read next; 0, which no JSON text holds, at the end.
  var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

  func error(_ message: String, at offset: Int? = nil) -> JSONError {
    let before = bytes[..<min(offset ?? position, bytes.count)]
    let line = before.count { $0 == 0x0A } + 1
    let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return JSONError(message: message, line: line, column: before.count - start + 1)
  }

  mutating func document() throws(JSONError) -> JSON {
    let result = try value()
    skipSpace()
    guard position == bytes.count else { throw error("unexpected text after the JSON value") }
    return result
  }

  mutating func skipSpace() {
    while position < bytes.count {
      let byte = bytes[position]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      position += 1
    }
  }

  mutating func value() throws(JSONError) -> JSON {
    skipSpace()
    guard position < bytes.count else { throw error("the JSON text ends too early") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default: throw error("unexpected character")
    }
  }

  mutating func word(_ text: StaticString, _ result: JSON) throws(JSONError) -> JSON {
    let matches = text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    guard matches else { throw error("unexpected word") }
    position += text.utf8CodeUnitCount
    return result
  }

  mutating func enter() throws(JSONError) {
    position += 1
    depth += 1
    // Deep nesting would overflow the stack; real records are a few levels deep.
    if depth > 512 { throw error("nested more than 512 levels deep") }
  }

  mutating func leave(_ result: JSON) -> JSON {
    position += 1
    depth -= 1
    return result
  }

  mutating func object() throws(JSONError) -> JSON {
    try enter()
    var members: [String: JSON] = [:]
    skipSpace()
    if current == UInt8(ascii: "}") { return leave(.object(members)) }
    while true {
      skipSpace()
      let start = position
      guard current == UInt8(ascii: "\"") else { throw error("expected a member name in quotes") }
      let key = try string()
      skipSpace()
      guard current == UInt8(ascii: ":") else { throw error("expected ':' after a member name") }
      position += 1
      guard members.updateValue(try value(), forKey: key) == nil else {
        throw error("the name \"\(key)\" appears twice", at: start)
      }
      skipSpace()
      if current == UInt8(ascii: "}") { return leave(.object(members)) }
      guard current == UInt8(ascii: ",") else { throw error("expected ',' or '}'") }
      position += 1
    }
  }

  mutating func array() throws(JSONError) -> JSON {
    try enter()
    var elements: [JSON] = []
    skipSpace()
    if current == UInt8(ascii: "]") { return leave(.array(elements)) }
    while true {
      elements.append(try value())
      skipSpace()
      if current == UInt8(ascii: "]") { return leave(.array(elements)) }
      guard current == UInt8(ascii: ",") else { throw error("expected ',' or ']'") }
      position += 1
    }
  }
}

// Numbers.
extension JSONParser {
  /// The digits of a number gathered on the way; exact while they fit.
  private struct Decimal {
    /// All digits as one integer.
    var mantissa: UInt64 = 0
    /// Digits that no longer fitted.
    var overflowed = false
    /// The power of ten of the last digit.
    var exponent = 0

    mutating func append(_ digit: UInt8) {
      if mantissa > (UInt64.max - 9) / 10 { overflowed = true }
      mantissa = mantissa &* 10 &+ UInt64(digit)
    }

    /// The nearest double, when one correctly rounded operation on two exact doubles gives it
    /// (Clinger, How to Read Floating Point Numbers Accurately, 1990).
    var exactValue: Double? {
      guard !overflowed, mantissa <= 1 << 53 else { return nil }
      let magnitude = exponent.magnitude
      if magnitude > 22 { return nil }
      let power = powersOfTen[Int(magnitude)]
      return exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    }
  }

  mutating func number() throws(JSONError) -> Double {
    let start = position
    let isNegative = current == UInt8(ascii: "-")
    if isNegative { position += 1 }
    var decimal = Decimal()
    let leading = current
    let whole = digits(into: &decimal)
    guard whole > 0, whole == 1 || leading != UInt8(ascii: "0") else {
      throw error("not a JSON number", at: start)
    }
    if current == UInt8(ascii: ".") {
      position += 1
      decimal.exponent = -digits(into: &decimal)
      guard decimal.exponent < 0 else { throw error("not a JSON number", at: start) }
    }
    if current | 0x20 == UInt8(ascii: "e") { try exponent(of: &decimal, from: start) }
    if let value = decimal.exactValue { return isNegative ? -value : value }
    return try slowNumber(from: start)
  }

  private mutating func exponent(of decimal: inout Decimal, from start: Int) throws(JSONError) {
    position += 1
    let isNegative = current == UInt8(ascii: "-")
    if isNegative || current == UInt8(ascii: "+") { position += 1 }
    var power = Decimal()
    guard digits(into: &power) > 0 else { throw error("not a JSON number", at: start) }
    // Beyond a thousand the exact value is not asked for.
    let magnitude = power.overflowed ? 1000 : Int(min(power.mantissa, 1000))
    decimal.exponent += isNegative ? -magnitude : magnitude
  }

  private func slowNumber(from start: Int) throws(JSONError) -> Double {
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw error("the number \(text) is beyond a double", at: start)
    }
    return value
  }

  private mutating func digits(into decimal: inout Decimal) -> Int {
    let start = position
    while position < bytes.count {
      let digit = bytes[position] &- UInt8(ascii: "0")
      if digit > 9 { break }
      decimal.append(digit)
      position += 1
    }
    return position - start
  }
}

/// The powers of ten that a double holds exactly.
private let powersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
  1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]

// Strings.
extension JSONParser {
  mutating func string() throws(JSONError) -> String {
    let start = position
    position += 1
    skipPlain()
    // Most strings have no escapes and are taken straight from the text.
    if current == UInt8(ascii: "\"") {
      position += 1
      return try text(UnsafeBufferPointer(rebasing: bytes[(start + 1)..<(position - 1)]), start)
    }
    var out = Array(bytes[(start + 1)..<position])
    while current != UInt8(ascii: "\"") {
      guard position < bytes.count else { throw error("the string does not end", at: start) }
      guard current == UInt8(ascii: "\\") else { throw error("a control character in a string") }
      try escape(into: &out)
      let run = position
      skipPlain()
      out += bytes[run..<position]
    }
    position += 1
    return try out.withUnsafeBufferPointer { (out) throws(JSONError) in try text(out, start) }
  }

  private func text(
    _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int
  ) throws(JSONError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error("the string is not valid UTF-8", at: start)
    }
    return text
  }

  /// Moves to the next quote, backslash or control character.
  private mutating func skipPlain() {
    while position < bytes.count {
      let byte = bytes[position]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
      position += 1
    }
  }

  private mutating func escape(into out: inout [UInt8]) throws(JSONError) {
    let start = position
    position += 1
    let byte = current
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "n"): out.append(0x0A)
    case UInt8(ascii: "f"): out.append(0x0C)
    case UInt8(ascii: "r"): out.append(0x0D)
    case UInt8(ascii: "u"): out += UTF8.encode(try scalar(from: start))!
    default: throw error("an unknown escape", at: start)
    }
  }

  private mutating func scalar(from start: Int) throws(JSONError) -> Unicode.Scalar {
    var code = try hexadecimal(from: start)
    if (0xD800..<0xDC00).contains(code) {
      guard bytes.count - position >= 2, bytes[position] == UInt8(ascii: "\\"),
        bytes[position + 1] == UInt8(ascii: "u")
      else { throw error("a lone surrogate", at: start) }
      position += 2
      let low = try hexadecimal(from: start)
      guard (0xDC00..<0xE000).contains(low) else { throw error("a lone surrogate", at: start) }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw error("a lone surrogate", at: start) }
    return scalar
  }

  private mutating func hexadecimal(from start: Int) throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(current)).hexDigitValue else {
        throw error("\\u needs four hex digits", at: start)
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
