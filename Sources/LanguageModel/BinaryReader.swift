/// Reads little-endian values from a file's bytes, one after the other. Nothing is read or allocated
/// beyond the file, whatever its counts say.
struct BinaryReader {
  let bytes: [UInt8]
  /// What the file is, for messages.
  let file: String
  private(set) var position = 0

  init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  /// Bytes not read yet.
  var remaining: Int { bytes.count - position }

  /// An integer; `what` names it in errors.
  mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    _ what: String, as: Value.Type = Value.self
  ) throws(CheckpointError) -> Value {
    let start = try take(MemoryLayout<Value>.size, what)
    return bytes.withUnsafeBytes {
      Value(littleEndian: $0.loadUnaligned(fromByteOffset: start.lowerBound, as: Value.self))
    }
  }

  /// A binary32.
  mutating func float(_ what: String) throws(CheckpointError) -> Float {
    Float(bitPattern: try integer(what))
  }

  /// A count of things that take at least `bytesEach` bytes each, so that no more can follow than
  /// the file has room for.
  mutating func count(_ what: String, bytesEach: Int) throws(CheckpointError) -> Int {
    let value: UInt64 = try integer(what)
    guard value <= UInt64(remaining / bytesEach) else {
      throw CheckpointError(
        "\(file): \(what) is \(value), more than the \(remaining) bytes that follow can hold")
    }
    return Int(value)
  }

  /// UTF-8 text of so many bytes.
  mutating func text(_ length: Int, _ what: String) throws(CheckpointError) -> String {
    let range = try take(length, what)
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw CheckpointError("\(file): \(what) is not valid UTF-8")
    }
    return text
  }

  /// The place of the next bytes.
  mutating func take(_ count: Int, _ what: String) throws(CheckpointError) -> Range<Int> {
    guard count >= 0, count <= remaining else {
      throw CheckpointError(
        "\(file) ends at byte \(bytes.count), inside \(what), which needs \(count) bytes from byte "
          + "\(position) on")
    }
    defer { position += count }
    return position..<position + count
  }
}
