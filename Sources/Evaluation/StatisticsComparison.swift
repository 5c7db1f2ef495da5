/// A closed interval of numbers.
package struct Interval: Hashable, Sendable {
  package var lower: Double
  package var upper: Double

  package init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }

  /// `value` ± 1.96 standard errors: 95 % of a normal distribution.
  package init(around value: Double, standardError: Double) {
    let half = Interval.normal95 * standardError
    self.init(lower: value - half, upper: value + half)
  }

  package func contains(_ value: Double) -> Bool { lower <= value && value <= upper }

  /// Φ⁻¹(0.975) to double precision.
  package static let normal95 = 1.959963984540054
}

/// Two systems on the same questions: the mean of the differences a − b, and how sure it is
/// (Miller 2024, "Adding Error Bars to Evals", §4). Pairing removes the questions' own difficulty
/// from the error, so always prefer it to `UnpairedComparison` where the questions are the same.
package struct PairedComparison: Hashable, Sendable {
  /// Mean of a − b.
  package let difference: Double
  /// Without clusters: the sample standard deviation of the differences (n − 1) over √n. With
  /// clusters: √(Σ_c (Σ_{i∈c} (d_i − d̄))²) / n, Miller's form, which has no small-sample factor
  /// C/(C − 1). Nil when one question or one cluster leaves nothing to judge by.
  package let standardError: Double?
  /// 95 %, normal. Nil when there is no standard error.
  package let interval: Interval?
  /// Pearson's correlation of a and b; nil when either is constant.
  package let correlation: Double?
  /// Number of questions.
  package let n: Int

  /// Nil when there are no questions or the lists' lengths differ. `clusters` gives each question's
  /// group (questions on one passage, one subject, …), for questions that are not independent.
  package init?(a: [Double], b: [Double], clusters: [Int]? = nil) {
    guard !a.isEmpty, a.count == b.count, clusters.map({ $0.count == a.count }) ?? true else {
      return nil
    }
    let differences = zip(a, b).map { $0 - $1 }
    difference = mean(differences)
    standardError =
      clusters.map { clusteredStandardError(differences, clusters: $0) }
      ?? Evaluation.standardError(differences)
    interval = standardError.map { [difference] in Interval(around: difference, standardError: $0) }
    correlation = Evaluation.correlation(a, b)
    n = a.count
  }
}

extension PairedComparison {
  /// P(|Z| ≥ |difference|/SE): two-sided, normal. Nil without a standard error; 1 when nothing
  /// differs at all.
  package var pValue: Double? { twoSided(difference, standardError) }
}

extension UnpairedComparison {
  /// As `PairedComparison.pValue`.
  package var pValue: Double? { twoSided(difference, standardError) }
}

private func twoSided(_ difference: Double, _ standardError: Double?) -> Double? {
  standardError.map { difference == 0 ? 1 : Normal.twoSided(difference / $0) }
}

/// Two systems of which only values and standard errors are known, or whose questions differ.
package struct UnpairedComparison: Hashable, Sendable {
  /// a − b.
  package let difference: Double
  /// √(seA² + seB²); nil when either is unknown.
  package let standardError: Double?
  /// 95 %, normal. Nil when there is no standard error.
  package let interval: Interval?

  package init(valueA: Double, seA: Double?, valueB: Double, seB: Double?) {
    difference = valueA - valueB
    if let seA, let seB {
      let combined = (seA * seA + seB * seB).squareRoot()
      standardError = combined
      interval = Interval(around: valueA - valueB, standardError: combined)
    } else {
      (standardError, interval) = (nil, nil)
    }
  }
}
