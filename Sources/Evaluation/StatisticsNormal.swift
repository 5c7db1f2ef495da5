import Numerics

/// The standard normal distribution.
package enum Normal {
  /// P(Z ≤ x), by Cody's rational approximations (W. J. Cody, "Rational Chebyshev approximations
  /// for the error function", 1969, in the form of R's `pnorm`). Relative error about 1e-15, in
  /// the lower tail too.
  package static func cdf(_ x: Double) -> Double { x > 0 ? 1 - upperTail(x) : upperTail(-x) }

  /// P(|Z| ≥ |z|): the two-sided p-value.
  package static func twoSided(_ z: Double) -> Double { min(1, 2 * upperTail(z.magnitude)) }

  /// P(Z ≥ y) for y ≥ 0.
  private static func upperTail(_ y: Double) -> Double {
    if y <= 0.67448975 { return 0.5 - y * ratio(centre, y * y) }
    if y <= 5.656854249492381 { return gaussian(y) * ratio(flank, y) }
    let square = 1 / (y * y)
    return gaussian(y) * (0.39894228040143267794 - square * ratio(tail, square)) / y
  }

  /// exp(−y²/2), with y² split so that its rounding error does not grow.
  private static func gaussian(_ y: Double) -> Double {
    let coarse = (y * 16).rounded(.towardZero) / 16
    let rest = (y - coarse) * (y + coarse)
    return Elementary.exp(-coarse * coarse * 0.5) * Elementary.exp(-rest * 0.5)
  }

  private typealias Rational = (numerator: [Double], denominator: [Double])

  /// A quotient of polynomials, coefficients from the highest power down.
  private static func ratio(_ polynomials: Rational, _ x: Double) -> Double {
    horner(polynomials.numerator, x) / horner(polynomials.denominator, x)
  }

  private static func horner(_ coefficients: [Double], _ x: Double) -> Double {
    coefficients.reduce(0) { $0 * x + $1 }
  }

  private static let centre: Rational = (
    [
      0.065682337918207449113, 2.2352520354606839287, 161.02823106855587881,
      1067.6894854603709582, 18154.981253343561249,
    ],
    [1, 47.20258190468824187, 976.09855173777669322, 10260.932208618978205, 45507.789335026729956]
  )
  private static let flank: Rational = (
    [
      1.0765576773720192317e-8, 0.39894151208813466764, 8.8831497943883759412,
      93.506656132177855979, 597.27027639480026226, 2494.5375852903726711, 6848.1904505362823326,
      11602.651437647350124, 9842.7148383839780218,
    ],
    [
      1, 22.266688044328115691, 235.38790178262499861, 1519.377599407554805, 6485.558298266760755,
      18615.571640885098091, 34900.952721145977266, 38912.003286093271411, 19685.429676859990727,
    ]
  )
  private static let tail: Rational = (
    [
      0.02307344176494017303, 0.21589853405795699, 0.1274011611602473639, 0.022235277870649807,
      0.001421619193227893466, 2.9112874951168792e-5,
    ],
    [
      1, 1.28426009614491121, 0.468238212480865118, 0.0659881378689285515, 0.00378239633202758244,
      7.29751555083966205e-5,
    ]
  )

  /// The x with P(Z ≤ x) = p, 0 < p < 1: Wichura's algorithm AS 241 (Applied Statistics 37, 1988),
  /// `PPND16`, relative error about 1e-16. ±∞ at the ends, NaN outside.
  package static func quantile(_ p: Double) -> Double {
    guard p > 0, p < 1 else { return p == 0 ? -.infinity : p == 1 ? .infinity : .nan }
    let q = p - 0.5
    if q.magnitude <= 0.425 { return q * ratio(quantileCentre, 0.180625 - q * q) }
    let r = (-Elementary.log(q < 0 ? p : 1 - p)).squareRoot()
    let x = r <= 5 ? ratio(quantileFlank, r - 1.6) : ratio(quantileTail, r - 5)
    return q < 0 ? -x : x
  }

  private static let quantileCentre: Rational = (
    [
      2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
      13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
    ],
    [
      5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
      5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1,
    ]
  )
  private static let quantileFlank: Rational = (
    [
      7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
      1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959,
      1.42343711074968357734,
    ],
    [
      1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
      0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187,
      1,
    ]
  )
  private static let quantileTail: Rational = (
    [
      2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
      0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699,
      6.6579046435011037772,
    ],
    [
      2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
      7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
      0.59983220655588793769, 1,
    ]
  )
}
