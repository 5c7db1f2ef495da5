package import ContentStore
import Ledger
package import Pipeline

/// Carrying recorded recipes out again, to see whether they give the same bits.
package enum Replay {
  /// Replays a run's stages in topological order with the inputs on record, each from its beginning.
  /// - Parameter stages: which ones; empty for all.
  package static func run(
    _ run: Digest, stages: [String], in workspace: Workspace, options: RunOptions,
    registry: StageRegistry, observer: any RunObserver
  ) throws -> ReplayReport {
    try Replayer(
      run, stages: stages, in: workspace, options: options, registry: registry, observer: observer
    ).run()
  }
}

/// One replay on its way.
private final class Replayer {
  let workspace: Workspace
  let registry: StageRegistry
  let options: RunOptions
  let observer: any RunObserver
  /// The stages to replay, with their recipes.
  let rows: [(row: RunStage, recipe: Digest)]
  let pool: WorkerPool
  let recorder: RunRecorder

  init(
    _ run: Digest, stages: [String], in workspace: Workspace, options: RunOptions,
    registry: StageRegistry, observer: any RunObserver
  ) throws {
    (self.workspace, self.registry, self.observer) = (workspace, registry, observer)
    self.options = options
    guard let recorded = try workspace.ledger.run(run) else {
      throw RunnerError(.wrong, "there is no run \(run)")
    }
    let all = try workspace.ledger.stages(ofRun: run)
    for name in stages where !all.contains(where: { $0.name == name }) {
      throw RunnerError(
        .wrong, "the run has no stage \"\(name)\"\(didYouMean(name, among: all.map(\.name)))")
    }
    rows = try all.compactMap { row in
      guard stages.isEmpty || stages.contains(row.name) else { return nil }
      if let recipe = row.recipe { return (row, recipe) }
      if stages.isEmpty { return nil }
      throw RunnerError(.wrong, "the run never came to its stage \"\(row.name)\"")
    }
    // Asked before anything is recorded, so that the record of the machine tells of its libraries.
    for (_, recipe) in rows {
      _ = try workspace.ledger.recipe(recipe)?.numerics.flatMap(options.engineObstacle)
    }
    pool = try WorkerPool(workspace, options, registry, observer)
    var start = recorded.start
    start.purpose = .replay
    start.parent = BranchPoint(run: run)
    start.stages = rows.map(\.row.name)
    start.arguments = options.arguments
    start.isLocked = false
    start.process = .current
    recorder = RunRecorder(workspace, options, start)
  }

  func run() throws -> ReplayReport {
    observer.run(.planned(rows.map(\.row.name)))
    var report = ReplayReport(run: nil, stages: [], ending: .done)
    do {
      for (row, recipe) in rows { report.stages.append(try replay(row, recipe)) }
      report.ending = pool.isStopping ? .interrupted : .done
      if recorder.run != nil { try recorder.end(report.ending) }
    } catch {
      pool.abandon(error)
      if recorder.run != nil { try? recorder.end(.failed) }
      throw error
    }
    report.run = recorder.run
    return report
  }

  private func replay(_ row: RunStage, _ digest: Digest) throws -> ReplayReport.Stage {
    var stage = ReplayReport.Stage(
      name: row.name, op: row.op, recipe: digest, verdict: .skipped)
    if pool.isStopping { return stage }
    guard let recipe = try workspace.ledger.recipe(digest),
      let original = try row.execution.flatMap(workspace.ledger.execution),
      let expected = original.end?.result
    else {
      stage.verdict = .failed("cannot replay: the run has no result of this stage")
      return stage
    }
    if let obstacle = RecipeObstacle(workspace, registry, options).find(recipe) {
      stage.verdict = .failed("cannot replay: \(obstacle)")
      observer.run(.stage(row.name, .failed(obstacle)))
      return stage
    }
    let finished = try carryOut(recipe, digest, row)
    stage.execution = finished.job.execution
    stage.seconds = finished.seconds
    stage.verdict = try ReplayVerdict(workspace, registry)
      .judge(finished, expected: expected, of: original)
    tell(stage)
    return stage
  }

  private func carryOut(
    _ recipe: Recipe, _ digest: Digest, _ row: RunStage
  ) throws -> WorkerPool.Finished {
    var answer = row
    answer.outcome = .executed
    let execution = try recorder.beginExecution(of: recipe, stage: answer, resumedFrom: nil)
    try pool.start(
      WorkerPool.Job(
        stage: row.name, recipe: recipe, digest: digest, execution: execution,
        attempt: try Attempt.replay(of: digest, in: workspace)))
    while true {
      if let finished = try pool.wait().first { return finished }
    }
  }

  private func tell(_ stage: ReplayReport.Stage) {
    switch stage.verdict {
    case .failed(let message): observer.run(.stage(stage.name, .failed(message)))
    case .skipped: observer.run(.stage(stage.name, .interrupted))
    default: observer.run(.stage(stage.name, .done(seconds: stage.seconds ?? 0)))
    }
  }
}
