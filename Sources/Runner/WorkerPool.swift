import ContentStore
import Glibc
import Ledger
import Pipeline
import Provenance

/// The workers of a run: starts them, hears them, records what they tell, and stops them on request.
/// Used from one thread, which must outlive the workers.
final class WorkerPool {
  /// One recipe to carry out.
  struct Job {
    var stage: String
    var recipe: Recipe
    var digest: Digest
    var execution: Digest
    var attempt: Attempt
    /// Held until the result is on record.
    var lock: FileLock?
    var snapshot: SnapshotFolder.Snapshot?
  }

  /// A job that has ended and is on record.
  struct Finished {
    var job: Job
    var end: ExecutionEnd
    var seconds: Double
    var logTail: [String]
  }

  private final class Active {
    let job: Job
    let worker: RunningWorker
    let started = Clock.seconds
    var rate = RateMeter()
    var metrics: [MetricPoint] = []
    var wasKilled = false

    init(_ job: Job, _ worker: RunningWorker) {
      self.job = job
      self.worker = worker
    }
  }

  private let workspace: Workspace
  private let options: RunOptions
  private let registry: StageRegistry
  private let observer: any RunObserver
  private let signals: Signals?
  private var active: [Active] = []
  private var lastFlush = Clock.seconds
  /// When the workers were asked to stop.
  private var stopped: Double?
  /// A worker died of a signal, and may have left processes to this one.
  private var hasOrphans = false
  /// Threads that would not end are left behind.
  private var hasGivenUp = false

  init(
    _ workspace: Workspace, _ options: RunOptions, _ registry: StageRegistry,
    _ observer: any RunObserver
  ) throws {
    (self.workspace, self.options, self.registry) = (workspace, options, registry)
    self.observer = observer
    signals = options.listensForSignals ? try Signals() : nil
    if !options.isInProcess { ChildProcess.adoptOrphans() }
  }

  /// Whether the run was asked to stop.
  var isStopping: Bool { stopped != nil }
  var count: Int { active.count }

  /// Starts a worker. The execution must be on record; it is ended as failed when this throws.
  func start(_ job: Job) throws {
    var request = WorkerRequest(
      recipe: job.recipe, store: workspace.store.path, folder: job.attempt.folder)
    request.earlier = job.attempt.earlier
    request.snapshot = job.snapshot?.path
    request.threads = options.threadsPerJob
    request.microBatchRows = options.microBatchRows
    request.profileSteps = options.profileSteps
    // A worker of this very program is on record with this process's machine.
    if options.worker.path == WorkerCommand().path { request.processor = Environment.processor }
    do {
      let worker = try RunningWorker.start(
        request, in: job.attempt, lock: job.lock?.descriptor, options: options, registry: registry)
      active.append(Active(job, worker))
      observer.run(.stage(job.stage, .started(resumedFrom: job.snapshot?.step)))
    } catch {
      job.attempt.clear(keepingSnapshots: true)
      try workspace.ledger.endExecution(
        job.execution, ExecutionEnd(ending: .failed, error: "\(error)"))
      throw error
    }
  }

  /// Hears workers and signals for at most a tenth of a second; gives the jobs that ended.
  func wait() throws -> [Finished] {
    var polled = active.map { pollfd(fd: $0.worker.descriptor, events: Int16(POLLIN), revents: 0) }
    // A descriptor of −1 is passed over.
    polled.append(pollfd(fd: signals?.reader.number ?? -1, events: Int16(POLLIN), revents: 0))
    _ = poll(&polled, nfds_t(polled.count), 100)
    handleSignals()
    for one in active {
      for event in one.worker.read() { hear(event, from: one) }
    }
    let finished = try collectFinished()
    if Clock.seconds - lastFlush >= 0.4 { try flushMetrics() }
    observer.run(.tick)
    return finished
  }

  // MARK: Hearing

  private func hear(_ event: WorkerEvent, from one: Active) {
    switch event {
    case .progress(let progress):
      observer.run(.stage(one.job.stage, .progress(one.rate.add(progress))))
    case .metrics(let points):
      one.metrics += points
      observer.run(.stage(one.job.stage, .metrics(points)))
    case .log(let line): observer.run(.stage(one.job.stage, .log(line)))
    case .snapshot(let step): observer.run(.stage(one.job.stage, .snapshot(step: step)))
    case .result, .failed, .interrupted: break
    }
  }

  /// Points that have come since the last time, for all executions in one transaction.
  private func flushMetrics() throws {
    lastFlush = Clock.seconds
    let pending = active.filter { !$0.metrics.isEmpty }
    if pending.isEmpty { return }
    try workspace.ledger.write { (writer) throws(LedgerError) in
      for one in pending { try writer.appendMetrics(one.metrics, to: one.job.execution) }
    }
    for one in pending { one.metrics.removeAll(keepingCapacity: true) }
  }

