/// Sine and cosine, within 1 ulp for every finite argument. The polynomials are fdlibm's (Sun, 1993).
extension Elementary {
  @inline(never)
  package static func sin(_ x: Double) -> Double {
    guard x.isFinite else { return .nan }
    let angle = ReducedAngle(x)
    let value = angle.quadrant & 1 == 0 ? angle.sine : angle.cosine
    return angle.quadrant & 2 == 0 ? value : -value
  }

  @inline(never)
  package static func cos(_ x: Double) -> Double {
    guard x.isFinite else { return .nan }
    let angle = ReducedAngle(x)
    let value = angle.quadrant & 1 == 0 ? angle.cosine : angle.sine
    return (angle.quadrant &+ 1) & 2 == 0 ? value : -value
  }
}

/// x = quadrant · π/2 + high + low, |high| ≤ π/4.
private struct ReducedAngle {
  var quadrant: Int
  var high: Double
  var low: Double

  private static let halfPi = (0x1.921fb54442d18p0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110)

  private init(quadrant: Int, high: Double, low: Double) {
    self.quadrant = quadrant
    self.high = high
    self.low = low
  }

  init(_ x: Double) {
    if x.magnitude <= 0x1.921fb54442d18p-1 {
      self.init(quadrant: 0, high: x, low: 0)
    } else if x.magnitude < 0x1p25 {
      self.init(moderate: x)
    } else {
      self.init(huge: x)
    }
  }

  /// Cody and Waite: x − n · π/2 with π/2 as three doubles; the first difference is exact.
  private init(moderate x: Double) {
    let shifted = (0x1.8p52).addingProduct(x, 0x1.45f306dc9c883p-1)
    let n = shifted - 0x1.8p52
    quadrant = Int(truncatingIfNeeded: shifted.bitPattern & 3)
    let first = x.addingProduct(-n, Self.halfPi.0)
    let product = n * Self.halfPi.1
    let productError = (-product).addingProduct(n, Self.halfPi.1)
    let sum = first - product
    let back = sum - first
    let sumError = (first - (sum - back)) - (product + back)
    let rest = (sumError - productError).addingProduct(-n, Self.halfPi.2)
    high = sum + rest
    low = (sum - high) + rest
  }

  /// Payne and Hanek 1983: only those bits of 2/π matter whose product with x is below 4 and above
  /// the precision wanted.
  private init(huge x: Double) {
    let exponent = Int(x.exponent) - 52
    let integer = x.significandBitPattern | 1 << 52
    let start = exponent - 2
    let top = Self.twoOverPi(start).multipliedFullWidth(by: integer).low
    let middle = Self.twoOverPi(start + 64).multipliedFullWidth(by: integer)
    let bottom = Self.twoOverPi(start + 128).multipliedFullWidth(by: integer)
    let (second, carry) = middle.low.addingReportingOverflow(bottom.high)
    let first = top &+ middle.high &+ (carry ? 1 : 0)
    // 192 bits of x · 2/π mod 4: the quadrant, then the fraction.
    var turns = Int(first >> 62)
    var fraction = (first << 2 | second >> 62, second << 2 | bottom.low >> 62)
    let negative = fraction.0 >> 63 == 1
    if negative {
      turns += 1
      fraction.1 = ~fraction.1 &+ 1
      fraction.0 = ~fraction.0 &+ (fraction.1 == 0 ? 1 : 0)
    }
    let zeros = min(63, fraction.0.leadingZeroBitCount)
    let leading = zeros == 0 ? fraction.0 : fraction.0 << zeros | fraction.1 >> (64 - zeros)
    let following = fraction.1 << zeros
    let unit = Double(sign: .plus, exponent: -zeros - 53, significand: 1)
    let a = Double(leading >> 11) * unit
    let b = Double(leading << 53 | following >> 11) * unit * 0x1p-64
    let product = a * Self.halfPi.0
    let rest = (-product).addingProduct(a, Self.halfPi.0)
      .addingProduct(a, Self.halfPi.1).addingProduct(b, Self.halfPi.0)
    let flip = negative != (x < 0)
    quadrant = x < 0 ? -turns : turns
    high = flip ? -product : product
    low = flip ? -rest : rest
  }

  /// 64 bits of 2/π after the first `offset` behind the binary point.
  private static func twoOverPi(_ offset: Int) -> UInt64 {
    let word = offset >> 6
    let shift = offset & 63
    let high = word < 0 ? 0 : digits[word]
    let low = word + 1 < 0 ? 0 : digits[word + 1]
    return shift == 0 ? high : high << shift | low >> (64 - shift)
  }

  /// 2/π in base 2⁶⁴, from mpmath.
  private static let digits: [UInt64] = [
    0xA2F9_836E_4E44_1529, 0xFC27_57D1_F534_DDC0, 0xDB62_9599_3C43_9041, 0xFE51_63AB_DEBB_C561,
    0xB724_6E3A_424D_D2E0, 0x0649_2EEA_09D1_921C, 0xFE1D_EB1C_B129_A73E, 0xE882_35F5_2EBB_4484,
    0xE99C_7026_B45F_7E41, 0x3991_D639_8353_39F4, 0x9C84_5F8B_BDF9_283B, 0x1FF8_97FF_DE05_980F,
    0xEF2F_118B_5A0A_6D1F, 0x6D36_7ECF_27CB_09B7, 0x4F46_3F66_9E5F_EA2D, 0x7527_BAC7_EBE5_F17B,
    0x3D07_39F7_8A52_92EA, 0x6BFB_5FB1_1F8D_5D08, 0x5603_3046_FC7B_6BAB, 0xF0CF_BC20_9AF4_361D,
  ]

  var sine: Double {
    let z = high * high
    let v = z * high
    var r = 1.58969099521155010221e-10
    r = (-2.50507602534068634195e-08).addingProduct(r, z)
    r = (2.75573137070700676789e-06).addingProduct(r, z)
    r = (-1.98412698298579493134e-04).addingProduct(r, z)
    r = (8.33333333332248946124e-03).addingProduct(r, z)
    return high - ((z * (0.5 * low - v * r) - low) - v * -1.66666666666666324348e-01)
  }

  var cosine: Double {
    let z = high * high
    var r = -1.13596475577881948265e-11
    r = (2.08757232129817482790e-09).addingProduct(r, z)
    r = (-2.75573143513906633035e-07).addingProduct(r, z)
    r = (2.48015872894767294178e-05).addingProduct(r, z)
    r = (-1.38888888888741095749e-03).addingProduct(r, z)
    r = (4.16666666666666019037e-02).addingProduct(r, z)
    let half = 0.5 * z
    let w = 1 - half
    return w + (((1 - w) - half) + (z * (z * r) - high * low))
  }
}
