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
    var parser = JSONParser(bytes: bytes)
    self = try parser.document()
  }

  package init(parsing text: String) throws(JSONError) {
    try self.init(parsing: Array(text.utf8))
  }
}

/// A recursive-descent reader over bytes.
private struct JSONParser {
  let bytes: [UInt8]
  var position = 0
  var depth = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  func error(_ message: String, at offset: Int? = nil) -> JSONError {
    let end = min(offset ?? position, bytes.count)
    let line = bytes[..<end].count { $0 == 0x0A } + 1
    let start = bytes[..<end].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return JSONError(message: message, line: line, column: end - start + 1)
  }

  mutating func document() throws(JSONError) -> JSON {
    let result = try value()
    skipSpace()
    guard position == bytes.count else { throw error("unexpected text after the JSON value") }
    return result
  }

  mutating func skipSpace() {
    while let byte = current, byte == 0x20 || (0x09...0x0A).contains(byte) || byte == 0x0D {
      position += 1
    }
  }

  mutating func value() throws(JSONError) -> JSON {
    skipSpace()
    guard let byte = current else { throw error("the JSON text ends too early") }
    switch byte {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("unexpected character")
    }
  }

  mutating func word(_ text: StaticString, _ result: JSON) throws(JSONError) -> JSON {
    let length = text.utf8CodeUnitCount
    let matches = text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    guard matches else { throw error("unexpected word") }
    position += length
    return result
  }

  mutating func enter() throws(JSONError) {
    position += 1
    depth += 1
    // Deep nesting would overflow the stack; real records are a few levels deep.
    if depth > 512 { throw error("nested more than 512 levels deep") }
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
      let member = try value()
      guard members.updateValue(member, forKey: key) == nil else {
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

  mutating func leave(_ result: JSON) -> JSON {
    position += 1
    depth -= 1
    return result
  }

  mutating func number() throws(JSONError) -> JSON {
    let start = position
    if current == UInt8(ascii: "-") { position += 1 }
    let leading = current
    let whole = digits()
    guard whole > 0, whole == 1 || leading != UInt8(ascii: "0") else {
      throw error("not a JSON number", at: start)
    }
    if current == UInt8(ascii: ".") {
      position += 1
      guard digits() > 0 else { throw error("not a JSON number", at: start) }
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      position += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
      guard digits() > 0 else { throw error("not a JSON number", at: start) }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let result = Double(text), result.isFinite else {
      throw error("the number \(text) is beyond a double", at: start)
    }
    return .number(result)
  }

  mutating func digits() -> Int {
    let start = position
    while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      position += 1
    }
    return position - start
  }

  mutating func string() throws(JSONError) -> String {
    let start = position
    position += 1
    var out: [UInt8] = []
    while true {
      let run = position
      while let byte = current, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\")
      {
        position += 1
      }
      out += bytes[run..<position]
      guard let byte = current else { throw error("the string does not end", at: start) }
      if byte == UInt8(ascii: "\"") { break }
      guard byte == UInt8(ascii: "\\") else { throw error("a control character in a string") }
      try escape(into: &out)
    }
    position += 1
    guard let text = String(validating: out, as: UTF8.self) else {
      throw error("the string is not valid UTF-8", at: start)
    }
    return text
  }

  mutating func escape(into out: inout [UInt8]) throws(JSONError) {
    let start = position
    position += 1
    guard let byte = current else { throw error("the string does not end", at: start) }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "n"): out.append(0x0A)
    case UInt8(ascii: "f"): out.append(0x0C)
    case UInt8(ascii: "r"): out.append(0x0D)
    case UInt8(ascii: "u"):
      var code = try hexadecimal(from: start)
      if (0xD800..<0xDC00).contains(code) {
        guard bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else {
          throw error("a lone surrogate", at: start)
        }
        position += 2
        let low = try hexadecimal(from: start)
        guard (0xDC00..<0xE000).contains(low) else { throw error("a lone surrogate", at: start) }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("a lone surrogate", at: start) }
      out += UTF8.encode(scalar)!
    default: throw error("an unknown escape", at: start)
    }
  }

  mutating func hexadecimal(from start: Int) throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("\\u needs four hex digits", at: start)
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
