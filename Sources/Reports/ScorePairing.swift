package import Evaluation
package import Ledger

extension RunComparison {
  /// A score that both runs have.
  package struct ScorePair: Sendable {
    package var stage: String
    package var name: String
    package var a: Score
    package var b: Score
    /// b − a.
    package var difference: Double
    package var standardError: Double?
    /// 95 %.
    package var interval: Interval?
    /// Two-sided, that the true difference is 0.
    package var pValue: Double?
    /// The same after Holm, over the scores of its family: whole tests are one, the parts of a test
    /// (`NAME/…`) another.
    package var adjustedPValue: Double?
    /// Questions that both answered, when the difference is paired.
    package var paired: Int?
    /// Clusters of those, when they come in clusters.
    package var clusters: Int?
    /// Correlation of the paired answers.
    package var correlation: Double?
    /// When the answers are right or wrong.
    package var mcNemar: McNemar?
    /// Questions that a difference like this takes to be found in 4 of 5 tries (power 0.8, significance 0.05).
    package var questionsNeeded: Int?
    /// The smallest difference that these questions find in 4 of 5 tries.
    package var detectable: Double?
    /// When both sides have replicates.
    package var seeds: SeedPair?
  }

  /// A score over the replicates of both sides.
  package struct SeedPair: Sendable {
    package var a: [Double]
    package var b: [Double]
    /// Mean of b less mean of a.
    package var difference: Double
    /// Welch's test over the seeds' scores, questions as they are; nil when nothing varies.
    package var welch: WelchTest?
    /// Parts of the difference's variance: other questions, other seeds.
    package var error: TwoPartError
    package var interval: Interval?
    package var pValue: Double?
    /// Where a side's variance comes from, when its questions are known.
    package var components: [SeedComponents?]
  }
}

/// Compares the scores of two groups of replicates; the first of each group are the runs that were named.
struct ScorePairing {
  private let a: [RunRecords]
  private let b: [RunRecords]
  private let cluster: String

  init(_ a: [RunRecords], _ b: [RunRecords], cluster: String) {
    self.a = a
    self.b = b
    self.cluster = cluster
  }

  func pairs(_ stages: [String]) throws -> [RunComparison.ScorePair] {
    var pairs = try stages.flatMap { try scores(of: $0) }
    adjust(&pairs)
    return pairs
  }

  private func scores(of stage: String) throws -> [RunComparison.ScorePair] {
    guard let left = a[0].stages[stage]?.result, let right = b[0].stages[stage]?.result else {
      return []
    }
    return try left.scores.keys.sorted().compactMap { name in
      guard let before = left.scores[name], let after = right.scores[name] else { return nil }
      var pair = RunComparison.ScorePair(
        stage: stage, name: name, a: before, b: after, difference: after.value - before.value)
      let hasSeeds = a.count > 1 && b.count > 1
      if left == right && !hasSeeds { return pair }
      if left != right {
        try complete(
          &pair, sample(a[0], stage, name, before), sample(b[0], stage, name, after))
      }
      if hasSeeds { pair.seeds = try seeds(stage, name) }
      return pair
    }
  }

  private func sample(
    _ run: RunRecords, _ stage: String, _ name: String, _ score: Score
  ) throws -> ScoreSample? {
    try run.outcomes(of: stage)?.sample(ofScore: name, score, cluster: cluster)
  }

  // MARK: One run of each

  private func complete(
    _ pair: inout RunComparison.ScorePair, _ a: ScoreSample?, _ b: ScoreSample?
  ) {
    if let a, let b, Set(a.order) == Set(b.order) {
      completePaired(&pair, a, b)
    } else if pair.a.standardError != nil, pair.b.standardError != nil {
      let unpaired = UnpairedComparison(
        valueA: pair.b.value, seA: pair.b.standardError, valueB: pair.a.value,
        seB: pair.a.standardError)
      pair.standardError = unpaired.standardError
      pair.interval = unpaired.interval
      pair.pValue = unpaired.pValue
    }
  }

