package import ContentStore
package import Ledger

/// What is recorded of a run's stages, and of its replicates, as far as scores and metrics go. Outcomes are read
/// once, when they are first asked for.
package final class RunRecords {
  /// A stage of one run.
  struct Stage {
    var row: RunStage
    var result: StageResult?
  }

  package let run: RecordedRun
  let ledger: Ledger
  let read: (Digest) throws -> [UInt8]
  private(set) var order: [String] = []
  private(set) var stages: [String: Stage] = [:]
  private var outcomes: [String: Outcomes?] = [:]
  private var points: [String: [MetricPoint]] = [:]

  /// - Parameter read: the bytes of an object.
  package init(
    _ run: RecordedRun, in ledger: Ledger, read: @escaping (Digest) throws -> [UInt8]
  ) throws {
    self.run = run
    self.ledger = ledger
    self.read = read
    for row in try ledger.stages(ofRun: run.id) {
      order.append(row.name)
      let execution = try row.execution.flatMap { try ledger.execution($0) }
      stages[row.name] = Stage(row: row, result: execution?.end?.result)
    }
  }

  /// A run and its replicates that have ended well, the run first; a replicate alone is by itself.
  package static func group(
    _ run: RecordedRun, in ledger: Ledger, read: @escaping (Digest) throws -> [UInt8]
  ) throws -> [RunRecords] {
    let others = try ledger.replicates(of: run.id).compactMap { try ledger.run($0) }
    return try ([run] + others).map { try RunRecords($0, in: ledger, read: read) }
  }

  /// The experiment's seed, 0 where it gives none; nil when what was run is not on record.
  var seed: JSON? { run.start.merged["experiment"].map { $0["seed"] ?? 0 } }

  /// What a stage was told of training text that holds its questions.
  private func contamination(of stage: String) throws -> Artifact? {
    let recipe = try stages[stage]?.row.recipe.flatMap { try ledger.recipe($0) }
    return recipe?.inputs["contamination"]?.first { $0.kind == .file }
  }

  func outcomes(of stage: String) throws -> Outcomes? {
    if let known = outcomes[stage] { return known }
    let found = try stages[stage]?.result.flatMap {
      try Outcomes($0, contamination: try contamination(of: stage), read)
    }
    outcomes[stage] = .some(found)
    return found
  }

  /// The points of a series of a stage, in their order.
  func points(of stage: String, series: String) throws -> [MetricPoint] {
    let key = "\(stage)\n\(series)"
    if let known = points[key] { return known }
    let execution = stages[stage]?.row.execution
    let found = try execution.map { try ledger.points(of: $0, series: series) } ?? []
    points[key] = found
    return found
  }

  /// Names of a stage's series.
  func series(of stage: String) throws -> [String] {
    try stages[stage]?.row.execution.map { try ledger.series(of: $0) } ?? []
  }
}
