import ContentStore
import Glibc
import Pipeline

/// A command's program, from start to end.
final class CommandProcess {
  private let parameters: Command.Parameters
  private let folder: CommandFolder
  private let context: any StageContext
  private var streams: [Stream] = []

  /// What the program prints, line by line.
  private final class Stream {
    let reader: Descriptor
    var splitter = LineSplitter()
    /// The last lines.
    var tail: [String] = []

    init(_ reader: Descriptor) {
      self.reader = reader
      reader.setNonBlocking()
    }
  }

  init(
    _ parameters: Command.Parameters, _ folder: CommandFolder, _ context: any StageContext
  ) {
    (self.parameters, self.folder, self.context) = (parameters, folder, context)
  }

  /// Runs the program to its end. Throws when it fails, takes too long, or the run is stopped.
  /// - Parameter tick: called about ten times a second while it runs.
  func run(tick: () throws -> Void) throws {
    let child = try start()
    // Whatever happens, nothing of it goes on running.
    defer { child.signal(SIGKILL) }
    let started = Timer.seconds
    while true {
      wait()
      try readStreams()
      if let ending = child.poll() {
        child.signal(SIGKILL)
        try readStreams()
        return try check(ending)
      }
      do {
        try context.checkCancellation()
        try tick()
        if parameters.timeout > 0, Timer.seconds - started > parameters.timeout {
          throw StageError(
            "the program ran longer than its timeout of \(JSON.ecmaScript(parameters.timeout)) s")
        }
      } catch {
        end(child)
        throw error
      }
    }
  }

  private func start() throws -> ChildProcess {
    let program = try Program(parameters.run[0], searchPath: parameters.searchPath)
    let sandbox = Sandbox(
      readable: program.readable(without: folder.run) + [folder.inputs],
      writable: folder.writable, hasNetwork: parameters.hasNetwork,
      hasSharedMemory: parameters.hasSharedMemory)
    let pipes = try (0..<2).map { _ in try Descriptor.pipe() }
    streams = pipes.map { Stream($0.read) }
    let null = Descriptor(
      try valueOrErrno(cannot: "open /dev/null") { open("/dev/null", O_RDONLY | O_CLOEXEC) })
    return try ChildProcess.start(
      program.path ?? folder.path(parameters.run[0]), arguments: parameters.run,
      environment: try environment(), folder: folder.run, input: null, output: pipes[0].write,
      error: pipes[1].write, ruleset: try sandbox.ruleset())
  }

  /// All that the program sees: what is fixed, what keeps common programs deterministic, and what is
  /// declared, which wins.
  private func environment() throws -> [String] {
    var variables = [
      "PATH": Program.standardPath, "HOME": folder.home, "TMPDIR": folder.temporary,
      "LANG": "C.UTF-8", "TZ": "UTC",
      // The earliest time that ZIP files can hold: https://reproducible-builds.org/docs/source-date-epoch
      "SOURCE_DATE_EPOCH": "315532800",
      "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1",
      // A number of threads changes the bits of many programs, so it may not come from outside the
      // recipe; declare it in `environment` where speed matters more.
      "OMP_NUM_THREADS": "1",
      "EXP_PARAMETERS": try parameters.parameters.canonicalText(),
    ]
    variables.merge(parameters.environment) { _, declared in declared }
    return variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
  }

  private func wait() {
    var polled = streams.map {
      pollfd(fd: $0.reader.number, events: Int16(POLLIN), revents: 0)
    }
    // Closed streams are always ready; the child's end is then looked for a little less often.
    if poll(&polled, nfds_t(polled.count), 100) > 0 { usleep(2000) }
  }

  private func readStreams() throws {
    for stream in streams {
      while let bytes = stream.reader.read(), !bytes.isEmpty {
        for line in stream.splitter.add(bytes) { note(line, of: stream) }
      }
    }
  }

  private func note(_ line: [UInt8], of stream: Stream) {
    let text = String(decoding: line.prefix(4096), as: UTF8.self)
    context.log(text)
    stream.tail = (stream.tail + [text]).suffix(8)
  }

  /// SIGTERM, two seconds, SIGKILL.
  private func end(_ child: ChildProcess) {
    child.signal(SIGTERM)
    let asked = Timer.seconds
    while child.poll() == nil {
      if Timer.seconds - asked > 2 { child.signal(SIGKILL) }
      usleep(10_000)
    }
  }

  private func check(_ ending: ChildProcess.Ending) throws {
    for stream in streams {
      let rest = stream.splitter.rest
      if !rest.isEmpty { note(rest, of: stream) }
    }
    if ending.isSuccess { return }
    let how =
      ending.status.map { "with status \($0)" }
      ?? "by signal \(ending.signal ?? 0) (\(String(cString: strsignal(ending.signal ?? 0))))"
    let tail = streams[1].tail.isEmpty ? streams[0].tail : streams[1].tail
    throw StageError(
      "the program \"\(parameters.run[0])\" ended \(how)"
        + (tail.isEmpty ? "" : ":\n" + tail.joined(separator: "\n")))
  }

  /// A clock that nobody sets.
  private enum Timer {
    static var seconds: Double {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
  }
}