  private func completePaired(
    _ pair: inout RunComparison.ScorePair, _ a: ScoreSample, _ b: ScoreSample
  ) {
    var influences = Influences()
    influences.add(b, times: 1)
    influences.add(a, times: -1)
    let variance = influences.variance
    let error = TwoPartError(questions: variance, seeds: nil)
    pair.standardError = error.standardError
    pair.interval = error.interval(around: pair.difference)
    pair.pValue = error.pValue(of: pair.difference)
    pair.paired = influences.n
    pair.clusters = influences.isClustered ? Set(influences.clusters.values).count : nil
    if let variance, variance > 0 {
      let power = PowerAnalysis(differenceVariance: variance * Double(influences.n))
      if pair.difference != 0 {
        pair.questionsNeeded = power.questions(effect: pair.difference)
      }
      pair.detectable = power.detectableEffect(questions: influences.n)
    }
    let values = a.order.map { (a.entries[$0]?.value, b.entries[$0]?.value) }
    let (first, second) = (values.compactMap(\.0), values.compactMap(\.1))
    guard first.count == values.count, second.count == values.count else { return }
    pair.correlation = correlation(first, second)
    if (first + second).allSatisfy({ $0 == 0 || $0 == 1 }) {
      pair.mcNemar = McNemar(a: first.map { $0 == 1 }, b: second.map { $0 == 1 })
    }
  }

  /// Holm over the whole tests, and over the parts of each.
  private func adjust(_ pairs: inout [RunComparison.ScorePair]) {
    var families: [String: [Int]] = [:]
    for (index, pair) in pairs.enumerated() where pair.pValue != nil {
      let parts = pair.name.split(separator: "/", maxSplits: 1)
      families[parts.count > 1 ? "\(pair.stage)/\(parts[0])" : "", default: []].append(index)
    }
    for members in families.values {
      let adjusted = holmAdjusted(members.map { pairs[$0].pValue ?? 1 })
      for (index, value) in zip(members, adjusted) { pairs[index].adjustedPValue = value }
    }
  }

  // MARK: Replicates

  private func seeds(_ stage: String, _ name: String) throws -> RunComparison.SeedPair? {
    let sides = try [a, b].map { try SeedSide($0, stage, name, cluster) }
    guard let left = sides[0], let right = sides[1] else { return nil }
    let difference = mean(right.values) - mean(left.values)
    let parts = (left.seedVariance, right.seedVariance)
    let sum = parts.0 + parts.1
    let freedom =
      sum * sum
      / (parts.0 * parts.0 / Double(left.values.count - 1)
        + parts.1 * parts.1 / Double(right.values.count - 1))
    let error = TwoPartError(
      questions: Self.questionVariance(left, right), seeds: sum,
      freedom: sum > 0 ? freedom : .infinity)
    return RunComparison.SeedPair(
      a: left.values, b: right.values, difference: difference,
      welch: WelchTest(a: right.values, b: left.values), error: error,
      interval: error.interval(around: difference), pValue: error.pValue(of: difference),
      components: [left.components, right.components])
  }

  /// Of the difference, answers averaged over seeds first (Miller 2024, §3.3).
  private static func questionVariance(_ a: SeedSide, _ b: SeedSide) -> Double? {
    guard let left = a.influences, let right = b.influences else {
      guard let first = a.standardError, let second = b.standardError else { return nil }
      return first * first + second * second
    }
    var both = right
    both.add(left, times: -1)
    return both.variance
  }
}

/// A score of one group of replicates.
private struct SeedSide {
  var values: [Double]
  /// Averaged over seeds; nil when the score is not made of outcomes.
  var influences: Influences?
  var components: SeedComponents?
  /// The root of the mean square of the seeds' standard errors.
  var standardError: Double?

  /// Nil when a replicate lacks the score.
  init?(_ runs: [RunRecords], _ stage: String, _ name: String, _ cluster: String) throws {
    let scores = runs.compactMap { $0.stages[stage]?.result?.scores[name] }
    guard scores.count == runs.count else { return nil }
    values = scores.map(\.value)
    let errors = scores.compactMap(\.standardError)
    if errors.count == scores.count {
      standardError = mean(errors.map { $0 * $0 }).squareRoot()
    }
    let samples = try zip(runs, scores).compactMap { run, score in
      try run.outcomes(of: stage)?.sample(ofScore: name, score, cluster: cluster)
    }
    guard samples.count == runs.count, let order = samples.first?.order,
      samples.allSatisfy({ Set($0.order) == Set(order) })
    else { return }
    var average = Influences()
    for sample in samples { average.add(sample, times: 1 / Double(samples.count)) }
    influences = average
    components = SeedComponents(
      samples.map { sample in
        order.map { (sample.entries[$0]?.influence ?? 0) * Double(order.count) + sample.value }
      })
  }

  /// Of the mean over seeds: what seeds differ by beyond their luck with questions.
  var seedVariance: Double {
    (components?.seedVariance ?? sampleVariance(values) ?? 0) / Double(values.count)
  }
}
