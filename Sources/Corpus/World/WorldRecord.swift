/// A JSON object being written in the canonical form of RFC 8785; the caller adds members in the
/// order of their names.
struct WorldObject {
  private(set) var bytes: WorldBytes = [UInt8(ascii: "{")]

  private mutating func begin(_ name: String) {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    bytes.append(UInt8(ascii: "\""))
    bytes += name
    bytes += "\":"
  }

  mutating func add(_ name: String, _ text: WorldBytes) {
    begin(name)
    Self.append(text, to: &bytes)
  }

  mutating func add(_ name: String, _ text: String) { add(name, Array(text.utf8)) }

  mutating func add(_ name: String, _ number: Int) {
    begin(name)
    bytes.append(number: number)
  }

  mutating func add(_ name: String, _ value: Bool) {
    begin(name)
    bytes += value ? "true" : "false"
  }

  /// A value that is canonical JSON already.
  mutating func add(_ name: String, json: WorldBytes) {
    begin(name)
    bytes += json
  }

  mutating func add(_ name: String, _ texts: [WorldBytes]) {
    begin(name)
    bytes.append(UInt8(ascii: "["))
    for (index, text) in texts.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      Self.append(text, to: &bytes)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  mutating func add(_ name: String, _ numbers: [Int]) {
    begin(name)
    bytes += "[" + numbers.map(String.init).joined(separator: ",") + "]"
  }

  mutating func add(_ name: String, objects: [WorldObject]) {
    begin(name)
    bytes.append(UInt8(ascii: "["))
    for (index, object) in objects.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += object.closed
    }
    bytes.append(UInt8(ascii: "]"))
  }

  mutating func add(_ name: String, _ object: WorldObject) { add(name, json: object.closed) }

  var closed: WorldBytes { bytes + [UInt8(ascii: "}")] }

  /// A text in quotes. The world's texts hold no control characters but line feeds.
  private static func append(_ text: WorldBytes, to out: inout WorldBytes) {
    out.append(UInt8(ascii: "\""))
    var start = 0
    for (index, byte) in text.enumerated() where byte == 0x0A || byte == 0x22 || byte == 0x5C {
      out += text[start..<index]
      out.append(UInt8(ascii: "\\"))
      out.append(byte == 0x0A ? UInt8(ascii: "n") : byte)
      start = index + 1
    }
    out += text[start...]
    out.append(UInt8(ascii: "\""))
  }
}

/// The lines that the world's parts consist of.
enum WorldRecord {
  /// `{"id":…,"metadata":…,"source":…,"text":…}` and a line feed.
  static func document(
    id: String, source: String, metadata: WorldObject, text: WorldBytes
  ) -> WorldBytes {
    var line = WorldObject()
    line.add("id", id)
    line.add("metadata", metadata)
    line.add("source", source)
    line.add("text", text)
    return line.closed + [0x0A]
  }

  /// One turn of a conversation.
  static func message(_ role: String, _ content: WorldBytes) -> WorldObject {
    var message = WorldObject()
    message.add("content", content)
    message.add("role", role)
    return message
  }
}
