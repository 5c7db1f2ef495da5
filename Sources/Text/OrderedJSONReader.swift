import ContentStore

extension OrderedJSON {
  /// Reads one JSON text (RFC 8259).
  ///
  /// - Parameter file: what an error calls the text.
  init(parsing bytes: [UInt8], file: String) throws(TextError) {
    var reader = OrderedJSONReader(bytes: bytes)
    guard let value = reader.document() else {
      throw TextError("\(file) is not JSON: \(Self.fault(bytes))")
    }
    self = value
  }

  /// What is wrong with a text, in the words of the strict parser.
  private static func fault(_ bytes: [UInt8]) -> String {
    do throws(JSONError) {
      _ = try JSON(parsing: bytes)
      return "it is malformed"
    } catch { return "\(error)" }
  }
}

/// A reader that gives nil for what is malformed; another one says where.
private struct OrderedJSONReader {
  let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// The byte to read next; 0, which no JSON text holds, at the end.
  private var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

  mutating func document() -> OrderedJSON? {
    guard let result = value() else { return nil }
    skipSpace()
    return position == bytes.count ? result : nil
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) {
      position += 1
    }
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipSpace()
    guard current == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  private mutating func value() -> OrderedJSON? {
    skipSpace()
    switch current {
    case UInt8(ascii: "\""): return string().map(OrderedJSON.string)
    case UInt8(ascii: "{"): return nested { $0.object() }
    case UInt8(ascii: "["): return nested { $0.list() }
    default: return literal()
    }
  }

  private mutating func nested(
    _ body: (inout OrderedJSONReader) -> OrderedJSON?
  ) -> OrderedJSON? {
    position += 1
    depth += 1
    defer { depth -= 1 }
    return depth > 512 ? nil : body(&self)
  }

  private mutating func object() -> OrderedJSON? {
    var members: [(name: String, value: OrderedJSON)] = []
    if take("}") { return .object([]) }
    repeat {
      skipSpace()
      guard current == UInt8(ascii: "\""), let name = string(), take(":"), let value = value()
      else { return nil }
      members.append((name, value))
    } while take(",")
    return take("}") ? .object(members) : nil
  }

  private mutating func list() -> OrderedJSON? {
    var elements: [OrderedJSON] = []
    if take("]") { return .list([]) }
    repeat {
      guard let element = value() else { return nil }
      elements.append(element)
    } while take(",")
    return take("]") ? .list(elements) : nil
  }

  private mutating func literal() -> OrderedJSON? {
    let start = position
    while position < bytes.count, Self.isLiteral(bytes[position]) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard ["true", "false", "null"].contains(text) || (try? JSON(parsing: text)) != nil else {
      return nil
    }
    return .literal(text)
  }

  private static func isLiteral(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
  }

  private mutating func string() -> String? {
    position += 1
    let start = position
    while position < bytes.count, bytes[position] >= 0x20, bytes[position] != UInt8(ascii: "\""),
      bytes[position] != UInt8(ascii: "\\")
    {
      position += 1
    }
    var end = position
    if current == UInt8(ascii: "\\") {
      while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
        position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
      }
      end = min(position, bytes.count)
      guard current == UInt8(ascii: "\"") else { return nil }
      position += 1
      // Escapes are rare outside of encoder.json; the strict parser knows them all.
      return (try? JSON(parsing: [0x22] + bytes[start..<end] + [0x22]))?.stringValue
    }
    guard current == UInt8(ascii: "\"") else { return nil }
    position += 1
    return String(validating: bytes[start..<end], as: UTF8.self)
  }
}
