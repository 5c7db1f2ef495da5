package import Numerics

/// How GGUF stores a tensor's elements, by ggml's type codes. The quantised kinds hold 32 neighbouring
/// elements of a row in a block (ggml `ggml-common.h`, `block_q4_0` and so on).
package enum GGUFElement: UInt32, Sendable, CaseIterable, CustomStringConvertible {
  case f32 = 0
  case f16 = 1
  /// x = d · (q − 8), d a half float, q of 4 bits.
  case q4_0 = 2
  /// x = d · q + m, d and m half floats, q of 4 bits.
  case q4_1 = 3
  /// x = d · q, d a half float, q of 8 bits, signed.
  case q8_0 = 8
  case bf16 = 30

  package var description: String {
    switch self {
    case .f32: "F32"
    case .f16: "F16"
    case .q4_0: "Q4_0"
    case .q4_1: "Q4_1"
    case .q8_0: "Q8_0"
    case .bf16: "BF16"
    }
  }

  /// Elements in a block.
  var blockLength: Int {
    switch self {
    case .f32, .f16, .bf16: 1
    case .q4_0, .q4_1, .q8_0: 32
    }
  }

  /// Bytes of a block.
  var blockSize: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    case .q4_0: 18
    case .q4_1: 20
    case .q8_0: 34
    }
  }

  /// Bytes of a tensor; nil when it is empty, its rows are not whole blocks, or the product is absurd.
  func bytes(innermostFirst extents: [Int]) -> Int? {
    guard let row = extents.first, row % blockLength == 0, extents.allSatisfy({ $0 > 0 }) else {
      return nil
    }
    var size = blockSize
    for extent in [row / blockLength] + extents.dropFirst() {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      size = product
    }
    return size
  }

  /// The elements. `data` must have the size that `count` elements need.
  package func decode(_ data: ArraySlice<UInt8>, count: Int) -> Floats {
    precondition(data.count == count / blockLength * blockSize, "a tensor's bytes must fit it")
    let result = Floats(count: count)
    data.withUnsafeBytes { bytes in
      result.withMutableSpan { values in
        for block in 0..<count / blockLength {
          decode(bytes, at: block * blockSize, into: &values, from: block * blockLength)
        }
      }
    }
    return result
  }

  /// Decodes one block.
  private func decode(
    _ bytes: UnsafeRawBufferPointer, at offset: Int, into values: inout MutableSpan<Float>,
    from first: Int
  ) {
    func half(_ at: Int) -> Float { Safetensors.float(half: Self.word(bytes, offset + at)) }
    switch self {
    case .f32:
      let low = UInt32(Self.word(bytes, offset))
      values[first] = Float(bitPattern: UInt32(Self.word(bytes, offset + 2)) << 16 | low)
    case .f16: values[first] = half(0)
    case .bf16: values[first] = Float(bitPattern: UInt32(Self.word(bytes, offset)) << 16)
    case .q8_0:
      let scale = half(0)
      for index in 0..<32 {
        values[first + index] = scale * Float(Int8(bitPattern: bytes[offset + 2 + index]))
      }
    case .q4_0:
      let scale = half(0)
      for index in 0..<16 {
        let pair = Int(bytes[offset + 2 + index])
        values[first + index] = scale * Float(pair & 15 - 8)
        values[first + 16 + index] = scale * Float(pair >> 4 - 8)
      }
    case .q4_1:
      let (scale, minimum) = (half(0), half(2))
      for index in 0..<16 {
        let pair = Int(bytes[offset + 4 + index])
        values[first + index] = scale * Float(pair & 15) + minimum
        values[first + 16 + index] = scale * Float(pair >> 4) + minimum
      }
    }
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt16 {
    UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8
  }
}
