/// A mean over a sample.
package struct ScoreEstimate: Hashable, Sendable {
  package var value: Double
  /// Nil when the sample is too small to say.
  package var standardError: Double?
  package var count: Int

  package init(_ value: Double, standardError: Double?, count: Int) {
    self.value = value
    self.standardError = standardError
    self.count = count
  }

  /// The share of true values, with the harness's standard error (n − 1).
  package init(_ values: [Bool]) { self.init(of: values.map { $0 ? 1.0 : 0.0 }) }

  /// The mean of some numbers, with its standard error (n − 1).
  package init(of numbers: [Double]) {
    self.init(mean(numbers), standardError: Evaluation.standardError(numbers), count: numbers.count)
  }

  /// Groups joined by size, as lm-evaluation-harness does with `weight_by_size: true`:
  /// Σ nᵢmᵢ / Σ nᵢ, with the pooled standard error √(Σ (nᵢ − 1) nᵢ seᵢ² / (Σ nᵢ − k) / Σ nᵢ).
  package static func micro(_ groups: [ScoreEstimate]) -> ScoreEstimate {
    let total = groups.reduce(0) { $0 + $1.count }
    let sum = groups.reduce(0.0) { $0 + $1.value * Double($1.count) }
    let squares = groups.reduce(0.0) { sum, group in
      // One question alone has no standard error, and its weight nᵢ − 1 is zero.
      let error = group.standardError ?? 0
      return sum + Double(group.count - 1) * error * error * Double(group.count)
    }
    let freedom = total - groups.count
    let error =
      freedom > 0 ? (squares / Double(freedom) / Double(total)).squareRoot() : nil
    return ScoreEstimate(sum / Double(total), standardError: error, count: total)
  }

  /// The plain mean of groups, with √(Σ seᵢ²) / k (`weight_by_size: false`, 0.4.13).
  package static func macro(_ groups: [ScoreEstimate]) -> ScoreEstimate {
    let count = groups.reduce(0) { $0 + $1.count }
    let errors = groups.compactMap(\.standardError)
    let error =
      errors.count == groups.count
      ? errors.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(groups.count) : nil
    return ScoreEstimate(mean(groups.map(\.value)), standardError: error, count: count)
  }
}

/// A test's accuracies: per subject, per category, and of the whole.
package struct TestScores: Hashable, Sendable {
  package var subjects: [String: ScoreEstimate]
  /// Only categories with a subject among those scored.
  package var categories: [SubjectCategory: ScoreEstimate]
  package var micro: ScoreEstimate
  package var macro: ScoreEstimate

  /// Nil when there are no outcomes.
  package init?(_ outcomes: [QuestionOutcome]) {
    self.init(of: outcomes.map { (subject: $0.subject, value: $0.isCorrect ? 1.0 : 0.0) })
  }

  /// Of numbers by subject; nil when there are none.
  package init?(of values: [(subject: String, value: Double)]) {
    guard !values.isEmpty else { return nil }
    let groups = Dictionary(grouping: values, by: \.subject)
      .mapValues { ScoreEstimate(of: $0.map(\.value)) }
    // Sums of floating-point numbers depend on their order, so it is fixed: by subject.
    let sorted = groups.sorted { $0.key < $1.key }
    subjects = groups
    micro = .micro(sorted.map(\.value))
    macro = .macro(sorted.map(\.value))
    categories = [:]
    for category in SubjectCategory.allCases {
      let members = sorted.filter { category.subjects.contains($0.key) }
      if !members.isEmpty { categories[category] = .micro(members.map(\.value)) }
    }
  }

  /// All of them by name: `NAME` (micro), `NAME/macro`, `NAME/<category>`, `NAME/<subject>`.
  /// Alone `NAME` where the data names no subjects.
  package func named(_ name: String) -> [String: ScoreEstimate] {
    if subjects.keys.elementsEqual([""]) { return [name: micro] }
    var result = [name: micro, "\(name)/macro": macro]
    for (category, estimate) in categories { result["\(name)/\(category.rawValue)"] = estimate }
    for (subject, estimate) in subjects { result["\(name)/\(subject)"] = estimate }
    return result
  }
}
