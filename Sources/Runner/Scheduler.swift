import ContentStore
import Ledger
import Pipeline

/// Takes an experiment's stages from plan to result: answers what is known, has workers do the rest
/// as soon as their inputs are there, and goes on beside a failure.
final class Scheduler {
  /// A stage on its way.
  final class Node {
    enum State {
      /// Its inputs are not known yet.
      case pending
      /// To be carried out; `isWaiting` while another run does so.
      case queued
      case running
      case ended
    }

    let stage: ResolvedStage
    let position: Int
    let files: [String: Artifact]
    var state = State.pending
    var recipe: Recipe?
    var report: RunReport.Stage
    var isWaiting = false
    /// Carry it out although its result is known, because objects of it are gone.
    var isForced = false

    init(_ stage: ResolvedStage, position: Int, files: [String: Artifact]) {
      (self.stage, self.position, self.files) = (stage, position, files)
      report = RunReport.Stage(name: stage.name, op: stage.stage.op.op, outcome: .skipped)
    }

    /// Ended without a result, so that what needs it cannot run.
    var isDeadEnd: Bool { state == .ended && !hasResult && report.outcome != .planned }

    var hasResult: Bool { report.outcome == .hit || report.outcome == .executed }
  }

  let experiment: ResolvedExperiment
  let workspace: Workspace
  let options: RunOptions
  let observer: any RunObserver
  let nodes: [Node]
  let byName: [String: Node]
  let pool: WorkerPool
  let recorder: RunRecorder
  private let started = Clock.seconds

  init(
    _ experiment: ResolvedExperiment, in workspace: Workspace, options: RunOptions,
    registry: StageRegistry, observer: any RunObserver
  ) throws {
    (self.experiment, self.workspace, self.options) = (experiment, workspace, options)
    self.observer = observer
    let stages = try options.until.map { try experiment.stages(until: $0) } ?? experiment.stages
    let files = FileInputs(workspace: workspace, isStoring: !options.isDryRun)
    nodes = try stages.enumerated().map { position, stage in
      // What a branch takes over from its parent stands in for files of the same port.
      let recorded = options.recordedInputs[stage.name] ?? [:]
      let isComplete = stage.files.keys.allSatisfy { recorded[$0] != nil }
      let found = try isComplete ? [:] : files.artifacts(of: stage)
      return Node(stage, position: position, files: found.merging(recorded) { $1 })
    }
    if !options.isDryRun { try workspace.memo.save() }
    byName = Dictionary(nodes.map { ($0.stage.name, $0) }) { first, _ in first }
    pool = try WorkerPool(workspace, options, registry, observer)
    recorder = RunRecorder(
      workspace, options, Self.start(experiment, options, stages: nodes.map(\.stage.name)))
  }

  /// What is recorded when the run begins, but for the state of the machine.
  private static func start(
    _ experiment: ResolvedExperiment, _ options: RunOptions, stages: [String]
  ) -> RunStart {
    var start = RunStart(
      experiment: experiment.experiment.name, profile: experiment.experiment.profile,
      environment: .null)
    start.overrides = experiment.experiment.overrides
    start.files = options.files
    start.merged = experiment.record
    start.folder = options.folder
    start.stages = stages
    start.parent = options.parent
    start.purpose = options.purpose
    start.replicate = options.replicate
    start.isLocked = options.isLocked
    start.arguments = options.arguments
    return start
  }

  func run() throws -> RunReport {
    observer.run(.planned(nodes.map(\.stage.name)))
    do {
      try advance()
      while !options.isDryRun, pool.count > 0 || hasQueued && !pool.isStopping {
        if !pool.isStopping { try startQueued() }
        for finished in try pool.wait() { try take(finished) }
        try advance()
      }
      return try report()
    } catch {
      pool.abandon(error)
      // Worth a try: a full ledger may have room for one small row.
      if recorder.run != nil { try? recorder.end(.failed) }
      throw error
    }
  }

  private var hasQueued: Bool { nodes.contains { $0.state == .queued } }

  // MARK: Planning

  /// Follows every stage as far as what is known now allows.
  private func advance() throws {
    for node in nodes where node.state == .pending {
      let sources = node.stage.dependencies.compactMap { byName[$0] }
      let failed = sources.filter(\.isDeadEnd)
      if !failed.isEmpty && !pool.isStopping {
        block(node, by: failed)
      } else if sources.allSatisfy(\.hasResult) {
        try plan(node)
      } else if options.isDryRun {
        node.report.outcome = .planned
      }
    }
  }

