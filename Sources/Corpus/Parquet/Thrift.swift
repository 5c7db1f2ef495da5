/// A value of Thrift's compact protocol (thrift-compact-protocol.md), in which Parquet writes its footer
/// and page headers.
indirect enum ThriftValue {
  case bool(Bool)
  case integer(Int64)
  case double
  /// Where the bytes lie.
  case bytes(Range<Int>)
  case list([ThriftValue])
  case structure([Int: ThriftValue])

  subscript(field: Int) -> ThriftValue? {
    if case .structure(let fields) = self { fields[field] } else { nil }
  }
  var int: Int? { if case .integer(let value) = self { Int(exactly: value) } else { nil } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var list: [ThriftValue]? { if case .list(let list) = self { list } else { nil } }
}

/// Reads structures; gives nil for what is malformed or cut off.
struct ThriftReader {
  private let bytes: [UInt8]
  /// The byte after what was read.
  private(set) var position: Int
  private let end: Int
  private var depth = 0

  init(_ bytes: [UInt8], in range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = min(range.upperBound, bytes.count)
  }

  private mutating func byte() -> UInt8? {
    guard position < end else { return nil }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func varint() -> UInt64? {
    var (result, shift): (UInt64, UInt64) = (0, 0)
    while shift < 64, let next = byte() {
      result |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return result }
      shift += 7
    }
    return nil
  }

  /// A signed integer, folded so that small ones are short.
  private mutating func integer() -> Int64? {
    varint().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
  }

  mutating func structure() -> ThriftValue? {
    depth += 1
    defer { depth -= 1 }
    guard depth < 32 else { return nil }
    var fields: [Int: ThriftValue] = [:]
    var last = 0
    while let header = byte() {
      if header == 0 { return .structure(fields) }
      if header >> 4 == 0 {
        // Field ids are 16 bits wide.
        guard let id = integer().flatMap({ Int16(exactly: $0) }).map(Int.init) else { return nil }
        last = id
      } else {
        last += Int(header >> 4)
      }
      guard let value = value(ofType: header & 0x0F, isElement: false) else { return nil }
      fields[last] = value
    }
    return nil
  }

  private mutating func value(ofType type: UInt8, isElement: Bool) -> ThriftValue? {
    switch type {
    // In a structure the type says which; in a list a byte follows.
    case 1, 2: return isElement ? byte().map { .bool($0 == 1) } : .bool(type == 1)
    case 3: return byte().map { .integer(Int64(Int8(bitPattern: $0))) }
    case 4, 5, 6: return integer().map(ThriftValue.integer)
    case 7: return take(8).map { _ in .double }
    case 8: return varint().flatMap { Int(exactly: $0) }.flatMap { take($0) }.map(ThriftValue.bytes)
    case 9, 10: return list()
    case 12: return structure()
    default: return nil
    }
  }

  private mutating func take(_ count: Int) -> Range<Int>? {
    guard count >= 0, count <= end - position else { return nil }
    defer { position += count }
    return position..<position + count
  }

  private mutating func list() -> ThriftValue? {
    depth += 1
    defer { depth -= 1 }
    guard depth < 32, let header = byte() else { return nil }
    var count = Int(header >> 4)
    if count == 15 {
      guard let long = varint().flatMap({ Int(exactly: $0) }) else { return nil }
      count = long
    }
    guard count <= end - position else { return nil }
    var elements: [ThriftValue] = []
    for _ in 0..<count {
      guard let element = value(ofType: header & 0x0F, isElement: true) else { return nil }
      elements.append(element)
    }
    return .list(elements)
  }
}
