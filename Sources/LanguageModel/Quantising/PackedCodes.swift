/// Whole numbers of few bits, one after the other from the lowest bits of a byte; the last byte is filled up with zeros.
package struct PackedCodes: Hashable, Sendable {
  /// 1, 2, 4 or 8.
  package let bits: Int
  package private(set) var bytes: [UInt8]

  package init(_ codes: [UInt8], bits: Int) {
    precondition([1, 2, 4, 8].contains(bits), "codes of 1, 2, 4 or 8 bits")
    self.bits = bits
    bytes = .init(repeating: 0, count: Self.size(codes.count, bits: bits))
    let each = 8 / bits
    for (index, code) in codes.enumerated() { bytes[index / each] |= code << (index % each * bits) }
  }

  package init(bytes: [UInt8], bits: Int) {
    self.bits = bits
    self.bytes = bytes
  }

  /// Bytes that `count` codes need.
  package static func size(_ count: Int, bits: Int) -> Int { (count * bits + 7) / 8 }

  package subscript(index: Int) -> UInt8 {
    let each = 8 / bits
    return bytes[index / each] >> (index % each * bits) & UInt8((1 << bits) - 1)
  }
}