  private func block(_ node: Node, by failed: [Node]) {
    let names = failed.map(\.stage.name)
    end(node, .blocked, error: names.joined(separator: ", "))
    note(node, .blocked)
    observer.run(.stage(node.stage.name, .blocked(by: names)))
  }

  /// Gives a stage its recipe and answers it from the ledger when it can be.
  private func plan(_ node: Node) throws {
    let recipe = recipe(of: node)
    node.recipe = recipe
    node.report.recipe = SHA256.hash(try recipe.json.canonical())
    if try answer(node) { return }
    if options.isDryRun {
      end(node, .planned)
    } else if let refusal = lockRefusal(node) {
      end(node, .failed, error: refusal)
      note(node, .blocked)
      observer.run(.stage(node.stage.name, .failed(refusal)))
    } else if try restore(inputsOf: node) {
      node.state = .queued
      observer.run(.stage(node.stage.name, .queued))
    }
  }

  private func recipe(of node: Node) -> Recipe {
    var inputs = node.files.mapValues { [$0] }
    for (port, references) in node.stage.inputs {
      inputs[port] = references.compactMap { byName[$0.stage]?.report.result?.outputs[$0.output] }
    }
    let engine = node.stage.numerics.flatMap { options.engineNames[$0] }
    return experiment.recipe(for: node.stage, inputs: inputs, numerics: engine)
  }

  /// With `--locked`, why a stage must not be carried out.
  private func lockRefusal(_ node: Node) -> String? {
    guard options.isLocked, let lock = options.lock else { return nil }
    let locked = lock.stages[node.stage.name]?.recipe
    if locked == node.report.recipe { return nil }
    return "its recipe is not the one in the lock file, and --locked forbids any other"
  }

  // MARK: Answering from the ledger

  /// Takes a known result, if there is one whose objects are there.
  private func answer(_ node: Node) throws -> Bool {
    guard !node.isForced, let digest = node.report.recipe else { return false }
    let results = try workspace.ledger.results(ofRecipe: digest)
    guard
      let known = results.first(where: { result in
        result.result.outputs.values.allSatisfy { workspace.store.isWhole($0) }
      }), let execution = known.executions.first
    else { return false }
    node.report.result = known.result
    node.report.resultDigest = known.digest
    node.report.resultCount = results.count
    node.report.execution = execution
    node.report.seconds = try seconds(of: execution)
    end(node, .hit)
    note(node, .hit)
    observer.run(.stage(node.stage.name, .hit(saved: node.report.seconds)))
    return true
  }

  private func seconds(of execution: Digest) throws -> Double? {
    guard let recorded = try workspace.ledger.execution(execution), let end = recorded.end else {
      return nil
    }
    return end.ended.seconds(since: recorded.start.started)
  }

  /// Looks whether a stage's input objects are all there; sends the stages that gave missing ones
  /// back to be carried out again. Returns whether nothing is missing.
  private func restore(inputsOf node: Node) throws -> Bool {
    var isWhole = true
    for (_, references) in node.stage.inputs.sorted(by: { $0.key < $1.key }) {
      for reference in references {
        guard let source = byName[reference.stage], source.state == .ended,
          let artifact = source.report.result?.outputs[reference.output],
          !workspace.store.isWhole(artifact)
        else { continue }
        if source.isForced {
          throw RunnerError(
            .damaged, "objects of \(reference) are missing though it was just carried out again")
        }
        isWhole = false
        source.isForced = true
        source.state = .pending
        source.report.outcome = .skipped
      }
    }
    if !isWhole { try advance() }
    return isWhole
  }

  // MARK: Carrying out

  private func startQueued() throws {
    for node in nodes where node.state == .queued && pool.count < max(1, options.jobs) {
      guard let recipe = node.recipe, let digest = node.report.recipe else { continue }
      let path = "\(workspace.locksFolder)/recipe-\(digest.hex)"
      guard let lock = try FileLock.tryAcquire(path) else {
        if !node.isWaiting { observer.run(.stage(node.stage.name, .waiting)) }
        node.isWaiting = true
        continue
      }
      // Whoever held the lock may have left a result.
      if try answer(node) {
        try? FileSystem.removeFile(path)
      } else {
        try start(node, recipe, digest, lock)
      }
    }
  }

