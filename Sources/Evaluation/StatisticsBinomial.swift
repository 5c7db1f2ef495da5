/// The number of successes in n independent trials. Probabilities are built from the most likely
/// number outwards by their ratios and divided by their sum, so no logarithm is needed.
package struct Binomial: Hashable, Sendable {
  /// Of 0…n successes.
  private let probabilities: [Double]

  package init(trials n: Int, probability p: Double) {
    let odds = p / (1 - p)
    let mode = min(n, Int(Double(n + 1) * p))
    var terms = [Double](repeating: 0, count: n + 1)
    terms[mode] = 1
    for i in stride(from: mode, to: n, by: 1) {
      terms[i + 1] = terms[i] * (Double(n - i) / Double(i + 1) * odds)
    }
    for i in stride(from: mode, to: 0, by: -1) {
      terms[i - 1] = terms[i] * (Double(i) / (Double(n - i + 1) * odds))
    }
    // Small terms first, so that they are not lost beside large ones.
    let total = terms[..<mode].reduce(0, +) + terms[mode...].reversed().reduce(0, +)
    probabilities = terms.map { $0 / total }
  }

  /// P(X = k).
  package func probability(of k: Int) -> Double {
    probabilities.indices.contains(k) ? probabilities[k] : 0
  }

  /// P(X ≤ k).
  package func cdf(_ k: Int) -> Double {
    if k < 0 { return 0 }
    if k >= probabilities.count - 1 { return 1 }
    return min(1, probabilities[...k].reduce(0, +))
  }
}

/// McNemar's test of two systems' right and wrong answers to the same questions. Only questions
/// that exactly one of them got right bear on it.
package struct McNemar: Hashable, Sendable {
  /// Questions that only a got right.
  package let onlyA: Int
  /// Questions that only b got right.
  package let onlyB: Int

  package init(onlyA: Int, onlyB: Int) {
    self.onlyA = onlyA
    self.onlyB = onlyB
  }

  /// From each system's answers, in the same order.
  package init(a: [Bool], b: [Bool]) {
    self.init(
      onlyA: zip(a, b).count { $0 && !$1 }, onlyB: zip(a, b).count { !$0 && $1 })
  }

  private var trials: Int { onlyA + onlyB }
  private var smaller: Int { min(onlyA, onlyB) }
  private var distribution: Binomial { Binomial(trials: trials, probability: 0.5) }

  /// The exact two-sided p-value, min(1, 2 P(X ≤ min)), X binomial with ½. It equals the exact
  /// sign-flip permutation test.
  package var exact: Double { min(1, 2 * distribution.cdf(smaller)) }

  /// The mid-p value, less conservative: half the probability of what was seen is taken off each
  /// tail (Fagerland, Lydersen and Laake 2013). With b = c there is one such value, not two.
  package var midP: Double {
    if trials == 0 { return 1 }
    let seen = distribution.probability(of: smaller)
    return onlyA == onlyB ? 1 - seen / 2 : 2 * distribution.cdf(smaller) - seen
  }

  /// (b − c)²/(b + c), χ² with one degree of freedom; with Edwards' correction (|b − c| − 1)²,
  /// never below zero. Nil when no question tells the systems apart.
  package func chiSquare(corrected: Bool) -> Double? {
    guard trials > 0 else { return nil }
    let difference = max(0, Double((onlyA - onlyB).magnitude) - (corrected ? 1 : 0))
    return difference * difference / Double(trials)
  }
}

/// Wilson's score interval of a proportion: right near 0 and 1 and for few trials, where
/// p ± 1.96 SE is not.
package func wilsonInterval(
  successes: Int, trials: Int, z: Double = Interval.normal95
) -> Interval {
  let n = Double(trials)
  let p = Double(successes) / n
  let square = z * z
  let center = (p + square / (2 * n)) / (1 + square / n)
  let half = z * (p * (1 - p) / n + square / (4 * n * n)).squareRoot() / (1 + square / n)
  return Interval(
    lower: successes == 0 ? 0 : center - half, upper: successes == trials ? 1 : center + half)
}
