import ContentStore
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
    /// Questions that both answered, when those are most of both sides' and the difference is paired.
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
    /// By seed; where both sides have several seeds in common, of those alone.
    package var a: [Double]
    package var b: [Double]
    /// Whether the two sides' seeds are the same, and a difference is of one seed.
    package var isPaired: Bool
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
  /// The runs with seeds that both sides have, in one order.
  private let shared: (a: [RunRecords], b: [RunRecords])

  init(_ a: [RunRecords], _ b: [RunRecords], cluster: String) {
    self.a = a
    self.b = b
    self.cluster = cluster
    let pairs = a.compactMap { run in
      run.seed.flatMap { seed in b.first { $0.seed == seed } }.map { (run, $0) }
    }
    shared = (pairs.map(\.0), pairs.map(\.1))
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
    guard let a, let b else { return completeUnpaired(&pair, least: 0) }
    let shared = a.order.filter { b.entries[$0] != nil }
    if shared.count * 2 > max(a.n, b.n) {
      completePaired(&pair, a, b, shared)
    } else {
      completeUnpaired(&pair, least: 1 / Double(a.units) + 1 / Double(b.units))
    }
  }

  /// - Parameter least: what one question of each side that departs from the rest would make.
  private func completeUnpaired(_ pair: inout RunComparison.ScorePair, least: Double) {
    guard let first = pair.a.standardError, let second = pair.b.standardError else { return }
    let variance = first * first + second * second
    guard variance > 0 || least > 0 else { return }
    let error = TwoPartError(questions: variance > 0 ? variance : least * least, seeds: nil)
    complete(&pair, error)
  }

  private func complete(_ pair: inout RunComparison.ScorePair, _ error: TwoPartError) {
    pair.standardError = error.standardError
    pair.interval = error.interval(around: pair.difference)
    pair.pValue = error.pValue(of: pair.difference)
  }

  private func completePaired(
    _ pair: inout RunComparison.ScorePair, _ a: ScoreSample, _ b: ScoreSample,
    _ shared: [Outcomes.Question]
  ) {
    let difference = SeededDifference((pair.a, a), (pair.b, b))
    let influences = difference.influences
    complete(&pair, TwoPartError([SeedGroup([difference])]))
    pair.paired = shared.count
    pair.clusters = influences.isClustered ? Set(influences.clusters.values).count : nil
    // Miller's formula is one of questions that both answered.
    if influences.n == shared.count, !influences.isUnanimous(least: difference.leastError) {
      addPower(&pair, influences.variance ?? 0)
    }
    let values = shared.map { (a.entries[$0]?.value, b.entries[$0]?.value) }
    let (first, second) = (values.compactMap(\.0), values.compactMap(\.1))
    guard first.count == values.count, second.count == values.count else { return }
    pair.correlation = correlation(first, second)
    if (first + second).allSatisfy({ $0 == 0 || $0 == 1 }) {
      pair.mcNemar = McNemar(a: first.map { $0 == 1 }, b: second.map { $0 == 1 })
    }
  }

  private func addPower(_ pair: inout RunComparison.ScorePair, _ variance: Double) {
    guard let n = pair.paired, variance > 0 else { return }
    let power = PowerAnalysis(differenceVariance: variance * Double(n))
    if pair.difference != 0 {
      pair.questionsNeeded = power.questions(effect: pair.difference)
    }
    pair.detectable = power.detectableEffect(questions: n)
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
    let isPaired = shared.a.count > 1
    let sides = try (isPaired ? [shared.a, shared.b] : [a, b])
      .map { try SeedSide($0, stage, name, cluster) }
    guard let left = sides[0], let right = sides[1] else { return nil }
    let difference = mean(right.values) - mean(left.values)
    let error = isPaired ? Self.paired(left, right) : Self.independent(left, right)
    return RunComparison.SeedPair(
      a: left.values, b: right.values, isPaired: isPaired, difference: difference,
      welch: WelchTest(a: right.values, b: left.values), error: error,
      interval: error.interval(around: difference), pValue: error.pValue(of: difference),
      components: [left.components, right.components])
  }

  /// Of the differences within seeds.
  private static func paired(_ a: SeedSide, _ b: SeedSide) -> TwoPartError {
    // What is the same in every seed has no error, whatever each side's is.
    if a.scores == b.scores, a.outcomes == b.outcomes {
      return TwoPartError(questions: 0, seeds: 0)
    }
    return TwoPartError([
      SeedGroup(zip(a.quantities, b.quantities).map { SeededDifference($0, $1) })
    ])
  }

  private static func independent(_ a: SeedSide, _ b: SeedSide) -> TwoPartError {
    TwoPartError([a.group(times: -1), b.group(times: 1)])
  }
}

/// A score of one group of replicates.
private struct SeedSide {
  var scores: [Score]
  var samples: [ScoreSample?]
  /// The artifacts with what each seed's questions came to.
  var outcomes: [Artifact?]
  /// Nil when seeds asked other questions, or the score is not made of outcomes.
  var components: SeedComponents?

  var values: [Double] { scores.map(\.value) }
  var quantities: [(score: Score, sample: ScoreSample?)] { Array(zip(scores, samples)) }

  /// Nil when a replicate lacks the score.
  init?(_ runs: [RunRecords], _ stage: String, _ name: String, _ cluster: String) throws {
    let results = runs.compactMap { $0.stages[stage]?.result }
    scores = results.compactMap { $0.scores[name] }
    guard scores.count == runs.count else { return nil }
    outcomes = results.map { $0.outputs["outcomes"] }
    samples = try zip(runs, scores).map { run, score in
      try run.outcomes(of: stage)?.sample(ofScore: name, score, cluster: cluster)
    }
    components = Self.components(samples.compactMap(\.self), of: runs.count)
  }

  private static func components(_ samples: [ScoreSample], of count: Int) -> SeedComponents? {
    guard samples.count == count, let order = samples.first?.order,
      samples.allSatisfy({ Set($0.order) == Set(order) })
    else { return nil }
    return SeedComponents(
      samples.map { sample in
        order.map { (sample.entries[$0]?.influence ?? 0) * Double(order.count) + sample.value }
      })
  }

  /// The score alone, times a factor.
  func group(times factor: Double) -> SeedGroup {
    SeedGroup(
      quantities.map { score, sample in
        var seed = SeededDifference(factor * score.value)
        seed.add(sample, score.standardError, times: factor)
        return seed
      })
  }
}
