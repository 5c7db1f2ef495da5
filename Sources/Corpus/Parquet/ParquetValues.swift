import ContentStore

/// Values one after another, in their type's own width.
struct ParquetPlain {
  private let bytes: [UInt8]
  private let type: Int
  private let isText: Bool
  private var position = 0

  init(_ bytes: [UInt8], _ type: Int, isText: Bool) {
    (self.bytes, self.type, self.isText) = (bytes, type, isText)
  }

  /// Nil when there are fewer, a text is invalid UTF-8, or the type is unknown.
  mutating func values(_ count: Int) -> [JSON]? {
    guard count >= 0, count <= bytes.count * 8 else { return nil }
    var result: [JSON] = []
    for index in 0..<count {
      guard let value = value(index) else { return nil }
      result.append(value)
    }
    return result
  }

  private mutating func value(_ index: Int) -> JSON? {
    switch type {
    case 0:
      guard index / 8 < bytes.count else { return nil }
      return .bool(bytes[index / 8] >> UInt8(index % 8) & 1 == 1)
    case 1: return word(4).map { .integer(Int(Int32(truncatingIfNeeded: $0))) }
    case 2: return word(8).map { Self.long(Int64(bitPattern: $0)) }
    case 4: return word(4).map { .exact(Double(Float(bitPattern: UInt32($0)))) }
    case 5: return word(8).map { .exact(Double(bitPattern: $0)) }
    case 6: return text()
    default: return nil
    }
  }

  /// Beyond 2^53 a JSON number would not be exact: such integers become texts.
  private static func long(_ value: Int64) -> JSON {
    value.magnitude <= 1 << 53 ? .integer(Int(value)) : .string("\(value)")
  }

  private mutating func word(_ count: Int) -> UInt64? {
    guard bytes.count - position >= count else { return nil }
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
    position += count
    return value
  }

  private mutating func text() -> JSON? {
    guard let length = word(4).map(Int.init), length <= bytes.count - position else { return nil }
    let content = bytes[position..<position + length]
    position += length
    // Byte arrays that are not said to be texts are taken for texts when they are valid.
    return String(validating: content, as: UTF8.self).map(JSON.string)
  }
}

/// The hybrid of runs and bit-packed groups in which Parquet writes levels and indices.
enum ParquetRuns {
  static func decode(_ bytes: ArraySlice<UInt8>, bitWidth: Int, count: Int) -> [Int]? {
    var result: [Int] = []
    var position = bytes.startIndex
    func varint() -> Int? {
      var (value, shift) = (0, 0)
      while shift < 35, position < bytes.endIndex {
        let byte = Int(bytes[position])
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
      return nil
    }
    while result.count < count {
      guard let header = varint() else { return nil }
      if header & 1 == 0 {
        let width = (bitWidth + 7) / 8
        guard bytes.endIndex - position >= width else { return nil }
        let value = (0..<width).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
        position += width
        let run = min(header >> 1, count - result.count)
        guard run > 0 else { return nil }
        result += repeatElement(value, count: run)
      } else {
        let size = (header >> 1) * bitWidth
        guard header >> 1 > 0, size <= bytes.endIndex - position else { return nil }
        unpack(bytes[position..<position + size], bitWidth, count, &result)
        position += size
        if bitWidth == 0 { result += repeatElement(0, count: count - result.count) }
      }
    }
    return result
  }

  private static func unpack(
    _ bytes: ArraySlice<UInt8>, _ bitWidth: Int, _ count: Int, _ result: inout [Int]
  ) {
    guard bitWidth > 0 else { return }
    var (word, bits) = (UInt64(0), 0)
    for byte in bytes {
      word |= UInt64(byte) << UInt64(bits)
      bits += 8
      while bits >= bitWidth, result.count < count {
        result.append(Int(word & (1 << UInt64(bitWidth) - 1)))
        word >>= UInt64(bitWidth)
        bits -= bitWidth
      }
    }
  }
}
