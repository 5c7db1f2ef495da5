import ContentStore
import Glibc
import Pipeline

/// A worker at work, as the runner sees it: a process, or with `--in-process` a thread.
final class RunningWorker {
  private enum Body {
    case process(ChildProcess)
    case thread(Thread, Cancellation)
  }

  /// How a worker ended.
  struct Ending {
    /// Its last event; nil when it was killed before it could tell.
    var event: WorkerEvent?
    /// Nil for a thread.
    var process: ChildProcess.Ending?
  }

  private let body: Body
  private let events: Descriptor
  /// What it tells of, and whatever it prints to standard error.
  private let log: Descriptor
  private var splitter = LineSplitter()
  private var last: WorkerEvent?
  private var hasEnded = false

  private init(_ body: Body, events: Descriptor, log: Descriptor) {
    self.body = body
    self.events = events
    self.log = log
    events.setNonBlocking()
  }

  /// Starts a worker on a request.
  /// - Parameter lock: inherited, so that the recipe stays locked as long as the worker lives.
  static func start(
    _ request: WorkerRequest, in attempt: Attempt, lock: Int32?, options: RunOptions,
    registry: StageRegistry
  ) throws -> RunningWorker {
    try FileSystem.write(try request.json.canonical(), to: attempt.request)
    let log = try open(attempt.log, O_WRONLY | O_CREAT | O_APPEND)
    let (reader, writer) = try Descriptor.pipe()
    if options.isInProcess {
      let cancellation = Cancellation()
      let thread = try Thread.start {
        _ = Worker.carryOut(request, registry, to: writer, cancellation)
      }
      return RunningWorker(.thread(thread, cancellation), events: reader, log: log)
    }
    let process = try ChildProcess.start(
      options.worker.path, arguments: options.worker.arguments,
      environment: environment(threads: request.threads),
      input: try open(attempt.request, O_RDONLY), output: writer, error: log, inherited: lock,
      // It ends itself when the runner is gone, and what it started with it: see `Lifeline`.
      diesWithParent: false)
    return RunningWorker(.process(process), events: reader, log: log)
  }

  private static func open(_ path: String, _ flags: Int32) throws(StoreError) -> Descriptor {
    Descriptor(
      try valueOrErrno(cannot: "open \"\(path)\"") { Glibc.open(path, flags | O_CLOEXEC, 0o644) })
  }

  /// What a worker may see of the user's environment. None of it can change a result.
  private static func environment(threads: Int) -> [String] {
    // The library's core is part of a recipe's numerics, so a worker must choose as its runner did.
    let names = [
      "PATH", "HOME", "TMPDIR", "LANG", "EXP_SNAPSHOT_SECONDS", "LD_LIBRARY_PATH",
      "OPENBLAS_CORETYPE",
    ]
    let kept = names.compactMap { name in
      getenv(name).map { "\(name)=\(String(cString: $0))" }
    }
    return kept + ["OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=\(threads)"]
  }

  /// The descriptor to poll for events.
  var descriptor: Int32 { events.number }

  /// The events that have come.
  func read() -> [WorkerEvent] {
    var all: [WorkerEvent] = []
    while !hasEnded, let bytes = events.read() {
      if bytes.isEmpty { hasEnded = true }
      for line in splitter.add(bytes) {
        guard let json = try? JSON(parsing: line), let event = WorkerEvent(json: json) else {
          continue
        }
        note(event)
        all.append(event)
      }
    }
    return all
  }

  private func note(_ event: WorkerEvent) {
    switch event {
    case .log(let line): log.write(Array((line + "\n").utf8))
    case .result, .failed, .interrupted: last = event
    case .progress, .metrics, .snapshot: break
    }
  }

  /// How it ended; nil while it runs.
  func ending() -> Ending? {
    guard hasEnded else { return nil }
    switch body {
    case .thread(let thread, _):
      thread.join()
      return Ending(event: last)
    case .process(let process):
      return process.poll().map { Ending(event: last, process: $0) }
    }
  }

  /// Asks it to save a snapshot and stop.
  func stop() {
    switch body {
    case .process(let process): process.signal(SIGTERM)
    case .thread(_, let cancellation): cancellation.request()
    }
  }

  /// Ends it at once. A thread cannot be ended: returns false.
  func kill() -> Bool {
    guard case .process(let process) = body else { return false }
    process.signal(SIGKILL)
    return true
  }
}