  // MARK: Stopping

  private func handleSignals() {
    if options.cancellation?.isRequested ?? false { stop() }
    let count = signals?.take() ?? 0
    if count > 0 {
      let isSecond = stopped != nil
      stop()
      if isSecond || count > 1 { killAll() }
    }
    if let stopped, Clock.seconds - stopped > options.grace { killAll() }
  }

  /// Asks all workers to stop.
  private func stop() {
    if stopped != nil { return }
    stopped = Clock.seconds
    observer.run(.stopping(options.grace))
    for one in active { one.worker.stop() }
  }

  private func killAll() {
    for one in active where !one.wasKilled {
      one.wasKilled = true
      if !one.worker.kill() { hasGivenUp = true }
    }
  }

  /// After an error that ends the run: ends all workers and records that, as far as it can be; what
  /// is left open is settled by the next run.
  func abandon(_ reason: any Error) {
    killAll()
    for one in active where !hasGivenUp {
      while one.worker.ending() == nil {
        _ = one.worker.read()
        usleep(2000)
      }
    }
    for one in active { breakOff(one.job, reason) }
    active = []
    if !options.isInProcess { ChildProcess.killAll() }
  }

  /// Records that a job came to nothing, if that can be.
  private func breakOff(_ job: Job, _ reason: any Error) {
    job.attempt.clear(keepingSnapshots: true)
    let end = ExecutionEnd(ending: .failed, error: "the run broke off: \(reason)")
    try? workspace.ledger.endExecution(job.execution, end)
  }

  // MARK: Ending

  private func collectFinished() throws -> [Finished] {
    var finished: [Finished] = []
    for one in active {
      let ending = one.worker.ending()
      if ending == nil && !(hasGivenUp && one.wasKilled) { continue }
      active.removeAll { $0 === one }
      do {
        finished.append(try record(one, ending))
      } catch {
        breakOff(one.job, error)
        throw error
      }
    }
    return finished
  }

  private func record(_ one: Active, _ ending: RunningWorker.Ending?) throws -> Finished {
    let job = one.job
    var end = WorkerPool.end(of: ending, wasStopped: isStopping)
    end.userSeconds = ending?.process?.userSeconds
    end.systemSeconds = ending?.process?.systemSeconds
    end.peakMemory = ending?.process?.peakMemory
    if ending?.process?.signal != nil { hasOrphans = true }
    // Only now, with no worker left, is every child of this process an orphan.
    if hasOrphans && active.isEmpty && !options.isInProcess { ChildProcess.killAll() }
    job.attempt.clearScratch()
    let tail = end.ending == .done ? [] : LogFile.tail(job.attempt.log)
    end.log = LogFile.store(job.attempt.log, in: workspace.store)
    try workspace.ledger.write { (writer) throws(LedgerError) in
      if !one.metrics.isEmpty { try writer.appendMetrics(one.metrics, to: job.execution) }
      try writer.endExecution(job.execution, end)
    }
    job.attempt.clear(keepingSnapshots: end.ending != .done)
    if let lock = job.lock { try? FileSystem.removeFile(lock.path) }
    return Finished(
      job: job, end: end, seconds: Clock.seconds - one.started, logTail: tail)
  }

  /// What a worker's ending means.
  private static func end(of ending: RunningWorker.Ending?, wasStopped: Bool) -> ExecutionEnd {
    switch ending?.event {
    case .result(let result)? where ending?.process?.isSuccess ?? true:
      return ExecutionEnd(ending: .done, result: result)
    case .failed(let message)?: return ExecutionEnd(ending: .failed, error: message)
    case .interrupted?: return ExecutionEnd(ending: .interrupted, error: "stopped on request")
    default:
      if wasStopped { return ExecutionEnd(ending: .interrupted, error: "stopped on request") }
      return deathEnd(ending?.process)
    }
  }

  /// A worker that ended without a word.
  private static func deathEnd(_ process: ChildProcess.Ending?) -> ExecutionEnd {
    guard let signal = process?.signal else {
      let status = process?.status.map { "status \($0)" } ?? "no status"
      return ExecutionEnd(ending: .failed, error: "its worker ended without a result (\(status))")
    }
    if signal == SIGKILL {
      return ExecutionEnd(
        ending: .killed,
        error: "its worker was killed (SIGKILL): by someone, or by the kernel for lack of memory; "
          + "the next run goes on from its last snapshot")
    }
    let name = String(cString: strsignal(signal))
    return ExecutionEnd(
      ending: .failed, error: "its worker crashed (signal \(signal), \(name)); see its log")
  }
}