  private func start(
    _ node: Node, _ recipe: Recipe, _ digest: Digest, _ lock: FileLock
  ) throws {
    let attempt = try Attempt.next(at: digest, in: workspace)
    let snapshot = attempt.snapshot()
    let row = row(node, .executed)
    let isFirst = recorder.run == nil
    let execution = try recorder.beginExecution(
      of: recipe, stage: row, resumedFrom: snapshot?.step)
    node.report.execution = execution
    node.report.resumedFrom = snapshot?.step
    node.state = .running
    if isFirst, let run = recorder.run { observer.run(.recorded(run)) }
    try pool.start(
      WorkerPool.Job(
        stage: node.stage.name, recipe: recipe, digest: digest, execution: execution,
        attempt: attempt, lock: lock, snapshot: snapshot))
  }

  /// Takes over what a worker gave.
  private func take(_ finished: WorkerPool.Finished) throws {
    guard let node = byName[finished.job.stage] else { return }
    node.report.seconds = finished.seconds
    node.report.logTail = finished.logTail
    switch finished.end.ending {
    case .done: try takeResult(finished, node)
    case .interrupted:
      end(node, .interrupted, error: finished.end.error)
      observer.run(.stage(node.stage.name, .interrupted))
    case .failed, .killed:
      end(node, .failed, error: finished.end.error)
      observer.run(.stage(node.stage.name, .failed(finished.end.error ?? "")))
    }
  }

  private func takeResult(_ finished: WorkerPool.Finished, _ node: Node) throws {
    guard let result = finished.end.result else { return }
    let digest = SHA256.hash(try result.json.canonical())
    let known = try workspace.ledger.results(ofRecipe: finished.job.digest)
    node.report.result = result
    node.report.resultDigest = digest
    node.report.resultCount = known.count
    end(node, .executed)
    observer.run(.stage(node.stage.name, .done(seconds: finished.seconds)))
    if let earlier = known.first(where: { $0.digest != digest }) {
      observer.run(.stage(node.stage.name, .differs(earlier: earlier.digest, now: digest)))
    }
  }

  // MARK: Reporting

  private func end(_ node: Node, _ outcome: RunReport.Outcome, error: String? = nil) {
    node.state = .ended
    node.report.outcome = outcome
    node.report.error = error
  }

  private func note(_ node: Node, _ outcome: RunStage.Outcome) {
    recorder.note(row(node, outcome))
  }

  private func row(_ node: Node, _ outcome: RunStage.Outcome) -> RunStage {
    var wiring = node.stage.inputs.mapValues { $0.map(\.description) }
    for (port, artifact) in node.files { wiring[port] = [artifact.digest.description] }
    return RunStage(
      name: node.stage.name, position: node.position, op: node.report.op,
      recipe: node.report.recipe, execution: outcome == .hit ? node.report.execution : nil,
      outcome: outcome, inputs: wiring)
  }

  private func report() throws -> RunReport {
    let ending = ending
    var report = RunReport(
      run: nil, isRecorded: false, stages: nodes.map(\.report), ending: ending, isLocked: false,
      lockDifferences: lockDifferences(), seconds: 0)
    report.isLocked = options.isLocked
    if !options.isDryRun { try record(&report) }
    report.seconds = Clock.seconds - started
    return report
  }

  private var ending: Ending {
    if pool.isStopping, nodes.contains(where: { !$0.hasResult }) { return .interrupted }
    let bad: Set<RunReport.Outcome> = [.failed, .blocked, .interrupted]
    let isBad = nodes.contains { bad.contains($0.report.outcome) }
    return isBad ? .failed : .done
  }

  /// Ends the run's record; without anything new, finds the earlier run that holds it all.
  private func record(_ report: inout RunReport) throws {
    if recorder.run == nil, report.ending == .done {
      let recipes = nodes.map { ($0.stage.name, $0.report.recipe) }
      report.run = try workspace.ledger.finishedRun(
        experiment: experiment.experiment.name, profile: experiment.experiment.profile,
        overrides: experiment.experiment.overrides,
        recipes: Dictionary(recipes) { first, _ in first }.compactMapValues(\.self))
      if report.run != nil { return }
    }
    for node in nodes where node.report.outcome == .skipped { note(node, .skipped) }
    try recorder.end(report.ending)
    report.run = recorder.run
    report.isRecorded = true
  }

  private func lockDifferences() -> [Lock.Difference]? {
    options.lock?.differences(
      from: nodes.map { node in
        guard let recipe = node.report.recipe, let result = node.report.resultDigest else {
          return (node.stage.name, nil)
        }
        return (node.stage.name, Lock.Entry(recipe: recipe, result: result))
      }, isPartial: options.until != nil)
  }
}
