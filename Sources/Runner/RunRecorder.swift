import ContentStore
import Ledger

/// Writes a run to the ledger: begins it only when there is something to record, so that a run in
/// which nothing is new leaves no trace.
final class RunRecorder {
  private let workspace: Workspace
  private let options: RunOptions
  private var start: RunStart
  private var capture: Capture?
  /// Held while this process records, so that others know that it lives.
  private var processLock: FileLock?
  /// Stages whose answer is known, not yet written.
  private var pending: [RunStage] = []
  private var noted: Set<String> = []
  private(set) var run: Digest?

  /// - Parameter start: what is known of the run; its environment, code and time are filled in when
  ///   it begins.
  init(_ workspace: Workspace, _ options: RunOptions, _ start: RunStart) {
    (self.workspace, self.options, self.start) = (workspace, options, start)
  }

  /// Notes how a stage was answered; the first answer counts.
  func note(_ stage: RunStage) {
    if noted.insert(stage.name).inserted { pending.append(stage) }
  }

  /// Begins the run if it has not begun, and an execution of it.
  /// - Parameter other: the execution's own options, where they are not the run's.
  func beginExecution(
    of recipe: Recipe, stage: RunStage, resumedFrom: Int?, options other: RunOptions? = nil
  ) throws -> Digest {
    let state = try begin()
    let options = other ?? options
    var start = ExecutionStart(
      recipe: recipe, run: run, stage: stage.name, environment: state.environment)
    start.code = state.code
    start.threads = options.threadsPerJob
    start.isInProcess = options.isInProcess
    start.resumedFrom = resumedFrom
    start.purpose = self.start.purpose
    let execution = try workspace.ledger.beginExecution(start)
    var stage = stage
    stage.execution = execution
    note(stage)
    try flush()
    return execution
  }

  /// Writes what was noted, and the run's end.
  func end(_ ending: Ending) throws {
    _ = try begin()
    try flush()
    guard let run else { return }
    try workspace.ledger.endRun(run, RunEnd(ending: ending))
    if let processLock { try? FileSystem.removeFile(processLock.path) }
    processLock = nil
  }

  /// Writes the noted stages.
  func flush() throws {
    guard let run, !pending.isEmpty else { return }
    try workspace.ledger.addRunStages(pending, to: run)
    pending = []
  }

  /// The machine and the sources as they were when the first thing was recorded.
  private func begin() throws -> Capture {
    if let capture { return capture }
    let state = try options.capture()
    capture = state
    processLock = try FileLock.acquire(workspace.lockPath(of: .current))
    start.environment = state.environment
    start.code = state.code
    start.started = .now
    run = try workspace.ledger.beginRun(start)
    return state
  }
}
