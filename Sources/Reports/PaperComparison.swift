import Evaluation
package import Ledger
package import Pipeline

/// A run's scores beside those that a paper publishes: models of another scale, so nothing is subtracted.
package struct PaperComparison: Sendable {
  package struct Row: Sendable {
    package var size: String
    /// `base`, `instruct`, …; may be empty.
    package var group: String
    package var score: String
    package var reported: Double
    package var source: String
    /// The stage of ours that has a score of the name, or that the figures name as having the nearest.
    package var stage: String?
    /// What the score is called with us, where a stage is known; it may be another test than the paper's.
    package var ourScore: String?
    /// Its value, the mean over replicates; nil too when the run has no such score of the stage.
    package var ours: Double?
    package var standardError: Double?
    package var count: Int?
  }

  package var rows: [Row]
  package var run: RecordedRun
  package var replicates: Int
  /// Parameters of the largest model of ours; nil when the experiment's ops are not known.
  package var ourParameters: Double?
  /// By size, where the paper's are known.
  package var theirParameters: [(size: String, value: Double)]

  /// - Parameter runs: a run and its replicates.
  package init(_ runs: [RunRecords], _ reported: Reported, ourParameters: Double?) {
    run = runs[0].run
    replicates = runs.count
    self.ourParameters = ourParameters
    theirParameters = reported.plans.compactMap { plan in
      plan.values.first { $0.quantity == .parameters }.map { (plan.size, $0.value) }
    }
    rows = reported.tables.flatMap { table in
      table.scores.map { Self.row($0, table, runs) }
    }
  }

  private static func row(
    _ score: (name: String, value: Double), _ table: Reported.Table, _ runs: [RunRecords]
  ) -> Row {
    var row = Row(
      size: table.size, group: table.group, score: score.name, reported: score.value,
      source: table.source)
    guard let place = place(of: score.name, table, runs[0]) else { return row }
    row.stage = place.stage
    row.ourScore = place.score
    guard runs[0].score(place) != nil else { return row }
    let scores = runs.compactMap { $0.score(place) }
    row.ours = mean(scores.map(\.value))
    row.standardError =
      scores.count > 1 ? Evaluation.standardError(scores.map(\.value)) : scores[0].standardError
    row.count = scores[0].count
    return row
  }

  /// Where ours is: where the figures say so, else in their stage by the same name, else in the last stage that has
  /// a score of the name: what the pipeline ends with.
  private static func place(
    of name: String, _ table: Reported.Table, _ run: RunRecords
  ) -> Reported.Counterpart? {
    if let named = table.ours[name] { return named }
    let candidates = table.stage.map { [$0] } ?? run.order.reversed()
    return candidates.map { Reported.Counterpart(stage: $0, score: name) }
      .first { run.score($0) != nil }
  }
}

extension RunRecords {
  fileprivate func score(_ place: Reported.Counterpart) -> Score? {
    stages[place.stage]?.result?.scores[place.score]
  }
}
