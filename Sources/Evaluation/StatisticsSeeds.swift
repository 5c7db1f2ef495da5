/// Where the variance of scores of K seeds on the same n questions comes from: the two-way random-effects
/// analysis of variance without replication, y = μ + seed + question + rest, by the method of moments
/// (Searle, Casella and McCulloch 1992, §4.3). Components that come out below 0 count as 0.
package struct SeedComponents: Hashable, Sendable {
  package let seeds: Int
  package let questions: Int
  package let mean: Double
  /// σ²_s: of seeds' true means.
  package let seedVariance: Double
  /// σ²_q: of questions' true means.
  package let questionVariance: Double
  /// σ²_e: of what is left, a seed's luck with a question.
  package let restVariance: Double

  /// - Parameter values: by seed, then by question in one order. Nil for fewer than two of either, or when the
  ///   lists' lengths differ.
  package init?(_ values: [[Double]]) {
    guard values.count > 1, let n = values.first?.count, n > 1,
      values.allSatisfy({ $0.count == n })
    else { return nil }
    let k = Double(values.count)
    let bySeed = values.map { Evaluation.mean($0) }
    let byQuestion = (0..<n).map { question in Evaluation.mean(values.map { $0[question] }) }
    let all = Evaluation.mean(bySeed)
    let ofSeeds = Self.squares(bySeed, all) * Double(n) / (k - 1)
    let ofQuestions = Self.squares(byQuestion, all) * k / Double(n - 1)
    var rest = 0.0
    for (seed, row) in values.enumerated() {
      for (question, value) in row.enumerated() {
        let deviation = value - bySeed[seed] - byQuestion[question] + all
        rest += deviation * deviation
      }
    }
    let ofRest = rest / ((k - 1) * Double(n - 1))
    (seeds, questions, mean) = (values.count, n, all)
    seedVariance = max(0, (ofSeeds - ofRest) / Double(n))
    questionVariance = max(0, (ofQuestions - ofRest) / k)
    restVariance = ofRest
  }

  private static func squares(_ values: [Double], _ center: Double) -> Double {
    values.reduce(0) { $0 + ($1 - center) * ($1 - center) }
  }
}

/// A standard error of two independent parts: what other questions, and what other seeds, would give.
package struct TwoPartError: Hashable, Sendable {
  /// Variance of the estimate from questions; nil when unknown, such as of a score without standard error.
  package var questions: Double?
  /// Variance of the estimate from seeds; nil for one seed.
  package var seeds: Double?
  /// Degrees of freedom of the seeds' part.
  package var freedom: Double

  package init(questions: Double?, seeds: Double?, freedom: Double = .infinity) {
    self.questions = questions
    self.seeds = seeds
    self.freedom = freedom
  }

  /// Nil when neither part is known.
  package var standardError: Double? {
    questions == nil && seeds == nil ? nil : ((questions ?? 0) + (seeds ?? 0)).squareRoot()
  }

  /// Of the sum, by Welch and Satterthwaite; the questions' part counts as known exactly, as in ±1.96 s.e.
  package var totalFreedom: Double {
    guard let seeds, seeds > 0, freedom.isFinite else { return .infinity }
    let total = seeds + (questions ?? 0)
    return freedom * (total / seeds) * (total / seeds)
  }

  /// 95 %, by Student's t, which is the normal when freedom is without end.
  package func interval(around value: Double) -> Interval? {
    guard let standardError else { return nil }
    let freedom = totalFreedom
    let width =
      freedom < 1e6 ? StudentT.quantile(0.975, freedom: freedom) : Interval.normal95
    return Interval(lower: value - width * standardError, upper: value + width * standardError)
  }

  /// Two-sided, that the true value is 0. Nil without a standard error.
  package func pValue(of value: Double) -> Double? {
    guard let standardError else { return nil }
    if value == 0 { return 1 }
    if standardError == 0 { return 0 }
    let freedom = totalFreedom
    let z = value / standardError
    return freedom < 1e6 ? StudentT.twoSided(z, freedom: freedom) : Normal.twoSided(z)
  }
}
