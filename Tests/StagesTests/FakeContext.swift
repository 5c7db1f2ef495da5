import ContentStore
import Foundation
import Ledger
import Pipeline
import Synchronization

/// A stage's surroundings without a runner: an object store in a temporary folder, and everything
/// else in memory for tests to look at.
final class FakeContext: StageContext {
  private struct State {
    var inputs: [String: [Artifact]] = [:]
    var outputs: [String: Artifact] = [:]
    var scores: [String: Score] = [:]
    var metrics: [MetricPoint] = []
    var log: [String] = []
    var snapshots: [(step: Int, bytes: [UInt8])] = []
    var checksLeft = Int.max
  }

  let seed: UInt64
  let numerics = "portable/1"
  let threads: Int
  let scratchFolder: String
  let store: ObjectStore
  private let state: Mutex<State>
  private let snapshotAlways: Bool

  /// - Parameters:
  ///   - store: another context's, to share its artifacts.
  ///   - stopAfter: how many cancellation checks pass before one throws.
  ///   - snapshotAlways: whether a snapshot is always due.
  init(
    seed: UInt64 = 17, threads: Int = 2, store: ObjectStore? = nil, stopAfter: Int = .max,
    snapshotAlways: Bool = false
  ) throws {
    self.seed = seed
    self.threads = threads
    self.snapshotAlways = snapshotAlways
    scratchFolder = NSTemporaryDirectory() + "exp-stage-test-" + UUID().uuidString
    try FileManager.default.createDirectory(
      atPath: scratchFolder, withIntermediateDirectories: true)
    if let store {
      self.store = store
    } else {
      self.store = ObjectStore(at: scratchFolder + "/objects")
      try self.store.prepare()
    }
    state = Mutex(State(checksLeft: stopAfter))
  }

  deinit { try? FileManager.default.removeItem(atPath: scratchFolder) }

  // MARK: What a test sets and sees

  /// Connects an artifact to an input port, after those already there.
  func connect(_ port: String, _ artifact: Artifact) {
    state.withLock { $0.inputs[port, default: []].append(artifact) }
  }

  /// Connects a file with these bytes.
  func connect(_ port: String, file bytes: [UInt8]) throws {
    connect(port, Artifact(.file, try store.put(bytes)))
  }

  /// Connects a tree with these files.
  func connect(_ port: String, tree files: [String: [UInt8]]) throws {
    var tree = Tree()
    for (path, bytes) in files {
      tree.entries[path] = .init(object: try store.put(bytes), size: bytes.count)
    }
    connect(port, Artifact(.tree, try store.putTree(tree)))
  }

  var outputs: [String: Artifact] { state.withLock { $0.outputs } }
  var scores: [String: Score] { state.withLock { $0.scores } }
  var metrics: [MetricPoint] { state.withLock { $0.metrics } }
  var logLines: [String] { state.withLock { $0.log } }
  var snapshots: [(step: Int, bytes: [UInt8])] {
    get { state.withLock { $0.snapshots } }
    set { state.withLock { $0.snapshots = newValue } }
  }

  /// A file output's bytes.
  func output(_ port: String) throws -> [UInt8] {
    try InputArtifact(artifact(port), in: store).read()
  }

  /// A file of a tree output.
  func output(_ port: String, _ path: String) throws -> [UInt8] {
    try InputArtifact(artifact(port), in: store).read(path: path)
  }

  /// The paths of a tree output, sorted.
  func outputPaths(_ port: String) throws -> [String] {
    try InputArtifact(artifact(port), in: store).tree().entries.keys.sorted()
  }

  private func artifact(_ port: String) throws -> Artifact {
    guard let artifact = outputs[port] else { throw StageError("no output \"\(port)\"") }
    return artifact
  }

  // MARK: StageContext

  func input(_ port: String) throws -> InputArtifact {
    guard let first = inputs(port).first else {
      throw StageError("nothing is connected to the input \"\(port)\"")
    }
    return first
  }

  func inputs(_ port: String) -> [InputArtifact] {
    state.withLock { $0.inputs[port] ?? [] }.map { InputArtifact($0, in: store) }
  }

  var inputPorts: [String] { state.withLock { $0.inputs.keys.sorted() } }

  func makeFile(_ port: String) throws -> any OutputFile {
    FakeFile { bytes in
      let digest = try self.store.put(bytes)
      self.state.withLock { $0.outputs[port] = Artifact(.file, digest) }
    }
  }

  func makeTree(_ port: String) throws -> any OutputTree {
    FakeTree(store) { tree in
      let digest = try self.store.putTree(tree)
      self.state.withLock { $0.outputs[port] = Artifact(.tree, digest) }
    }
  }

  func score(_ name: String, _ score: Score) { state.withLock { $0.scores[name] = score } }

  func metric(_ series: String, step: Int, _ value: Double) {
    state.withLock { $0.metrics.append(MetricPoint(series: series, step: step, value: value)) }
  }

  func progress(_ progress: Pipeline.Progress) {}

  func log(_ line: String) { state.withLock { $0.log.append(line) } }

  func saveSnapshot(step: Int, _ bytes: [UInt8]) throws {
    state.withLock { $0.snapshots.append((step, bytes)) }
  }

  func latestSnapshot() throws -> (step: Int, bytes: [UInt8])? { snapshots.last }

  /// As in the worker, a snapshot is due when the stage has been asked to stop.
  var isSnapshotDue: Bool { snapshotAlways || state.withLock { $0.checksLeft <= 0 } }

  func checkCancellation() throws {
    let isStopped = state.withLock { state in
      state.checksLeft -= 1
      return state.checksLeft < 0
    }
    if isStopped { throw FakeInterruption() }
  }
}

/// What `checkCancellation` throws once its time has come.
struct FakeInterruption: Error {}

private final class FakeFile: OutputFile {
  private var bytes: [UInt8] = []
  private let onFinish: ([UInt8]) throws -> Void

  init(_ onFinish: @escaping ([UInt8]) throws -> Void) { self.onFinish = onFinish }

  func write(_ bytes: [UInt8]) throws { self.bytes += bytes }
  func write(_ text: String) throws { bytes += text.utf8 }
  func finish() throws { try onFinish(bytes) }
}

private final class FakeTree: OutputTree {
  private let store: ObjectStore
  private var tree = Tree()
  private let onFinish: (Tree) throws -> Void

  init(_ store: ObjectStore, _ onFinish: @escaping (Tree) throws -> Void) {
    self.store = store
    self.onFinish = onFinish
  }

  func add(_ path: String, _ bytes: [UInt8]) throws {
    tree.entries[path] = .init(object: try store.put(bytes), size: bytes.count)
  }

  func makeFile(_ path: String) throws -> any OutputFile {
    FakeFile { try self.add(path, $0) }
  }

  func finish() throws { try onFinish(tree) }
}
