import ContentStore

/// A safetensors file (huggingface/safetensors, format 0.x): 8 bytes of header length, a JSON header
/// that names tensors and their byte ranges, then the data, little-endian and row-major.
package struct Safetensors: Sendable {
  /// Element types by the format's names.
  package enum ElementType: String, Sendable, CaseIterable {
    case f64 = "F64"
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    case i64 = "I64"
    case i32 = "I32"
    case i16 = "I16"
    case i8 = "I8"
    case u64 = "U64"
    case u32 = "U32"
    case u16 = "U16"
    case u8 = "U8"
    case bool = "BOOL"
    case f8e4m3 = "F8_E4M3"
    case f8e5m2 = "F8_E5M2"

    /// Bytes per element.
    package var width: Int {
      switch self {
      case .f64, .i64, .u64: 8
      case .f32, .i32, .u32: 4
      case .f16, .bf16, .i16, .u16: 2
      case .i8, .u8, .bool, .f8e4m3, .f8e5m2: 1
      }
    }
  }

  /// One tensor's place in the file.
  package struct Tensor: Hashable, Sendable {
    package var type: ElementType
    package var shape: [Int]
    /// Byte range, counted from the end of the header.
    package var range: Range<Int>
  }

  package let tensors: [String: Tensor]
  /// `__metadata__`: texts by name.
  package let metadata: [String: String]
  private let bytes: [UInt8]
  private let dataOffset: Int

  /// Names in the order of their data.
  package var names: [String] {
    tensors.keys.sorted {
      let (a, b) = (tensors[$0]!.range, tensors[$1]!.range)
      return (a.lowerBound, a.upperBound, $0) < (b.lowerBound, b.upperBound, $1)
    }
  }

  /// Reads a file's bytes. Everything the format forbids is an error that names the tensor: a header
  /// beyond the file, wrong sizes, holes, overlaps, a tail.
  package init(parsing bytes: [UInt8]) throws(CheckpointError) {
    guard bytes.count >= 8 else {
      throw CheckpointError("the safetensors file has \(bytes.count) bytes, too few for a header")
    }
    let length = bytes[..<8].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard length <= 100_000_000, Int(length) <= bytes.count - 8 else {
      throw CheckpointError(
        "the safetensors header says it has \(length) bytes, but the file has \(bytes.count)")
    }
    self.bytes = bytes
    dataOffset = 8 + Int(length)
    let header = try Self.header(bytes[8..<dataOffset])
    metadata = try Self.metadata(header)
    tensors = try Self.tensors(header)
    try Self.checkTiling(tensors, size: bytes.count - dataOffset)
  }

  private static func header(_ text: ArraySlice<UInt8>) throws(CheckpointError) -> [String: JSON] {
    do throws(JSONError) {
      if let members = try JSON(parsing: Array(text)).objectValue { return members }
    } catch {
      throw CheckpointError("the safetensors header is not JSON: \(error)")
    }
    throw CheckpointError("the safetensors header is not a JSON object")
  }

  private static func metadata(
    _ header: [String: JSON]
  ) throws(CheckpointError) -> [String: String] {
    guard let value = header["__metadata__"] else { return [:] }
    guard let members = value.objectValue else {
      throw CheckpointError("the safetensors __metadata__ is not an object")
    }
    let texts = members.compactMapValues(\.stringValue)
    guard texts.count == members.count else {
      throw CheckpointError("the safetensors __metadata__ holds something that is not a text")
    }
    return texts
  }

  private static func tensors(
    _ header: [String: JSON]
  ) throws(CheckpointError) -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for name in header.keys.sorted() where name != "__metadata__" {
      tensors[name] = try tensor(name, header[name]!)
    }
    return tensors
  }

  private static func tensor(_ name: String, _ json: JSON) throws(CheckpointError) -> Tensor {
    guard let dtype = json["dtype"]?.stringValue, let type = ElementType(rawValue: dtype) else {
      throw CheckpointError("tensor \"\(name)\" has an unknown dtype")
    }
    guard let extents = json["shape"]?.arrayValue, let offsets = json["data_offsets"]?.arrayValue
    else { throw CheckpointError("tensor \"\(name)\" lacks shape or data_offsets") }
    let shape = extents.compactMap(\.intValue).filter { $0 >= 0 }
    let ends = offsets.compactMap(\.intValue)
    guard shape.count == extents.count, ends.count == 2, offsets.count == 2, ends[0] >= 0,
      ends[0] <= ends[1]
    else { throw CheckpointError("tensor \"\(name)\" has a malformed shape or data_offsets") }
    var size = type.width
    for extent in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw CheckpointError("tensor \"\(name)\" has too large a shape") }
      size = product
    }
    guard ends[1] - ends[0] == size else {
      throw CheckpointError(
        "tensor \"\(name)\" of shape \(shape) and dtype \(dtype) needs \(size) bytes, but its "
          + "data_offsets span \(ends[1] - ends[0])")
    }
    return Tensor(type: type, shape: shape, range: ends[0]..<ends[1])
  }

  private static func checkTiling(
    _ tensors: [String: Tensor], size: Int
  ) throws(CheckpointError) {
    var end = 0
    let ordered = tensors.sorted {
      let (a, b) = ($0.value.range, $1.value.range)
      return (a.lowerBound, a.upperBound, $0.key) < (b.lowerBound, b.upperBound, $1.key)
    }
    for (name, tensor) in ordered {
      guard tensor.range.lowerBound == end else {
        let fault = tensor.range.lowerBound < end ? "overlaps the one before it" : "follows a hole"
        throw CheckpointError("the data of tensor \"\(name)\" \(fault)")
      }
      end = tensor.range.upperBound
      guard end <= size else {
        throw CheckpointError(
          "the data of tensor \"\(name)\" ends at byte \(end), but the file has \(size) bytes of data"
        )
      }
    }
    guard end == size else {
      throw CheckpointError("\(size - end) bytes follow the last tensor of the safetensors file")
    }
  }

  /// A tensor's place, or an error with a "did you mean".
  package func tensor(_ name: String) throws(CheckpointError) -> Tensor {
    guard let tensor = tensors[name] else {
      throw CheckpointError(
        "the safetensors file has no tensor \"\(name)\"" + didYouMean(name, among: tensors.keys))
    }
    return tensor
  }

  /// A tensor's place, or an error when it has another shape.
  package func tensor(_ name: String, shape: [Int]) throws(CheckpointError) -> Tensor {
    let tensor = try tensor(name)
    guard tensor.shape == shape else {
      throw CheckpointError(
        "tensor \"\(name)\" has shape \(tensor.shape), but the configuration needs \(shape)")
    }
    return tensor
  }

  /// A tensor's bytes.
  package func data(_ name: String) throws(CheckpointError) -> ArraySlice<UInt8> {
    let range = try tensor(name).range
    return bytes[dataOffset + range.lowerBound..<dataOffset + range.upperBound]
  }

  /// A tensor as floats; F16 and BF16 widen exactly, other types are refused.
  package func floats(
    _ name: String, shape expected: [Int]? = nil
  ) throws(CheckpointError) -> [Float] {
    let tensor = try tensor(name)
    if let expected { _ = try self.tensor(name, shape: expected) }
    let data = try data(name)
    switch tensor.type {
    case .f32: return Self.load(data, as: UInt32.self).map { Float(bitPattern: $0) }
    case .f16: return Self.load(data, as: UInt16.self).map(Self.float(half:))
    case .bf16: return Self.load(data, as: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    default:
      throw CheckpointError(
        "tensor \"\(name)\" has dtype \(tensor.type.rawValue); F32, F16 or BF16 is needed here")
    }
  }

  private static func load<Value: FixedWidthInteger & BitwiseCopyable>(
    _ data: ArraySlice<UInt8>, as: Value.Type
  ) -> [Value] {
    let count = data.count / MemoryLayout<Value>.size
    return data.withUnsafeBytes { source in
      (0..<count).map {
        Value(
          littleEndian: source.loadUnaligned(
            fromByteOffset: $0 * MemoryLayout<Value>.size, as: Value.self))
      }
    }
  }

  /// IEEE binary16 to binary32, exactly. (`Float16` does not exist on every platform.)
  static func float(half: UInt16) -> Float {
    let sign: Float = half >> 15 == 0 ? 1 : -1
    let exponent = Int(half >> 10 & 31)
    let fraction = Float(half & 1023)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Float(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
    }
  }
}
