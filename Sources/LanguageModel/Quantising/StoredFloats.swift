/// How scales and tables are stored. What is computed with them is what is stored.
package enum StoredPrecision: String, CaseIterable, Sendable {
  case float16, float32

  package var type: Safetensors.ElementType { self == .float16 ? .f16 : .f32 }

  /// The nearest value that can be stored.
  package func rounded(_ value: Float) -> Float {
    self == .float32 ? value : Safetensors.float(half: Self.half(value))
  }

  /// Little-endian bytes of values that `rounded` gave.
  func bytes(_ values: [Float]) -> [UInt8] {
    switch self {
    case .float16:
      values.flatMap { value in
        let bits = Self.half(value)
        return [UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8)]
      }
    case .float32:
      values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init) }
    }
  }

  /// IEEE binary32 to binary16, to nearest, ties to even; beyond 65,504 to infinity.
  static func half(_ value: Float) -> UInt16 {
    let sign = UInt16(value.bitPattern >> 31) << 15
    let magnitude = value.magnitude
    if magnitude.isNaN { return sign | 0x7E00 }
    if magnitude >= 65520 { return sign | 0x7C00 }
    if magnitude < 0x1p-14 {
      // Subnormal: a multiple of 2⁻²⁴. Adding and taking off 2²³ rounds to a whole number.
      let scaled = magnitude * 0x1p24
      return sign | UInt16((scaled + 0x1p23) - 0x1p23)
    }
    // Ten bits of fraction stay; a carry goes on into the exponent.
    let bits = magnitude.bitPattern
    let rounded = bits + 0xFFF + (bits >> 13 & 1)
    return sign | UInt16((rounded - (112 << 23)) >> 13)
  }
}
