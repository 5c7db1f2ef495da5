/// What is wrong with a `.npy` file, in one sentence.
package struct NPYError: Error, Hashable, Sendable, CustomStringConvertible {
  package var message: String
  package init(_ message: String) { self.message = message }
  package var description: String { message }
}

/// A number type that a `.npy` array can hold. Little-endian.
package protocol NPYScalar: BitwiseCopyable, Sendable {
  /// NumPy's type string, such as `<u2`.
  static var npyDescriptor: String { get }
}

extension UInt16: NPYScalar { package static let npyDescriptor = "<u2" }
extension UInt32: NPYScalar { package static let npyDescriptor = "<u4" }
extension Int32: NPYScalar { package static let npyDescriptor = "<i4" }
extension UInt64: NPYScalar { package static let npyDescriptor = "<u8" }
extension Int64: NPYScalar { package static let npyDescriptor = "<i8" }
extension Float: NPYScalar { package static let npyDescriptor = "<f4" }

/// NumPy's array format, version 1.0 (numpy/lib/format.py): magic, version, a header that is a Python
/// dictionary padded with spaces to a multiple of 64 bytes, then the elements in C order.
package enum NPY {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]

  /// What precedes the elements, for writers that stream them.
  package static func header<Value: NPYScalar>(_: Value.Type, shape: [Int]) -> [UInt8] {
    let extents = shape.count == 1 ? "\(shape[0])," : shape.map(String.init).joined(separator: ", ")
    var text = Array(
      "{'descr': '\(Value.npyDescriptor)', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
    let unpadded = magic.count + 2 + text.count + 1
    text += repeatElement(UInt8(ascii: " "), count: (64 - unpadded % 64) % 64)
    text.append(UInt8(ascii: "\n"))
    return magic + [UInt8(text.count & 0xFF), UInt8(text.count >> 8)] + text
  }

  /// A whole file. `shape` defaults to one dimension.
  package static func encode<Value: NPYScalar>(_ values: [Value], shape: [Int]? = nil) -> [UInt8] {
    let shape = shape ?? [values.count]
    precondition(shape.reduce(1, *) == values.count, "the shape must fit the values")
    var bytes = header(Value.self, shape: shape)
    values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Reads a file whose elements are exactly of this type.
  package static func decode<Value: NPYScalar>(
    _ bytes: [UInt8], as: Value.Type
  ) throws(NPYError) -> (values: [Value], shape: [Int]) {
    let header = try parse(bytes)
    guard header.descriptor == Value.npyDescriptor else {
      throw NPYError(
        "the array holds \(header.descriptor), but \(Value.npyDescriptor) is needed here")
    }
    return (try elements(bytes, header), header.shape)
  }

  /// Reads a one-dimensional array of any integer type whose values fit, such as token ids or offsets.
  package static func decodeIntegers<Value: FixedWidthInteger>(
    _ bytes: [UInt8], as: Value.Type = Int.self
  ) throws(NPYError) -> [Value] {
    let header = try parse(bytes)
    guard header.shape.count == 1 else {
      throw NPYError("the array has \(header.shape.count) dimensions, but one is needed here")
    }
    switch header.descriptor {
    case UInt16.npyDescriptor: return try converted(try elements(bytes, header) as [UInt16])
    case UInt32.npyDescriptor: return try converted(try elements(bytes, header) as [UInt32])
    case Int32.npyDescriptor: return try converted(try elements(bytes, header) as [Int32])
    case UInt64.npyDescriptor: return try converted(try elements(bytes, header) as [UInt64])
    case Int64.npyDescriptor: return try converted(try elements(bytes, header) as [Int64])
    default:
      throw NPYError("the array holds \(header.descriptor), but integers are needed here")
    }
  }

  private static func converted<Value: FixedWidthInteger, Source: FixedWidthInteger>(
    _ values: [Source]
  ) throws(NPYError) -> [Value] {
    if let index = values.firstIndex(where: { Value(exactly: $0) == nil }) {
      throw NPYError("element \(index) of the array, \(values[index]), is out of range here")
    }
    return values.map { Value(truncatingIfNeeded: $0) }
  }

  private struct Header {
    var descriptor: String
    var shape: [Int]
    var dataOffset: Int
  }

  private static func elements<Value: NPYScalar>(
    _ bytes: [UInt8], _ header: Header
  ) throws(NPYError) -> [Value] {
    let (count, tooMany) = product(header.shape)
    let (size, tooLarge) = count.multipliedReportingOverflow(by: MemoryLayout<Value>.stride)
    guard !tooMany, !tooLarge, bytes.count - header.dataOffset == size else {
      throw NPYError(
        "the array of shape \(header.shape) needs \(tooMany || tooLarge ? "more" : "\(size)") "
          + "bytes, but the file has \(bytes.count - header.dataOffset)")
    }
    return [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
      bytes.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[header.dataOffset...]))
      }
      initialized = count
    }
  }

  private static func product(_ shape: [Int]) -> (Int, overflow: Bool) {
    shape.reduce((1, false)) { result, extent in
      let (next, overflow) = result.0.multipliedReportingOverflow(by: extent)
      return (next, result.1 || overflow)
    }
  }

  private static func parse(_ bytes: [UInt8]) throws(NPYError) -> Header {
    guard bytes.count >= 10, bytes.starts(with: magic.prefix(6)) else {
      throw NPYError("this is not a .npy file: it does not begin with \\x93NUMPY")
    }
    guard bytes[6] == 1 else {
      throw NPYError("this .npy file has version \(bytes[6]).\(bytes[7]); save it as version 1.0")
    }
    let end = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    guard end <= bytes.count else { throw NPYError("the .npy header is longer than the file") }
    let text = String(decoding: bytes[10..<end], as: UTF8.self)
    guard field("fortran_order", in: text)?.hasPrefix("False") == true else {
      throw NPYError("the array is not in C order; save it with numpy.ascontiguousarray")
    }
    guard let type = field("descr", in: text), type.first == "'",
      let descriptor = type.dropFirst().split(separator: "'").first,
      let shape = field("shape", in: text).flatMap(shape)
    else { throw NPYError("the .npy header is malformed: \(text.prefix(80))") }
    return Header(descriptor: String(descriptor), shape: shape, dataOffset: end)
  }

  /// What follows `'name':` in the dictionary.
  private static func field(_ name: String, in text: String) -> Substring? {
    let key = Array("'\(name)':".utf8)
    let bytes = Array(text.utf8)
    guard bytes.count >= key.count else { return nil }
    let start = (0...bytes.count - key.count).first { bytes[$0...].starts(with: key) }
    return start.map { start in
      let rest = String(decoding: bytes[(start + key.count)...], as: UTF8.self)
      return rest.drop { $0 == " " }
    }
  }

  /// `(2, 3)`, `(2,)` or `()`.
  private static func shape(_ text: Substring) -> [Int]? {
    guard text.first == "(", let close = text.firstIndex(of: ")") else { return nil }
    let parts = text[text.index(after: text.startIndex)..<close].split(separator: ",")
    let extents = parts.map { part in part.filter { $0 != " " } }.filter { !$0.isEmpty }
    let shape = extents.compactMap { Int($0) }.filter { $0 >= 0 }
    return shape.count == extents.count ? shape : nil
  }
}
