import ContentStore
import Glibc
import Ledger
import Pipeline
import Synchronization

/// What a stage sees of the world while a worker carries it out.
final class WorkerContext: StageContext {
  private struct State {
    var outputs: [String: Artifact] = [:]
    var scores: [String: Score] = [:]
    var lastSnapshot = Clock.seconds
  }

  private let request: WorkerRequest
  private let store: ObjectStore
  private let events: EventWriter
  private let cancellation: Cancellation
  private let state = Mutex(State())
  private let snapshotInterval: Double

  init(_ request: WorkerRequest, events: EventWriter, cancellation: Cancellation) {
    self.request = request
    self.events = events
    self.cancellation = cancellation
    store = ObjectStore(at: request.store)
    snapshotInterval = getenv("EXP_SNAPSHOT_SECONDS").flatMap { Double(String(cString: $0)) } ?? 20
  }

  var seed: UInt64 { request.recipe.seed ?? 0 }
  var numerics: String { request.recipe.numerics ?? "portable/1" }
  var threads: Int { request.threads }
  var microBatchRows: Int? { request.microBatchRows }
  var profileSteps: Int { request.profileSteps }
  var scratchFolder: String { request.folder + "/scratch" }

  // MARK: Inputs

  func input(_ port: String) throws -> InputArtifact {
    guard let first = inputs(port).first else {
      throw StageError("nothing is connected to the input \"\(port)\"")
    }
    return first
  }

  func inputs(_ port: String) -> [InputArtifact] {
    (request.recipe.inputs[port] ?? []).map { InputArtifact($0, in: store) }
  }

  var inputPorts: [String] { request.recipe.inputs.keys.sorted() }

  // MARK: Outputs

  func makeFile(_ port: String) throws -> any OutputFile {
    WorkerOutputFile(try store.makeWriter()) { digest, _ in
      try self.finish(port, Artifact(.file, digest))
    }
  }

  func makeTree(_ port: String) throws -> any OutputTree {
    WorkerOutputTree(store) { try self.finish(port, Artifact(.tree, $0)) }
  }

  private func finish(_ port: String, _ artifact: Artifact) throws {
    let earlier = state.withLock { $0.outputs.updateValue(artifact, forKey: port) }
    if earlier != nil { throw StageError("the output \"\(port)\" was written twice") }
  }

  /// The result, once the stage has returned.
  func result(_ ports: Ports) throws -> StageResult {
    let (outputs, scores) = state.withLock { ($0.outputs, $0.scores) }
    for port in ports.outputs where !port.isOptional && outputs[port.name] == nil {
      throw StageError("the stage ended without writing its output \"\(port.name)\"")
    }
    for name in outputs.keys.sorted() where !ports.outputs.contains(where: { $0.name == name }) {
      throw StageError("the stage wrote \"\(name)\", which is not one of its outputs")
    }
    return StageResult(outputs: outputs, scores: scores)
  }

  // MARK: Reports

  func score(_ name: String, _ score: Score) { state.withLock { $0.scores[name] = score } }

  func metric(_ series: String, step: Int, _ value: Double) {
    events.metric(MetricPoint(series: series, step: step, value: value))
  }

  func progress(_ progress: Progress) { events.progress(progress) }

  func log(_ line: String) { events.send(.log(line)) }

  // MARK: Going on and stopping

  func saveSnapshot(step: Int, _ bytes: [UInt8]) throws {
    try SnapshotFolder.save(bytes, step: step, in: request.folder, earlier: request.earlier)
    state.withLock { $0.lastSnapshot = Clock.seconds }
    events.send(.snapshot(step: step))
  }

  func latestSnapshot() throws -> (step: Int, bytes: [UInt8])? {
    guard let snapshot = request.snapshot.flatMap(SnapshotFolder.snapshot) else { return nil }
    guard let bytes = SnapshotFolder.read(snapshot) else {
      throw StageError("the snapshot \(snapshot.path) changed after it was chosen; run again")
    }
    return (snapshot.step, bytes)
  }

  var isSnapshotDue: Bool {
    cancellation.isRequested
      || Clock.seconds - state.withLock { $0.lastSnapshot } >= snapshotInterval
  }

  func checkCancellation() throws {
    if cancellation.isRequested { throw StageInterrupted() }
  }
}
