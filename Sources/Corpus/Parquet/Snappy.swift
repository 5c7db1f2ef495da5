/// Google's Snappy, raw format (format_description.txt): a length, then literals and copies.
enum Snappy {
  /// Nil when the bytes are malformed or do not give the length that they say.
  static func decompress(_ bytes: ArraySlice<UInt8>, limit: Int) -> [UInt8]? {
    var reader = Reader(bytes: bytes, position: bytes.startIndex)
    guard let length = reader.length(), length <= limit else { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(length)
    while reader.position < bytes.endIndex {
      guard reader.element(into: &out), out.count <= length else { return nil }
    }
    return out.count == length ? out : nil
  }

  private struct Reader {
    let bytes: ArraySlice<UInt8>
    var position: Int

    mutating func number(_ count: Int) -> Int? {
      guard bytes.endIndex - position >= count else { return nil }
      var value = 0
      for index in 0..<count { value |= Int(bytes[position + index]) << (8 * index) }
      position += count
      return value
    }

    mutating func length() -> Int? {
      var (value, shift) = (0, 0)
      while shift < 35, let byte = number(1) {
        value |= (byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
      return nil
    }

    mutating func element(into out: inout [UInt8]) -> Bool {
      guard let tag = number(1) else { return false }
      switch tag & 3 {
      case 0: return literal(tag >> 2, into: &out)
      case 1:
        guard let low = number(1) else { return false }
        return Self.copy((tag >> 5) << 8 | low, (tag >> 2 & 7) + 4, &out)
      default:
        guard let offset = number(tag & 3 == 2 ? 2 : 4) else { return false }
        return Self.copy(offset, (tag >> 2) + 1, &out)
      }
    }

    private mutating func literal(_ code: Int, into out: inout [UInt8]) -> Bool {
      var length = code
      if code >= 60 {
        guard let long = number(code - 59) else { return false }
        length = long
      }
      guard length < bytes.endIndex - position else { return false }
      out += bytes[position...position + length]
      position += length + 1
      return true
    }

    /// Copies what was written before; it may reach into what it writes.
    private static func copy(_ offset: Int, _ length: Int, _ out: inout [UInt8]) -> Bool {
      guard offset > 0, offset <= out.count else { return false }
      let start = out.count - offset
      for index in 0..<length { out.append(out[start + index]) }
      return true
    }
  }
}
