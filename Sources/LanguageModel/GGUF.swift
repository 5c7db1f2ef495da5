package import Numerics

/// A GGUF file (ggml-org/ggml, `docs/gguf.md`, versions 2 and 3, little-endian): metadata by key, then
/// where each tensor lies, then the data.
package struct GGUF: Sendable {
  /// A metadata value.
  package enum Value: Hashable, Sendable {
    case integer(Int)
    case number(Double)
    case bool(Bool)
    case text(String)
    case list([Value])
  }

  /// One tensor's place in the file.
  package struct Tensor: Hashable, Sendable {
    package var type: GGUFElement
    /// Outermost first, as everywhere else here; the file has it the other way round.
    package var shape: [Int]
    /// Bytes, counted from the file's beginning.
    package var range: Range<Int>
  }

  package let metadata: [String: Value]
  package let tensors: [String: Tensor]
  private let bytes: [UInt8]
  let file: String

  /// Reads a file's bytes. Errors name the key or tensor.
  package init(parsing bytes: [UInt8], file: String) throws(CheckpointError) {
    var reader = BinaryReader(bytes, file: file)
    guard try reader.integer("the magic number", as: UInt32.self) == 0x4655_4747 else {
      throw CheckpointError("\(file) is not a GGUF file: it does not begin with GGUF")
    }
    let version: UInt32 = try reader.integer("the version")
    guard version == 2 || version == 3 else {
      throw CheckpointError("\(file) is GGUF of version \(version); 2 and 3 can be read")
    }
    let tensorCount = try reader.count("the number of tensors", bytesEach: 24)
    let valueCount = try reader.count("the number of metadata values", bytesEach: 13)
    let metadata = try Self.metadata(valueCount, &reader)
    let infos = try Self.infos(tensorCount, &reader)
    let alignment = metadata["general.alignment"]?.intValue ?? 32
    guard alignment > 0, alignment <= 1 << 20, alignment % 8 == 0 else {
      throw CheckpointError("\(file): general.alignment is \(alignment), not a multiple of 8")
    }
    let dataStart = (reader.position + alignment - 1) / alignment * alignment
    tensors = try Self.place(infos, from: dataStart, alignment, size: bytes.count, file: file)
    (self.metadata, self.bytes, self.file) = (metadata, bytes, file)
  }

  // MARK: Metadata

  private static func metadata(
    _ count: Int, _ reader: inout BinaryReader
  ) throws(CheckpointError) -> [String: Value] {
    var metadata: [String: Value] = [:]
    for index in 0..<count {
      let key = try text("metadata key \(index)", &reader)
      guard metadata[key] == nil else {
        throw CheckpointError("\(reader.file): the metadata key \"\(key)\" is there twice")
      }
      let type: UInt32 = try reader.integer("the type of \"\(key)\"")
      metadata[key] = try value(type, "\"\(key)\"", &reader)
    }
    return metadata
  }

  private static func text(
    _ what: String, _ reader: inout BinaryReader
  ) throws(CheckpointError) -> String {
    let length = try reader.count("the length of \(what)", bytesEach: 1)
    return try reader.text(length, what)
  }

  private static func value(
    _ type: UInt32, _ what: String, _ reader: inout BinaryReader
  ) throws(CheckpointError) -> Value {
    switch type {
    case 0: return .integer(Int(try reader.integer(what, as: UInt8.self)))
    case 1: return .integer(Int(try reader.integer(what, as: Int8.self)))
    case 2: return .integer(Int(try reader.integer(what, as: UInt16.self)))
    case 3: return .integer(Int(try reader.integer(what, as: Int16.self)))
    case 4: return .integer(Int(try reader.integer(what, as: UInt32.self)))
    case 5: return .integer(Int(try reader.integer(what, as: Int32.self)))
    // The shortest decimal of the float, so that 1e-5 is 1e-5.
    case 6:
      let number = try reader.float(what)
      return .number(Double(number.description) ?? Double(number))
    case 7: return .bool(try reader.integer(what, as: UInt8.self) != 0)
    case 8: return .text(try text(what, &reader))
    case 9: return try list(what, &reader)
    case 10: return .integer(Int(clamping: try reader.integer(what, as: UInt64.self)))
    case 11: return .integer(Int(try reader.integer(what, as: Int64.self)))
    case 12: return .number(Double(bitPattern: try reader.integer(what)))
    default:
      throw CheckpointError("\(reader.file): \(what) has the unknown type \(type)")
    }
  }

  private static func list(
    _ what: String, _ reader: inout BinaryReader
  ) throws(CheckpointError) -> Value {
    let type: UInt32 = try reader.integer("the element type of \(what)")
    guard type != 9 else {
      throw CheckpointError("\(reader.file): \(what) is a list of lists, which nothing here needs")
    }
    let widths: [UInt32: Int] = [2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 8: 8, 10: 8, 11: 8, 12: 8]
    let count = try reader.count("the length of \(what)", bytesEach: widths[type] ?? 1)
    var values: [Value] = []
    for _ in 0..<count { values.append(try value(type, what, &reader)) }
    return .list(values)
  }

  // MARK: Tensors

  private struct Info {
    var name: String
    var type: GGUFElement
    var shape: [Int]
    var offset: Int
    var size: Int
  }

  private static func infos(
    _ count: Int, _ reader: inout BinaryReader
  ) throws(CheckpointError) -> [Info] {
    var infos: [Info] = []
    for index in 0..<count { infos.append(try info(index, &reader)) }
    return infos
  }

  private static func info(
    _ index: Int, _ reader: inout BinaryReader
  ) throws(CheckpointError) -> Info {
    let name = try text("the name of tensor \(index)", &reader)
    let dimensions: UInt32 = try reader.integer("the dimensions of tensor \"\(name)\"")
    guard (1...4).contains(dimensions) else {
      throw CheckpointError("\(reader.file): tensor \"\(name)\" has \(dimensions) dimensions")
    }
    var extents: [Int] = []
    for _ in 0..<dimensions {
      let extent: UInt64 = try reader.integer("the shape of tensor \"\(name)\"")
      extents.append(Int(clamping: extent))
    }
    let code: UInt32 = try reader.integer("the type of tensor \"\(name)\"")
    let offset: UInt64 = try reader.integer("the offset of tensor \"\(name)\"")
    guard let type = GGUFElement(rawValue: code) else {
      throw CheckpointError(
        "\(reader.file): tensor \"\(name)\" has the ggml type \(code); F32, F16, BF16, Q8_0, Q4_0 and "
          + "Q4_1 can be read")
    }
    guard let size = type.bytes(innermostFirst: extents) else {
      throw CheckpointError(
        "\(reader.file): tensor \"\(name)\" of type \(type) cannot have the shape "
          + "\(Array(extents.reversed()))")
    }
    return Info(
      name: name, type: type, shape: extents.reversed(), offset: Int(clamping: offset), size: size)
  }

  private static func place(
    _ infos: [Info], from start: Int, _ alignment: Int, size: Int, file: String
  ) throws(CheckpointError) -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    var end = 0
    for info in infos.sorted(by: { ($0.offset, $0.name) < ($1.offset, $1.name) }) {
      let name = "\(file): tensor \"\(info.name)\""
      guard tensors[info.name] == nil else { throw CheckpointError("\(name) is there twice") }
      guard info.offset % alignment == 0 else {
        throw CheckpointError("\(name) starts at \(info.offset), not a multiple of \(alignment)")
      }
      guard info.offset >= end else {
        throw CheckpointError("\(name) overlaps the one before it")
      }
      guard start <= size, info.offset <= size - start, info.size <= size - start - info.offset
      else {
        throw CheckpointError(
          "\(name) needs \(info.size) bytes from byte \(info.offset) of the data on, but the file "
            + "has \(max(0, size - start)) bytes of data")
      }
      end = info.offset + info.size
      tensors[info.name] = Tensor(
        type: info.type, shape: info.shape, range: start + info.offset..<start + end)
    }
    return tensors
  }

  /// A tensor as floats.
  package func floats(_ name: String, shape: [Int]) throws(CheckpointError) -> Floats {
    guard let tensor = tensors[name] else {
      throw CheckpointError("\(file) has no tensor \"\(name)\"")
    }
    guard tensor.shape == shape else {
      throw CheckpointError(
        "\(file): tensor \"\(name)\" has shape \(tensor.shape), but the metadata needs \(shape)")
    }
    return tensor.type.decode(bytes[tensor.range], count: shape.reduce(1, *))
  }
}

extension GGUF.Value {
  package var intValue: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  package var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  package var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  package var textValue: String? {
    if case .text(let value) = self { value } else { nil }
  }

  package var listValue: [GGUF.Value]? {
    if case .list(let value) = self { value } else { nil }
  }
}
