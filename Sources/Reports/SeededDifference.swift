import Evaluation
import Ledger

/// A difference in one seed, and what its error is made of.
struct SeededDifference {
  var difference: Double
  var influences = Influences()
  /// What one question that departs from the rest would make; with clusters, one cluster.
  var leastError = 0.0
  /// Variance from quantities that are no outcomes of questions; nil when one has no standard error.
  var others: Double? = 0

  init(_ difference: Double) { self.difference = difference }

  /// b − a of a score.
  init(_ a: (score: Score, sample: ScoreSample?), _ b: (score: Score, sample: ScoreSample?)) {
    self.init(b.score.value - a.score.value)
    add(b.sample, b.score.standardError, times: 1)
    add(a.sample, a.score.standardError, times: -1)
  }

  /// Adds the error of one quantity, times its slope.
  mutating func add(_ sample: ScoreSample?, _ standardError: Double?, times slope: Double) {
    if let sample, sample.n > 1 {
      influences.add(sample, times: slope)
      leastError += slope.magnitude / Double(sample.units)
    } else if let standardError, standardError > 0 {
      // A recorded error of 0 says only that no item departed from the rest.
      others = others.map { $0 + slope * slope * standardError * standardError }
    } else {
      others = nil
    }
  }
}

/// A difference in several seeds, whose mean is what counts.
struct SeedGroup {
  let seeds: [SeededDifference]
  /// Influences on the mean: of a question that every seed asks, the mean of its own, so that luck averages out;
  /// of one that a single seed asks, its share.
  let average: Influences

  init(_ seeds: [SeededDifference]) {
    self.seeds = seeds
    var average = Influences()
    for seed in seeds { average.add(seed.influences, times: 1 / Double(seeds.count)) }
    self.average = average
  }

  var difference: Double { mean(seeds.map(\.difference)) }

  /// What one question of all that depart from the rest would make of the mean.
  var leastError: Double {
    guard average.units > 0 else { return 0 }
    let share = mean(seeds.map { Double($0.influences.units) }) / Double(average.units)
    return mean(seeds.map(\.leastError)) * share
  }

  /// Variance of the mean that is no questions'. It is the same data in every seed, so it does not average out.
  var others: Double? {
    let others = seeds.compactMap(\.others)
    return others.count == seeds.count ? mean(others) : nil
  }

  /// Variance of the mean from seeds: what they differ by beyond their luck with questions. Nil for one.
  var seedVariance: Double? {
    sampleVariance(seeds.map(\.difference)).map { max(0, $0 - luck) / Double(seeds.count) }
  }

  /// What differences would vary by between seeds if only questions, or answers to them, were drawn anew:
  /// Σ_k var(z_k − z̄) / (K − 1).
  private var luck: Double {
    let deviations = seeds.map { seed in
      var deviation = seed.influences
      deviation.add(average, times: -1)
      return deviation.variance ?? 0
    }
    return deviations.reduce(0, +) / Double(seeds.count - 1)
  }
}

extension TwoPartError {
  /// Of the sum of the means of groups, each with seeds of its own; what questions they share cancels.
  init(_ groups: [SeedGroup]) {
    let parts = groups.compactMap(\.seedVariance)
    let sum = parts.reduce(0, +)
    let squares = zip(groups, parts).reduce(0) { $0 + $1.1 * $1.1 / Double($1.0.seeds.count - 1) }
    let freedom =
      groups.count == 1
      ? Double(groups[0].seeds.count - 1) : sum > 0 ? sum * sum / squares : .infinity
    self.init(
      questions: Self.questions(groups), seeds: parts.count == groups.count ? sum : nil,
      freedom: parts.count == groups.count ? freedom : .infinity)
  }

  private static func questions(_ groups: [SeedGroup]) -> Double? {
    let others = groups.compactMap(\.others)
    guard others.count == groups.count else { return nil }
    var all = Influences()
    for group in groups { all.add(group.average, times: 1) }
    guard all.n > 0 else { return others.reduce(0, +) }
    let least = groups.reduce(0) { $0 + $1.leastError }
    return all.variance(least: least).map { $0 + others.reduce(0, +) }
  }
}

extension Influences {
  /// Whether no question, or cluster, goes another way than the rest, but for rounding.
  func isUnanimous(least: Double) -> Bool {
    n > 1 && variance.map { $0 <= least * least * 1e-18 } ?? false
  }

  /// The variance; where none departs from the rest as if one did, for a sample does not prove that none does.
  func variance(least: Double) -> Double? {
    isUnanimous(least: least) ? least * least : variance
  }
}
