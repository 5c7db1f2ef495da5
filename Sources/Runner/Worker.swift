import ContentStore
import Glibc
import Ledger
package import Pipeline
import Provenance

/// Carries out one stage: the other side of the runner.
package enum Worker {
  /// The whole life of `exp worker`: reads one request from standard input, writes events to
  /// standard output. Returns the exit status.
  ///
  /// Its runner started it in a process group of its own; it ends when the runner does.
  package static func serve(_ registry: StageRegistry) -> Int32 {
    Cancellation.listenForTermination()
    let events = Descriptor(dup(STDOUT_FILENO))
    // Whatever a library prints belongs to the log, not among the events.
    dup2(STDERR_FILENO, STDOUT_FILENO)
    guard let json = try? JSON(parsing: Descriptor(dup(STDIN_FILENO)).readAll()),
      let request = WorkerRequest(json: json)
    else {
      events.write(Array("{\"failed\":\"`exp worker` is started by `exp run` alone\"}\n".utf8))
      return 2
    }
    Lifeline.watch(events)
    defer { ChildProcess.killAll() }
    return carryOut(request, registry, to: events, .ofProcess)
  }

  /// Carries a request out, telling everything as events. Returns the exit status: 0 with a result,
  /// 1 without.
  static func carryOut(
    _ request: WorkerRequest, _ registry: StageRegistry, to output: Descriptor,
    _ cancellation: Cancellation
  ) -> Int32 {
    let events = EventWriter(to: output)
    let timer = try? RepeatingTimer(milliseconds: 200) { events.flush() }
    let last = ending(of: request, registry, events, cancellation)
    timer?.stop()
    events.finish(last)
    if case .result = last { return 0 }
    return 1
  }

  private static func ending(
    of request: WorkerRequest, _ registry: StageRegistry, _ events: EventWriter,
    _ cancellation: Cancellation
  ) -> WorkerEvent {
    do {
      try checkProcessor(request)
      let stage = try decode(request, registry)
      let context = WorkerContext(request, events: events, cancellation: cancellation)
      try FileSystem.createFolder(context.scratchFolder)
      try stage.run(context)
      return .result(try context.result(stage.ports))
    } catch {
      // A stop shows as many errors; but what the store could not take is never its doing.
      let isStop = error is StageInterrupted || cancellation.isRequested && !(error is StoreError)
      return isStop ? .interrupted : .failed(describe(error))
    }
  }

  /// An emulator runs its own process only: programs that this starts compute natively, and a record
  /// that names the emulated processor would be wrong.
  private static func checkProcessor(_ request: WorkerRequest) throws {
    let here = Environment.processor
    guard let expected = request.processor, expected != here else { return }
    throw StageError(
      "the worker computes on \(here), but its runner is on \(expected), as under an emulator; use "
        + "--in-process")
  }

  private static func decode(
    _ request: WorkerRequest, _ registry: StageRegistry
  ) throws -> DecodedStage {
    let recipe = request.recipe
    guard let op = registry[recipe.op] else {
      throw StageError("this exp has no op \"\(recipe.op)\"")
    }
    guard op.revision == recipe.revision else {
      throw StageError(
        "the recipe needs revision \(recipe.revision) of \"\(op.op)\", and this exp has revision "
          + "\(op.revision); use the version of exp that made it")
    }
    return try op.decode(recipe: recipe)
  }

  private static func describe(_ error: any Error) -> String {
    guard let error = error as? ParameterError else { return "\(error)" }
    return "\(error.path): \(error.message)"
  }
}
