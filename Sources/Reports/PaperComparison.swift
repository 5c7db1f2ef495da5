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
    /// The stage of ours that has a score of the name, and its value, the mean over replicates.
    package var stage: String?
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
    // Without a stage, the last that has the score: what the pipeline ends with.
    let candidates = table.stage.map { [$0] } ?? runs[0].order.reversed()
    let found = candidates.first { runs[0].stages[$0]?.result?.scores[score.name] != nil }
    guard let found else { return row }
    let scores = runs.compactMap { $0.stages[found]?.result?.scores[score.name] }
    row.stage = found
    row.ours = mean(scores.map(\.value))
    row.standardError =
      scores.count > 1 ? Evaluation.standardError(scores.map(\.value)) : scores[0].standardError
    row.count = scores[0].count
    return row
  }
}
