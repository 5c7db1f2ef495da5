package import ContentStore
package import Ledger

/// What an artifact holds, so that wiring a tokenizer where text belongs is refused before anything
/// runs. `any` fits every other type.
package struct PortType: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
  package var rawValue: String
  package init(rawValue: String) { self.rawValue = rawValue }
  package init(stringLiteral value: String) { rawValue = value }

  package static let any: PortType = "any"
  /// JSON Lines of documents `{id, text, source, metadata}`.
  package static let documents: PortType = "documents"
  /// JSON Lines of conversations and preferences (docs/records.md).
  package static let records: PortType = "records"
  /// A folder with `tokenizer.json`.
  package static let tokenizer: PortType = "tokenizer"
  /// A folder of `.npy` token arrays with document boundaries.
  package static let tokens: PortType = "tokens"
  /// A Hugging Face model folder.
  package static let checkpoint: PortType = "checkpoint"
  /// Multiple-choice questions in the MMLU CSV layout: a folder with `dev`, `val` and `test`.
  package static let questions: PortType = "questions"
  /// JSON Lines with one line per question or item: what was answered and how it scored.
  package static let outcomes: PortType = "outcomes"
  /// Training snapshots by step.
  package static let snapshots: PortType = "snapshots"
  /// The user's own files, as they are.
  package static let files: PortType = "files"

  package func accepts(_ other: PortType) -> Bool {
    self == other || self == .any || other == .any
  }
}

/// A named place where an artifact enters or leaves an op.
package struct Port: Hashable, Sendable {
  package var name: String
  package var type: PortType
  package var summary: String
  /// An input that may be left unconnected.
  package var isOptional: Bool
  /// An input that takes a list of artifacts.
  package var isList: Bool

  package init(
    _ name: String, _ type: PortType, _ summary: String, optional: Bool = false, list: Bool = false
  ) {
    self.name = name
    self.type = type
    self.summary = summary
    isOptional = optional
    isList = list
  }
}

/// The ports of one use of an op.
package struct Ports: Sendable {
  package var inputs: [Port]
  package var outputs: [Port]
  /// Inputs of any other name are taken too, with this type (`command`, `mix`).
  package var otherInputs: PortType?

  package init(inputs: [Port] = [], outputs: [Port] = [], otherInputs: PortType? = nil) {
    self.inputs = inputs
    self.outputs = outputs
    self.otherInputs = otherInputs
  }
}

/// A stage's parameters. One initialiser declares, reads, checks and fills in: run against a file's
/// values it decodes them; run against nothing it lists the fields for `exp ops` and the schema.
package protocol StageParameters: Sendable {
  init(from reader: inout ParameterReader) throws(ParameterError)
  /// Refuses what cannot change where a branch goes on from its parent's state after `step` steps,
  /// because it decided what came before.
  func check(goingOnFrom parent: Self, after step: Int) throws(ParameterError)
}

extension StageParameters {
  package func check(goingOnFrom parent: Self, after step: Int) throws(ParameterError) {}

  /// Refuses another value of a parameter than the parent's.
  package func checkSame<Value: Equatable>(
    _ path: String, _ value: Value, as parent: Value, because reason: String
  ) throws(ParameterError) {
    if value == parent { return }
    throw ParameterError(
      path: path, message: "must stay as the parent has it, because \(reason)")
  }
}

/// A kind of work. Adding an op is one file with a type like this and one line in the registry.
package protocol Stage: Sendable {
  associatedtype Parameters: StageParameters

  /// The op's name in experiment files: lower case, words joined by `-`.
  static var op: String { get }
  /// Goes up when the same recipe would give other bytes.
  static var revision: Int { get }
  /// One sentence for `exp ops`.
  static var summary: String { get }
  /// Whether results depend on the seed; if not, the seed stays out of the recipe.
  static var usesSeed: Bool { get }
  /// Whether results depend on floating-point numerics; if not, they stay out of the recipe.
  static var usesNumerics: Bool { get }
  /// False only for programs that we cannot hold to their bits (`command`).
  static func isDeterministic(_ parameters: Parameters) -> Bool
  /// The ports; most ops ignore the parameters. `exp ops` passes nil.
  static func ports(_ parameters: Parameters?) -> Ports
  /// Reads inputs, writes outputs and scores through the context. Does no hashing, caching, SQL or
  /// path handling.
  static func run(_ parameters: Parameters, in context: any StageContext) throws
  /// What `exp plan` says of cost, from the parameters and the estimates of the stages that feed each
  /// input port (those that have one). Nil when the op has none.
  static func estimate(_ parameters: Parameters, inputs: [String: [Estimate]]) -> Estimate?
}

