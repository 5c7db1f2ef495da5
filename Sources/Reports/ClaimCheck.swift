import ContentStore
package import Evaluation
import Ledger
package import Pipeline

/// What became of a claim.
package enum ClaimVerdict: String, Sendable {
  case holds
  case doesNotHold = "does not hold"
  case cannotBeTold = "cannot be told"
}

/// A comparison of a claim, held against what is recorded.
package struct ComparisonResult: Sendable {
  package var text: String
  /// Left less right, the mean over replicates.
  package var difference: Double
  package var error: TwoPartError
  package var interval: Interval?
  /// Questions whose outcomes decide, when all sides are outcomes of questions.
  package var questions: Int?
  /// How the interval was found, or why there is none; a few words.
  package var method: String
  package var verdict: ClaimVerdict
}

/// A claim, held against a run and its replicates.
package struct ClaimResult: Sendable {
  package var claim: Claim
  /// Nil when it cannot be evaluated.
  package var verdict: ClaimVerdict?
  package var comparisons: [ComparisonResult]
  package var replicates: Int
  /// Why it cannot be evaluated: a score is missing.
  package var error: String?
}

/// Something that a claim needs is not on record.
struct MissingQuantity: Error {
  var message: String
}

extension ClaimResult {
  /// Holds a claim against runs that differ in their seeds alone.
  /// - Parameter cluster: the member of outcomes' lines that groups questions.
  package init(_ claim: Claim, _ runs: [RunRecords], cluster: String = "cluster") throws {
    self.claim = claim
    replicates = runs.count
    comparisons = []
    do {
      let check = try ClaimCheck(claim.expression.quantities, runs, cluster: cluster)
      let results = claim.expression.comparisons.map { check.result($0) }
      comparisons = results
      var rest = results[...]
      verdict = claim.expression.verdict { rest.removeFirst().verdict }
    } catch let missing as MissingQuantity {
      error = missing.message
    }
  }
}

extension ClaimExpression {
  /// Joins the comparisons' verdicts, taken from left to right: what cannot be told stays so unless the other
  /// side decides alone (Kleene's strong three-valued logic).
  fileprivate func verdict(_ next: () -> ClaimVerdict) -> ClaimVerdict {
    switch self {
    case .comparison: return next()
    case .not(let inner):
      switch inner.verdict(next) {
      case .holds: return .doesNotHold
      case .doesNotHold: return .holds
      case .cannotBeTold: return .cannotBeTold
      }
    case .and(let a, let b):
      let both = [a.verdict(next), b.verdict(next)]
      if both.contains(.doesNotHold) { return .doesNotHold }
      return both == [.holds, .holds] ? .holds : .cannotBeTold
    case .or(let a, let b):
      let both = [a.verdict(next), b.verdict(next)]
      if both.contains(.holds) { return .holds }
      return both == [.doesNotHold, .doesNotHold] ? .doesNotHold : .cannotBeTold
    default: return .cannotBeTold
    }
  }
}

/// The numbers of a claim in every replicate, and the errors of what is made of them.
///
/// A difference D of smooth expressions has, to first order, the error Σ ∂D/∂xᵢ · δxᵢ. For scores that are outcomes
/// of questions, δxᵢ is a sum of influences, a question each, so that what two scores have in common cancels; others
/// come with their own standard errors, taken as independent. Over replicates, the influences are averaged
/// first; what D varies by between them beyond the questions' luck is the seeds' part.
private struct ClaimCheck {
  /// One quantity in one replicate.
  struct Leaf {
    var value: Double
    var standardError: Double?
    var sample: ScoreSample?
  }

  let places: [ClaimQuantity: Int]
  /// By replicate, then by quantity.
  let leaves: [[Leaf]]

  init(_ quantities: [ClaimQuantity], _ runs: [RunRecords], cluster: String) throws {
    places = Dictionary(zip(quantities, 0...)) { first, _ in first }
    leaves = try runs.map { run in
      try quantities.map { try Leaf($0, run, cluster: cluster) }
    }
  }

  func result(_ comparison: ClaimComparison) -> ComparisonResult {
    let replicates = leaves.map { SeededDifference(comparison, $0, places) }
    let group = SeedGroup(replicates)
    let (difference, error) = (group.difference, TwoPartError([group]))
    let isFinite = replicates.allSatisfy(\.difference.isFinite)
    let interval = isFinite ? error.interval(around: difference) : nil
    return ComparisonResult(
      text: comparison.text, difference: difference, error: error, interval: interval,
      questions: Self.questions(replicates),
      method: isFinite ? Self.method(replicates, error) : "not a finite number",
      verdict: interval.map { comparison.relation.verdict($0, difference) } ?? .cannotBeTold)
  }

  private static func questions(_ replicates: [SeededDifference]) -> Int? {
    let isPaired = replicates.allSatisfy { $0.influences.n > 0 && $0.others == .some(0) }
    return isPaired ? replicates.map(\.influences.n).max() : nil
  }

  private static func method(_ replicates: [SeededDifference], _ error: TwoPartError) -> String {
    var parts: [String] = []
    if replicates.allSatisfy({ $0.influences.n > 0 }) {
      let influences = replicates[0].influences
      let clusters = Set(influences.clusters.values).count
      parts.append(
        "\(influences.n) questions" + (influences.isClustered ? " in \(clusters) clusters" : ""))
    }
    if replicates.allSatisfy({ ($0.others ?? 0) > 0 }) { parts.append("standard errors of scores") }
    if replicates.count > 1 { parts.append("spread of \(replicates.count) seeds") }
    if error.standardError == nil {
      return "one seed, and no standard error is recorded; run with --replicates"
    }
    return parts.isEmpty ? "nothing that varies" : parts.joined(separator: ", ")
  }
}

