/// What a claim says of a run: arithmetic on scores and metrics, compared and joined (docs/claims.md).
package indirect enum ClaimExpression: Hashable, Sendable {
  package enum Operator: String, Sendable { case plus = "+", minus = "−", times = "×", over = "÷" }
  package enum Relation: String, Sendable {
    case less = "<", lessOrEqual = "≤", greater = ">", greaterOrEqual = "≥", equal = "=", unequal =
      "≠"
  }

  case number(Double)
  case quantity(ClaimQuantity)
  case negative(ClaimExpression)
  case absolute(ClaimExpression)
  case arithmetic(Operator, ClaimExpression, ClaimExpression)
  case comparison(ClaimComparison)
  case not(ClaimExpression)
  case and(ClaimExpression, ClaimExpression)
  case or(ClaimExpression, ClaimExpression)
}

/// Two numbers held against each other: what an interval decides.
package struct ClaimComparison: Hashable, Sendable {
  package var left: ClaimExpression
  package var relation: ClaimExpression.Relation
  package var right: ClaimExpression
  /// As it is written.
  package var text: String
}

/// A number that a run recorded.
package struct ClaimQuantity: Hashable, Sendable {
  package enum Point: Hashable, Sendable {
    case last
    case step(Int)
  }

  package enum Kind: Hashable, Sendable {
    case score(String)
    case metric(String, Point)
  }

  package var stage: String
  /// The output that the score is thought of as being of; it must exist, and decides nothing.
  package var output: String?
  package var kind: Kind

  package init(stage: String, output: String?, kind: Kind) {
    self.stage = stage
    self.output = output
    self.kind = kind
  }

  /// As it is written.
  package var text: String {
    let place = stage + (output.map { ".\($0)" } ?? "")
    switch kind {
    case .score(let name): return "score(\(place), '\(name)')"
    case .metric(let series, .last): return "metric(\(place), '\(series)', last)"
    case .metric(let series, .step(let step)): return "metric(\(place), '\(series)', \(step))"
    }
  }
}

extension ClaimExpression {
  /// Whether it is true or false, not a number.
  package var isStatement: Bool {
    switch self {
    case .comparison, .not, .and, .or: true
    default: false
    }
  }

  /// The numbers of the run that it needs, in order of appearance, each once.
  package var quantities: [ClaimQuantity] {
    switch self {
    case .number: []
    case .quantity(let quantity): [quantity]
    case .negative(let inner), .absolute(let inner), .not(let inner): inner.quantities
    case .arithmetic(_, let a, let b), .and(let a, let b), .or(let a, let b):
      (a.quantities + b.quantities).unique
    case .comparison(let comparison):
      (comparison.left.quantities + comparison.right.quantities).unique
    }
  }

  /// Its comparisons, from left to right.
  package var comparisons: [ClaimComparison] {
    switch self {
    case .comparison(let comparison): [comparison]
    case .not(let inner): inner.comparisons
    case .and(let a, let b), .or(let a, let b): a.comparisons + b.comparisons
    default: []
    }
  }
}

extension ClaimExpression {
  /// The same with every quantity replaced.
  func mapQuantities(
    _ change: (ClaimQuantity) throws(ClaimError) -> ClaimQuantity
  ) throws(ClaimError) -> ClaimExpression {
    switch self {
    case .number: return self
    case .quantity(let quantity): return .quantity(try change(quantity))
    case .negative(let inner): return .negative(try inner.mapQuantities(change))
    case .absolute(let inner): return .absolute(try inner.mapQuantities(change))
    case .not(let inner): return .not(try inner.mapQuantities(change))
    case .arithmetic(let operation, let a, let b):
      return .arithmetic(operation, try a.mapQuantities(change), try b.mapQuantities(change))
    case .and(let a, let b): return .and(try a.mapQuantities(change), try b.mapQuantities(change))
    case .or(let a, let b): return .or(try a.mapQuantities(change), try b.mapQuantities(change))
    case .comparison(var comparison):
      comparison.left = try comparison.left.mapQuantities(change)
      comparison.right = try comparison.right.mapQuantities(change)
      return .comparison(comparison)
    }
  }
}

extension [ClaimQuantity] {
  fileprivate var unique: [ClaimQuantity] {
    reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}
