/// Elementary functions by the project's own polynomials: the same bits on every machine, where
/// libm's change with the CPU. Errors are measured in units in the last place (ulp) of the result,
/// against mpmath, by the tests. Never inlined: a module compiled without FMA instructions would
/// call libm for them.
package enum Elementary {
  /// eˣ, within 1 ulp.
  @inline(never)
  package static func exp(_ x: Double) -> Double {
    if x.isNaN { return x }
    if x > 710 { return .infinity }
    if x < -746 { return 0 }
    // Adding 1.5 · 2⁵² rounds to an integer, which then stands in the low bits.
    let shifted = (0x1.8p52).addingProduct(x, 0x1.71547652b82fep0)
    let n = shifted - 0x1.8p52
    var r = x.addingProduct(-n, 0x1.62e42fefa39efp-1)
    r.addProduct(-n, 0x1.abc9e3b39803fp-56)
    let k = Int(truncatingIfNeeded: Int64(bitPattern: shifted.bitPattern &- (0x1.8p52).bitPattern))
    let half = k >> 1
    return expPolynomial(r) * powerOfTwo(half) * powerOfTwo(k - half)
  }

  /// Taylor's polynomial of eʳ for |r| ≤ ln 2 / 2: its error there is below 2⁻⁵⁷.
  private static func expPolynomial(_ r: Double) -> Double {
    var p = 1.0 / 6_227_020_800
    p = (1.0 / 479_001_600).addingProduct(p, r)
    p = (1.0 / 39_916_800).addingProduct(p, r)
    p = (1.0 / 3_628_800).addingProduct(p, r)
    p = (1.0 / 362_880).addingProduct(p, r)
    p = (1.0 / 40_320).addingProduct(p, r)
    p = (1.0 / 5_040).addingProduct(p, r)
    p = (1.0 / 720).addingProduct(p, r)
    p = (1.0 / 120).addingProduct(p, r)
    p = (1.0 / 24).addingProduct(p, r)
    p = (1.0 / 6).addingProduct(p, r)
    p = 0.5.addingProduct(p, r)
    return 1 + r.addingProduct(p * r, r)
  }

  /// 2ᵏ for −1022 ≤ k ≤ 1023.
  private static func powerOfTwo(_ k: Int) -> Double {
    Double(bitPattern: UInt64(k + 1023) << 52)
  }

  /// The natural logarithm, within 1 ulp; −∞ at 0, NaN below.
  @inline(never)
  package static func log(_ x: Double) -> Double {
    if let special = logSpecial(x) { return special }
    let (high, low) = logParts(x)
    return high + low
  }

  private static func logSpecial(_ x: Double) -> Double? {
    if x.isNaN { return x }
    if x == 0 { return -.infinity }
    if x < 0 { return .nan }
    return x == .infinity ? x : nil
  }

  /// log x as a sum of two doubles, for finite x > 0. The polynomial is fdlibm's (Sun, 1993), in
  /// s = f / (2 + f) with x = 2ᵏ (1 + f), √½ ≤ 1 + f < √2.
  private static func logParts(_ x: Double) -> (high: Double, low: Double) {
    let scaled = x < 0x1p-1022 ? x * 0x1p54 : x
    let bits = scaled.bitPattern &+ (0x3FF0_0000_0000_0000 &- (0.5).squareRoot().bitPattern)
    let k = Double(Int(bits >> 52) - 1023 - (x < 0x1p-1022 ? 54 : 0))
    let mantissa = Double(
      bitPattern: (bits & 0x000F_FFFF_FFFF_FFFF) &+ (0.5).squareRoot().bitPattern)
    let f = mantissa - 1
    let u = 2 + f
    let s = f / u
    let rest = f.addingProduct(-s, u).addingProduct(-s, f - (u - 2)) / u
    let z = s * s
    var r = 0x1.2f112df3e5244p-3
    r = (0x1.39a09d078c69fp-3).addingProduct(r, z)
    r = (0x1.7466496cb03dep-3).addingProduct(r, z)
    r = (0x1.c71c51d8e78afp-3).addingProduct(r, z)
    r = (0x1.2492494229359p-2).addingProduct(r, z)
    r = (0x1.999999997fa04p-2).addingProduct(r, z)
    r = (0x1.5555555555593p-1).addingProduct(r, z)
    // k · 0x1.62e42feep-1 is exact: the constant has 32 bits.
    let a = k * 0x1.62e42feep-1
    let high = a + 2 * s
    let error = a == 0 ? 0 : (a - high) + 2 * s
    let low = (2 * rest).addingProduct(s, r * z).addingProduct(k, 0x1.a39ef35793c76p-33) + error
    let sum = high + low
    return (sum, (high - sum) + low)
  }

  /// xʸ for x ≥ 0 (NaN below), within 2 ulp for results between 1e-12 and 1e12.
  @inline(never)
  package static func pow(_ x: Double, _ y: Double) -> Double {
    if y == 0 || x == 1 { return 1 }
    if let special = logSpecial(x) { return exp(y * special) }
    let (high, low) = logParts(x)
    let product = y * high
    let error = (-product).addingProduct(y, high).addingProduct(y, low)
    let power = exp(product)
    return power == 0 || !power.isFinite ? power : power.addingProduct(power, error)
  }

  /// 1 / (1 + e⁻ˣ).
  @inline(never)
  package static func sigmoid(_ x: Double) -> Double {
    let small = exp(-x.magnitude)
    return (x < 0 ? small : 1) / (1 + small)
  }

  /// log σ(x), accurate in both tails.
  package static func logSigmoid(_ x: Double) -> Double { -softplus(-x) }

  /// log(1 + eˣ), without overflow.
  @inline(never)
  package static func softplus(_ x: Double) -> Double {
    let small = exp(-x.magnitude)
    let sum = 1 + small
    return max(x, 0) + (log(sum) + (small - (sum - 1)) / sum)
  }

  /// Within 2 ulp.
  @inline(never)
  package static func tanh(_ x: Double) -> Double {
    let size = x.magnitude
    if size == 0 { return x }
    if size < 0.36 { return x.addingProduct(x * (x * x), tanhPolynomial(x * x)) }
    let grown = exp(2 * min(size, 20))
    let result = size > 20 ? 1 : (grown - 1) / (grown + 1)
    return x.isNaN ? x : x < 0 ? -result : result
  }

  /// (tanh x / x − 1) / x² in x² for |x| ≤ 0.36: a Chebyshev fit, error 1e-22.
  private static func tanhPolynomial(_ z: Double) -> Double {
    var p = -2.958642040572694e-05
    p = (9.409076673023424e-05).addingProduct(p, z)
    p = (-0.00023865091731988528).addingProduct(p, z)
    p = (0.0005899766058831082).addingProduct(p, z)
    p = (-0.0014558308959659676).addingProduct(p, z)
    p = (0.0035921278821031866).addingProduct(p, z)
    p = (-0.008863235525632477).addingProduct(p, z)
    p = (0.021869488536086255).addingProduct(p, z)
    p = (-0.053968253968253395).addingProduct(p, z)
    p = (0.13333333333333333).addingProduct(p, z)
    return (-0.3333333333333333).addingProduct(p, z)
  }

  /// The float functions are the kernels' lanes: one value gives what it gives in an array.
  @inline(never)
  package static func exp(_ x: Float) -> Float { laneExp(Lanes(repeating: x))[0] }
  @inline(never)
  package static func tanh(_ x: Float) -> Float { laneTanh(Lanes(repeating: x))[0] }
  @inline(never)
  package static func sigmoid(_ x: Float) -> Float { laneSigmoid(Lanes(repeating: x))[0] }
  /// Within 0.51 ulp.
  @inline(never)
  package static func log(_ x: Float) -> Float { Float(log(Double(x))) }
}