extension ClaimExpression.Relation {
  /// What an interval of left less right says of the relation.
  fileprivate func verdict(_ interval: Interval, _ difference: Double) -> ClaimVerdict {
    let isExact = interval.lower == interval.upper
    switch self {
    case .greater, .greaterOrEqual:
      if isExact, difference == 0 { return self == .greater ? .doesNotHold : .holds }
      return interval.lower > 0 ? .holds : interval.upper < 0 ? .doesNotHold : .cannotBeTold
    case .less, .lessOrEqual:
      if isExact, difference == 0 { return self == .less ? .doesNotHold : .holds }
      return interval.upper < 0 ? .holds : interval.lower > 0 ? .doesNotHold : .cannotBeTold
    case .equal:
      return !interval.contains(0) ? .doesNotHold : isExact ? .holds : .cannotBeTold
    case .unequal:
      return !interval.contains(0) ? .holds : isExact ? .doesNotHold : .cannotBeTold
    }
  }
}

extension SeededDifference {
  /// Left less right of a comparison.
  fileprivate init(
    _ comparison: ClaimComparison, _ leaves: [ClaimCheck.Leaf], _ places: [ClaimQuantity: Int]
  ) {
    let linear = Linear(.arithmetic(.minus, comparison.left, comparison.right), leaves, places)
    self.init(linear.value)
    for (place, slope) in linear.slopes.sorted(by: { $0.key < $1.key }) {
      add(leaves[place].sample, leaves[place].standardError, times: slope)
    }
  }
}

/// A number and its slopes in the quantities that it is made of.
private struct Linear {
  var value: Double
  var slopes: [Int: Double] = [:]

  init(_ value: Double, _ slopes: [Int: Double] = [:]) {
    self.value = value
    self.slopes = slopes
  }

  init(
    _ expression: ClaimExpression, _ leaves: [ClaimCheck.Leaf], _ places: [ClaimQuantity: Int]
  ) {
    func part(_ inner: ClaimExpression) -> Linear { Linear(inner, leaves, places) }
    switch expression {
    case .number(let value): self.init(value)
    case .quantity(let quantity):
      let place = places[quantity] ?? 0
      self.init(leaves[place].value, [place: 1])
    case .negative(let inner): self = part(inner).scaled(by: -1)
    case .absolute(let inner):
      let linear = part(inner)
      self = linear.scaled(by: linear.value < 0 ? -1 : 1)
    case .arithmetic(let operation, let a, let b): self.init(operation, part(a), part(b))
    default: self.init(.nan)
    }
  }

  private init(_ operation: ClaimExpression.Operator, _ a: Linear, _ b: Linear) {
    switch operation {
    case .plus: self.init(a.value + b.value, Self.sum(a.slopes, 1, b.slopes, 1))
    case .minus: self.init(a.value - b.value, Self.sum(a.slopes, 1, b.slopes, -1))
    case .times:
      self.init(a.value * b.value, Self.sum(a.slopes, b.value, b.slopes, a.value))
    case .over:
      let quotient = a.value / b.value
      self.init(quotient, Self.sum(a.slopes, 1 / b.value, b.slopes, -quotient / b.value))
    }
  }

  private func scaled(by factor: Double) -> Linear {
    Linear(value * factor, slopes.mapValues { $0 * factor })
  }

  private static func sum(
    _ a: [Int: Double], _ first: Double, _ b: [Int: Double], _ second: Double
  ) -> [Int: Double] {
    a.mapValues { $0 * first }.merging(b.mapValues { $0 * second }) { $0 + $1 }
  }
}

extension ClaimCheck.Leaf {
  /// Throws `MissingQuantity` when the run has no such number.
  fileprivate init(_ quantity: ClaimQuantity, _ run: RunRecords, cluster: String) throws {
    switch quantity.kind {
    case .score(let name): self = try Self.score(name, quantity, run, cluster)
    case .metric(let series, let point): self = try Self.metric(series, point, quantity, run)
    }
  }

  private static func score(
    _ name: String, _ quantity: ClaimQuantity, _ run: RunRecords, _ cluster: String
  ) throws -> ClaimCheck.Leaf {
    guard let result = run.stages[quantity.stage]?.result else {
      throw MissingQuantity(
        message:
          "\(quantity.text): the stage \(quantity.stage) has no result in run \(run.run.id.short)")
    }
    guard let score = result.scores[name] else {
      let known = result.scores.keys.sorted()
      throw MissingQuantity(
        message: "\(quantity.text): run \(run.run.id.short) has no such score"
          + didYouMean(name, among: known)
          + "; it has \(known.isEmpty ? "none" : known.joined(separator: ", "))")
    }
    let sample = try run.outcomes(of: quantity.stage)?
      .sample(ofScore: name, score, cluster: cluster)
    return ClaimCheck.Leaf(
      value: score.value, standardError: score.standardError, sample: sample)
  }

  private static func metric(
    _ series: String, _ point: ClaimQuantity.Point, _ quantity: ClaimQuantity, _ run: RunRecords
  ) throws -> ClaimCheck.Leaf {
    let points = try run.points(of: quantity.stage, series: series)
    guard let last = points.last else {
      let known = try run.series(of: quantity.stage)
      throw MissingQuantity(
        message: "\(quantity.text): run \(run.run.id.short) has no such metric"
          + didYouMean(series, among: known)
          + "; it has \(known.isEmpty ? "none" : known.joined(separator: ", "))")
    }
    guard case .step(let step) = point else { return ClaimCheck.Leaf(value: last.value) }
    guard let found = points.last(where: { $0.step == step }) else {
      throw MissingQuantity(
        message: "\(quantity.text): there is no point of step \(step); the last is \(last.step)")
    }
    return ClaimCheck.Leaf(value: found.value)
  }
}
