package import ContentStore
import Ledger
package import Pipeline

/// Carrying one recorded stage out again in several ways, to see which of them change its bits.
package enum Audit {
  /// Tries a stage of a run in all these ways, one after the other, each from its beginning with the
  /// inputs on record. Every trial is an execution of a run with the purpose `audit`.
  /// - Parameter repetitions: how often each way is tried.
  package static func run(
    _ run: Digest, stage: String, ways: [AuditWay], repetitions: Int = 1, in workspace: Workspace,
    options: RunOptions, registry: StageRegistry, observer: any RunObserver
  ) throws -> AuditReport {
    guard let recorded = try workspace.ledger.run(run) else {
      throw RunnerError(.wrong, "there is no run \(run)")
    }
    let rows = try workspace.ledger.stages(ofRun: run)
    guard let row = rows.first(where: { $0.name == stage }) else {
      throw RunnerError(
        .wrong, "the run has no stage \"\(stage)\"\(didYouMean(stage, among: rows.map(\.name)))")
    }
    guard let recipe = try row.recipe.flatMap(workspace.ledger.recipe),
      let original = try row.execution.flatMap(workspace.ledger.execution),
      let expected = original.end?.result
    else {
      throw RunnerError(.wrong, "the run has no result of its stage \"\(stage)\" to audit")
    }
    if let obstacle = RecipeObstacle(workspace, registry, options).find(recipe) {
      throw RunnerError(.failed, "cannot audit \"\(stage)\": \(obstacle)")
    }
    var start = recorded.start
    start.purpose = .audit
    start.parent = BranchPoint(run: run, stage: stage)
    start.arguments = options.arguments
    start.isLocked = false
    start.process = .current
    let trials = ways.flatMap { way in
      (1...max(1, repetitions)).map { count in
        (way: way, name: "\(stage) (\(way.name)\(repetitions > 1 ? ", \(count)" : ""))")
      }
    }
    start.stages = trials.map(\.name)
    return try Auditor(
      workspace: workspace, options: options, registry: registry, observer: observer, row: row,
      recipe: recipe, original: original, expected: expected,
      recorder: RunRecorder(workspace, options, start), trials: trials
    ).run()
  }
}

/// One audit on its way.
private struct Auditor {
  let workspace: Workspace
  let options: RunOptions
  let registry: StageRegistry
  let observer: any RunObserver
  let row: RunStage
  let recipe: Recipe
  let original: RecordedExecution
  let expected: StageResult
  let recorder: RunRecorder
  let trials: [(way: AuditWay, name: String)]

  func run() throws -> AuditReport {
    observer.run(.planned(trials.map(\.name)))
    var report = AuditReport(
      run: nil, stage: row.name, recipe: original.recipe, trials: [], ending: .done)
    do {
      for index in trials.indices {
        if report.ending == .interrupted { break }
        let (trial, isStopping) = try carryOut(index)
        report.trials.append(trial)
        if isStopping { report.ending = .interrupted }
      }
      if recorder.run != nil { try recorder.end(report.ending) }
    } catch {
      if recorder.run != nil { try? recorder.end(.failed) }
      throw error
    }
    report.run = recorder.run
    return report
  }

  /// One trial, with workers of its own: each way has other options. Says too whether a stop was asked
  /// for.
  private func carryOut(_ index: Int) throws -> (AuditReport.Trial, isStopping: Bool) {
    let (way, name) = trials[index]
    let options = way.options(options)
    let pool = try WorkerPool(workspace, options, registry, observer)
    do {
      let finished = try start(way, name, index, pool, options)
      let trial = AuditReport.Trial(
        way: way,
        verdict: try ReplayVerdict(workspace, registry)
          .judge(finished, expected: expected, of: original),
        execution: finished.job.execution, seconds: finished.seconds)
      tell(trial, name)
      return (trial, pool.isStopping)
    } catch {
      pool.abandon(error)
      throw error
    }
  }

  private func start(
    _ way: AuditWay, _ name: String, _ index: Int, _ pool: WorkerPool, _ options: RunOptions
  ) throws -> WorkerPool.Finished {
    var recipe = recipe
    recipe.numerics = way.numerics ?? recipe.numerics
    let digest = SHA256.hash(try recipe.json.canonical())
    var answer = row
    (answer.name, answer.position, answer.recipe) = (name, index, digest)
    answer.outcome = .executed
    let execution = try recorder.beginExecution(
      of: recipe, stage: answer, resumedFrom: nil, options: options)
    try pool.start(
      WorkerPool.Job(
        stage: name, recipe: recipe, digest: digest, execution: execution,
        attempt: try Attempt.replay(of: digest, in: workspace)))
    while true {
      if let finished = try pool.wait().first { return finished }
    }
  }

  private func tell(_ trial: AuditReport.Trial, _ name: String) {
    switch trial.verdict {
    case .failed(let message): observer.run(.stage(name, .failed(message)))
    case .skipped: observer.run(.stage(name, .interrupted))
    default: observer.run(.stage(name, .done(seconds: trial.seconds ?? 0)))
    }
  }
}
