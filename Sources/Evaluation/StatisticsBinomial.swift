/// P(X ≤ k) for X the number of successes in n trials of probability p. Terms are built from the
/// mode outwards by their ratios and divided by their sum, so no logarithm is needed.
package func binomialCDF(_ k: Int, trials n: Int, probability p: Double) -> Double {
  if k < 0 { return 0 }
  if k >= n { return 1 }
  if p <= 0 { return 1 }
  if p >= 1 { return 0 }
  let terms = binomialTerms(trials: n, probability: p)
  // Small terms first, so that they are not lost beside large ones.
  let lower = terms[...k].reduce(0, +)
  let upper = terms[(k + 1)...].reversed().reduce(0, +)
  return lower / (lower + upper)
}

/// The binomial probabilities of 0…n, times a common factor that makes the greatest 1.
private func binomialTerms(trials n: Int, probability p: Double) -> [Double] {
  let odds = p / (1 - p)
  var terms = [Double](repeating: 0, count: n + 1)
  let mode = min(n, Int(Double(n + 1) * p))
  terms[mode] = 1
  for i in stride(from: mode, to: n, by: 1) {
    terms[i + 1] = terms[i] * (Double(n - i) / Double(i + 1) * odds)
  }
  for i in stride(from: mode, to: 0, by: -1) {
    terms[i - 1] = terms[i] * (Double(i) / (Double(n - i + 1) * odds))
  }
  return terms
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

  /// The exact two-sided p-value, min(1, 2 P(X ≤ min)), X binomial with ½. It equals the exact
  /// sign-flip permutation test.
  package var exact: Double {
    min(1, 2 * binomialCDF(smaller, trials: trials, probability: 0.5))
  }

  /// The mid-p value: the exact one less P(X = min) (Fagerland et al. 2013); less conservative.
  package var midP: Double {
    guard onlyA != onlyB else {
      return trials == 0 ? 1 : 1 - probability(smaller)
    }
    return 2 * binomialCDF(smaller, trials: trials, probability: 0.5) - probability(smaller)
  }

  private func probability(_ k: Int) -> Double {
    binomialCDF(k, trials: trials, probability: 0.5)
      - binomialCDF(k - 1, trials: trials, probability: 0.5)
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
