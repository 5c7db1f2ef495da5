import Numerics

/// Student's t distribution, for means of few values with unknown variance.
package enum StudentT {
  /// P(T ≤ t) with `freedom` > 0 degrees of freedom (not necessarily whole).
  package static func cdf(_ t: Double, freedom: Double) -> Double {
    let tail = upperTail(t.magnitude, freedom)
    return t > 0 ? 1 - tail : tail
  }

  /// P(|T| ≥ |t|): the two-sided p-value.
  package static func twoSided(_ t: Double, freedom: Double) -> Double {
    min(1, 2 * upperTail(t.magnitude, freedom))
  }

  /// The t with P(T ≤ t) = p, by bisection to the last bits.
  package static func quantile(_ p: Double, freedom: Double) -> Double {
    guard p > 0, p < 1 else { return p == 0 ? -.infinity : p == 1 ? .infinity : .nan }
    if p == 0.5 { return 0 }
    let tail = min(p, 1 - p)
    var (low, high) = (0.0, 1.0)
    while upperTail(high, freedom) > tail, high < 1e150 { (low, high) = (high, high * 2) }
    while true {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high { break }
      if upperTail(middle, freedom) > tail { low = middle } else { high = middle }
    }
    return p < 0.5 ? -high : high
  }

  /// P(T ≥ t) = ½ I_{ν/(ν+t²)}(ν/2, ½) for t ≥ 0.
  private static func upperTail(_ t: Double, _ freedom: Double) -> Double {
    if t == 0 { return 0.5 }
    let square = t * t
    return 0.5
      * incompleteBeta(
        a: freedom / 2, b: 0.5, x: freedom / (freedom + square),
        complement: square / (freedom + square))
  }
}

/// The regularised incomplete beta function I_x(a, b), with `complement` = 1 − x given so that it
/// loses no digits. Continued fraction of DLMF 8.17.22, on the side where it converges fast.
func incompleteBeta(a: Double, b: Double, x: Double, complement: Double) -> Double {
  if x <= 0 { return 0 }
  if complement <= 0 { return 1 }
  let front = Elementary.exp(
    a * Elementary.log(x) + b * Elementary.log(complement) + logGamma(a + b) - logGamma(a)
      - logGamma(b))
  if x < (a + 1) / (a + b + 2) { return front * betaFraction(a, b, x) / a }
  return 1 - front * betaFraction(b, a, complement) / b
}

/// The continued fraction of I_x(a, b), by Lentz's method.
private func betaFraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
  let tiny = 1e-300
  func kept(_ value: Double) -> Double { value.magnitude < tiny ? tiny : value }
  var c = 1.0
  var d = 1 / kept(1 - (a + b) * x / (a + 1))
  var result = d
  for step in 1...10_000 {
    let m = Double(step)
    let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    for coefficient in [even, odd] {
      d = 1 / kept(1 + coefficient * d)
      c = kept(1 + coefficient / c)
      result *= c * d
    }
    if (c * d - 1).magnitude < 1e-16 { break }
  }
  return result
}

/// log Γ(x) for x > 0: Stirling's series (DLMF 5.11.1) after moving x up to 15 or more.
func logGamma(_ x: Double) -> Double {
  var (shifted, product) = (x, 1.0)
  while shifted < 15 {
    product *= shifted
    shifted += 1
  }
  let inverse = 1 / shifted
  let square = inverse * inverse
  // B₂ₖ / (2k (2k − 1)), k = 7…1.
  let coefficients: [Double] = [
    1 / 156, -691 / 360_360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12,
  ]
  let series = coefficients.reduce(0) { $0 * square + $1 }
  let halfLogTwoPi = 0.91893853320467274178
  return (shifted - 0.5) * Elementary.log(shifted) - shifted + halfLogTwoPi + series * inverse
    - Elementary.log(product)
}