extension Stage {
  package static var usesSeed: Bool { false }
  package static var usesNumerics: Bool { false }
  package static func isDeterministic(_ parameters: Parameters) -> Bool { true }
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? { nil }
}

/// What a stage can see and do while it runs. Values here (threads, folders, time) have no way into
/// a recipe, and must not change a result.
package protocol StageContext: AnyObject, Sendable {
  var seed: UInt64 { get }
  var numerics: String { get }
  /// How many threads to use, at least 1.
  var threads: Int { get }
  /// About how many rows (tokens) to take through a model at once; nil leaves it to the stage. Bears on
  /// memory and speed only, as `threads` does; `exp audit` varies both to see that it is so.
  var microBatchRows: Int? { get }
  /// For how many steps a stage that trains says in its log where the time goes; 0 for none.
  var profileSteps: Int { get }
  /// A private folder for scratch files, removed after the stage.
  var scratchFolder: String { get }

  /// The artifact on an input port. Throws when nothing is connected.
  func input(_ port: String) throws -> InputArtifact
  /// All artifacts on a port, in order; empty when nothing is connected.
  func inputs(_ port: String) -> [InputArtifact]
  /// Names of all connected ports, sorted.
  var inputPorts: [String] { get }

  /// Starts an output that is one file. Finished by `OutputFile.finish()`.
  func makeFile(_ port: String) throws -> any OutputFile
  /// Starts an output that is a tree. Finished by `OutputTree.finish()`.
  func makeTree(_ port: String) throws -> any OutputTree

  /// Records a score of the result.
  func score(_ name: String, _ score: Score)
  /// Adds a point to a metric series.
  func metric(_ series: String, step: Int, _ value: Double)
  /// Tells how far the work is. Cheap; may be called often.
  func progress(_ progress: Progress)
  /// One line for the stage's log.
  func log(_ line: String)

  /// Makes a training state durable, so that a killed run goes on from here. The bytes must be a
  /// function of the recipe and the step.
  func saveSnapshot(step: Int, _ bytes: [UInt8]) throws
  /// The newest snapshot of an earlier, unfinished execution of this recipe.
  func latestSnapshot() throws -> (step: Int, bytes: [UInt8])?
  /// Whether enough time has passed since the last snapshot that another is worth its cost, or the
  /// run was asked to stop.
  var isSnapshotDue: Bool { get }

  /// Throws when the run was asked to stop. Call at least every second or so.
  func checkCancellation() throws
}

extension StageContext {
  package var microBatchRows: Int? { nil }
  package var profileSteps: Int { 0 }
}

/// How far a stage is.
package struct Progress: Hashable, Sendable {
  package var done: Double
  package var total: Double
  /// `tokens`, `documents`, `questions`, …
  package var unit: String
  /// A few words, such as `loss 2.31`.
  package var note: String

  package init(done: Double, total: Double, unit: String, note: String = "") {
    self.done = done
    self.total = total
    self.unit = unit
    self.note = note
  }
}

/// An artifact that a stage reads. Every read is checked against the digest.
package struct InputArtifact: Sendable {
  package let artifact: Artifact
  package let store: ObjectStore

  package init(_ artifact: Artifact, in store: ObjectStore) {
    self.artifact = artifact
    self.store = store
  }

  /// The bytes of a file artifact.
  package func read() throws -> [UInt8] { try store.read(file().digest) }

  /// The manifest of a tree artifact.
  package func tree() throws -> Tree { try store.readTree(artifact.digest) }

  /// The bytes of a file in a tree artifact.
  package func read(path: String) throws -> [UInt8] {
    guard let entry = try tree().entries[path] else {
      throw StageError("the input has no file \"\(path)\"")
    }
    return try store.read(entry.object)
  }

  private func file() throws -> Artifact {
    guard artifact.kind == .file else { throw StageError("expected a file, found a tree") }
    return artifact
  }
}

/// A failure a stage reports: one sentence with what was wrong, where, and what to do.
package struct StageError: Error, CustomStringConvertible, Sendable {
  package var message: String
  package init(_ message: String) { self.message = message }
  package var description: String { message }
}

/// An output file being written. Not thread-safe: one writer at a time.
package protocol OutputFile: AnyObject {
  func write(_ bytes: [UInt8]) throws
  func write(_ text: String) throws
  /// Makes the file the output (or the tree's entry).
  func finish() throws
}

/// An output tree being written.
package protocol OutputTree: AnyObject {
  /// Adds a whole file.
  func add(_ path: String, _ bytes: [UInt8]) throws
  /// Starts a file that is written piece by piece.
  func makeFile(_ path: String) throws -> any OutputFile
  func finish() throws
}
