/// The arc cosine, within 1 ulp. The rational function is fdlibm's (Sun, 1993).
extension Elementary {
  /// In [0, π]; NaN outside −1...1.
  @inline(never)
  package static func acos(_ x: Double) -> Double {
    guard x.magnitude <= 1 else { return .nan }
    if x.magnitude < 0.5 { return halfPi - (x - (halfPiRest - x * arcRatio(x * x))) }
    return x < 0 ? arcNearMinusOne(x) : arcNearOne(x)
  }

  private static let halfPi = 0x1.921fb54442d18p0
  private static let halfPiRest = 0x1.1a62633145c07p-54

  private static func arcNearMinusOne(_ x: Double) -> Double {
    let z = (1 + x) * 0.5
    let s = z.squareRoot()
    return 2 * halfPi - 2 * (s + (arcRatio(z) * s - halfPiRest))
  }

  /// The root is taken in two parts: its upper 32 bits, whose square is exact, and the rest.
  private static func arcNearOne(_ x: Double) -> Double {
    let z = (1 - x) * 0.5
    if z == 0 { return 0 }
    let s = z.squareRoot()
    let high = Double(bitPattern: s.bitPattern & 0xFFFF_FFFF_0000_0000)
    let rest = (z - high * high) / (s + high)
    return 2 * (high + (arcRatio(z) * s + rest))
  }

  /// (asin √z / √z − 1) for 0 ≤ z ≤ ¼.
  private static func arcRatio(_ z: Double) -> Double {
    var p = 3.47933107596021167570e-05
    p = (7.91534994289814532176e-04).addingProduct(p, z)
    p = (-4.00555345006794114027e-02).addingProduct(p, z)
    p = (2.01212532134862925881e-01).addingProduct(p, z)
    p = (-3.25565818622400915405e-01).addingProduct(p, z)
    p = (1.66666666666666657415e-01).addingProduct(p, z)
    var q = 7.70381505559019352791e-02
    q = (-6.88283971605453293030e-01).addingProduct(q, z)
    q = (2.02094576023350569471).addingProduct(q, z)
    q = (-2.40339491173441421878).addingProduct(q, z)
    return z * p / (1).addingProduct(q, z)
  }
}
