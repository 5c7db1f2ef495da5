import ContentStore

/// Values one after another, in their type's own width.
struct ParquetPlain {
  private let bytes: [UInt8]
  private let kind: ParquetKind
  private var position = 0

  init(_ bytes: [UInt8], _ kind: ParquetKind) {
    (self.bytes, self.kind) = (bytes, kind)
  }

  /// Nil when there are fewer, a text is invalid UTF-8, or the kind is not read. Of bare byte arrays those
  /// that are invalid UTF-8 are null.
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
    switch kind {
    case .bool:
      guard index / 8 < bytes.count else { return nil }
      return .bool(bytes[index / 8] >> UInt8(index % 8) & 1 == 1)
    case .integer(let size, let isSigned): return integer(size, isSigned)
    case .float: return word(4).map { .exact(Double(Float(bitPattern: UInt32($0)))) }
    case .double: return word(8).map { .exact(Double(bitPattern: $0)) }
    case .text: return content(.prefixed).flatMap(Self.text)
    case .bare(let storage): return content(storage).map { Self.text($0) ?? .null }
    case .decimal(let storage, let scale):
      return content(storage).flatMap { ParquetDecimal.text($0, scale: scale) }.map(JSON.string)
    case .unread: return nil
    }
  }

  private mutating func integer(_ size: Int, _ isSigned: Bool) -> JSON? {
    guard let word = word(size) else { return nil }
    guard isSigned else { return word <= 1 << 53 ? .integer(Int(word)) : .string("\(word)") }
    return Self.long(size == 4 ? Int64(Int32(truncatingIfNeeded: word)) : Int64(bitPattern: word))
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

  /// A value's bytes; a word's highest first, as a decimal needs them.
  private mutating func content(_ storage: ParquetKind.Storage) -> ArraySlice<UInt8>? {
    switch storage {
    case .word(let size): return take(size).map { Array($0.reversed())[...] }
    case .fixed(let size): return size > 0 ? take(size) : nil
    case .prefixed: return word(4).flatMap { take(Int($0)) }
    }
  }

  private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count <= bytes.count - position else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }

  private static func text(_ content: ArraySlice<UInt8>) -> JSON? {
    String(validating: content, as: UTF8.self).map(JSON.string)
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
