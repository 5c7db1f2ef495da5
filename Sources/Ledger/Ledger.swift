package import ContentStore
import Synchronization

/// The ledger of a store: one SQLite file to which records are only ever added.
///
/// Every writing method is one durable transaction: when it returns, the record survives SIGKILL and
/// power loss. Methods may be called from any thread; other processes may use the same file.
package final class Ledger: Sendable {
  /// The file, `.exp/ledger.sqlite`.
  package let path: String

  /// Opens a ledger for reading and writing, creating it when there is none, and brings an older
  /// one up to date. Safe while other processes do the same.
  package init(at path: String) throws(LedgerError) { fatalError("to be built") }

  /// Opens an existing ledger for reading only; works in a read-only folder.
  package init(readingAt path: String) throws(LedgerError) { fatalError("to be built") }

  /// Several writes as one transaction. Nothing is recorded when `body` throws.
  package func write<Value>(
    _ body: (inout LedgerWriter) throws(LedgerError) -> Value
  ) throws(LedgerError) -> Value { fatalError("to be built") }
}

/// Adds records inside a transaction; see `Ledger.write`.
package struct LedgerWriter: ~Copyable {
  /// Starts a run and gives its id.
  package mutating func beginRun(_ start: RunStart) throws(LedgerError) -> Digest {
    fatalError("to be built")
  }
  package mutating func addRunStage(
    _ stage: RunStage, to run: Digest
  ) throws(LedgerError) { fatalError("to be built") }
  package mutating func endRun(_ run: Digest, _ end: RunEnd) throws(LedgerError) {
    fatalError("to be built")
  }
  /// Starts an execution and gives its id.
  package mutating func beginExecution(_ start: ExecutionStart) throws(LedgerError) -> Digest {
    fatalError("to be built")
  }
  /// Adds points in order. Any number of series in one batch; 1,000 points a batch is fast.
  package mutating func appendMetrics(
    _ points: [MetricPoint], to execution: Digest
  ) throws(LedgerError) { fatalError("to be built") }
  package mutating func endExecution(
    _ execution: Digest, _ end: ExecutionEnd
  ) throws(LedgerError) { fatalError("to be built") }
  /// Points a tag at something, or (nil) takes it away. Earlier values stay on record.
  package mutating func tag(_ name: String, _ subject: Subject?) throws(LedgerError) {
    fatalError("to be built")
  }
  package mutating func note(_ text: String, on subject: Subject) throws(LedgerError) {
    fatalError("to be built")
  }
}

// Each write as a transaction of its own.
extension Ledger {
  package func beginRun(_ start: RunStart) throws(LedgerError) -> Digest {
    try write { (writer) throws(LedgerError) in try writer.beginRun(start) }
  }
  package func addRunStage(_ stage: RunStage, to run: Digest) throws(LedgerError) {
    try write { (writer) throws(LedgerError) in try writer.addRunStage(stage, to: run) }
  }
  package func addRunStages(_ stages: [RunStage], to run: Digest) throws(LedgerError) {
    try write { (writer) throws(LedgerError) in
      for stage in stages { try writer.addRunStage(stage, to: run) }
    }
  }
  package func endRun(_ run: Digest, _ end: RunEnd) throws(LedgerError) {
    try write { (writer) throws(LedgerError) in try writer.endRun(run, end) }
  }
  package func beginExecution(_ start: ExecutionStart) throws(LedgerError) -> Digest {
    try write { (writer) throws(LedgerError) in try writer.beginExecution(start) }
  }
  package func appendMetrics(
    _ points: [MetricPoint], to execution: Digest
  ) throws(LedgerError) {
    try write { (writer) throws(LedgerError) in try writer.appendMetrics(points, to: execution) }
  }
  package func endExecution(_ execution: Digest, _ end: ExecutionEnd) throws(LedgerError) {
    try write { (writer) throws(LedgerError) in try writer.endExecution(execution, end) }
  }
  package func tag(_ name: String, _ subject: Subject?) throws(LedgerError) {
    try write { (writer) throws(LedgerError) in try writer.tag(name, subject) }
  }
  package func note(_ text: String, on subject: Subject) throws(LedgerError) {
    try write { (writer) throws(LedgerError) in try writer.note(text, on: subject) }
  }
}

// Runs.
extension Ledger {
  package func run(_ id: Digest) throws(LedgerError) -> RecordedRun? { fatalError("to be built") }
  /// The run of a small number, as `exp log` prints it.
  package func run(number: Int) throws(LedgerError) -> Digest? { fatalError("to be built") }
  /// Runs, newest first.
  package func runs(
    _ filter: RunFilter = RunFilter(), limit: Int = 20
  ) throws(LedgerError) -> [RunSummary] { fatalError("to be built") }
  /// The names of all experiments that ran, sorted.
  package func experiments() throws(LedgerError) -> [String] { fatalError("to be built") }
  /// The recorded stages of a run in topological order.
  package func stages(ofRun run: Digest) throws(LedgerError) -> [RunStage] {
    fatalError("to be built")
  }
  /// The newest finished (`done`) run with the same experiment, profile and overrides in which the
  /// stages had exactly these recipes, by stage name.
  package func finishedRun(
    experiment: String, profile: String?, overrides: [String], recipes: [String: Digest]
  ) throws(LedgerError) -> Digest? { fatalError("to be built") }
}

// Recipes, results and executions.
extension Ledger {
  /// Every distinct result of a recipe, first recorded first. A hit is answered with the first.
  package func results(ofRecipe recipe: Digest) throws(LedgerError) -> [RecordedResult] {
    fatalError("to be built")
  }
  package func execution(_ id: Digest) throws(LedgerError) -> RecordedExecution? {
    fatalError("to be built")
  }
  /// Executions that a run started, in order of their start.
  package func executions(ofRun run: Digest) throws(LedgerError) -> [RecordedExecution] {
    fatalError("to be built")
  }
  /// Executions of a recipe, in order of their start.
  package func executions(ofRecipe recipe: Digest) throws(LedgerError) -> [RecordedExecution] {
    fatalError("to be built")
  }
  package func recipe(_ digest: Digest) throws(LedgerError) -> Recipe? {
    fatalError("to be built")
  }
  package func result(_ digest: Digest) throws(LedgerError) -> StageResult? {
    fatalError("to be built")
  }
  /// Any record by its digest: recipes, results, environments, code, experiment files, merged experiments, …
  package func record(_ digest: Digest) throws(LedgerError) -> JSON? { fatalError("to be built") }
  /// Scores of all stages of a run: stages in topological order, names sorted.
  package func scores(ofRun run: Digest) throws(LedgerError) -> [StageScore] {
    fatalError("to be built")
  }
  /// Recipes with different results, in order of their first use; of one recipe, or of all.
  package func findings(ofRecipe recipe: Digest? = nil) throws(LedgerError) -> [Finding] {
    fatalError("to be built")
  }
}

// Metrics.
extension Ledger {
  /// Names of an execution's series, in the order of their first point.
  package func series(of execution: Digest) throws(LedgerError) -> [String] {
    fatalError("to be built")
  }
  /// The points of one series, or of all, in the order they were recorded.
  package func points(
    of execution: Digest, series: String? = nil
  ) throws(LedgerError) -> [MetricPoint] { fatalError("to be built") }
  /// The last point of each series, by name.
  package func lastPoints(of execution: Digest) throws(LedgerError) -> [MetricPoint] {
    fatalError("to be built")
  }
}

// Lineage.
extension Ledger {
  /// The done executions whose result holds an artifact, in order of their start.
  package func productions(of artifact: Digest) throws(LedgerError) -> [Production] {
    fatalError("to be built")
  }
  /// The recipes that take an artifact.
  package func consumptions(of artifact: Digest) throws(LedgerError) -> [Consumption] {
    fatalError("to be built")
  }
}

// Names.
extension Ledger {
  /// The newest value of a tag; nil when there is none or it was taken away.
  package func tag(named name: String) throws(LedgerError) -> Tag? { fatalError("to be built") }
  /// The current tags, by name.
  package func tags() throws(LedgerError) -> [Tag] { fatalError("to be built") }
  /// Every value a tag ever had, oldest first.
  package func tagHistory(_ name: String) throws(LedgerError) -> [Tag] {
    fatalError("to be built")
  }
  /// Notes on something, oldest first.
  package func notes(on subject: Digest) throws(LedgerError) -> [Note] {
    fatalError("to be built")
  }
  /// What has a digest beginning with these hex digits (with or without `sha256:`), at most
  /// `limit`: runs, executions, recipes, results, artifacts.
  package func matches(
    prefix: String, limit: Int = 20
  ) throws(LedgerError) -> [Subject] { fatalError("to be built") }
}

// Care.
extension Ledger {
  /// Runs and executions without an end.
  package func unfinished() throws(LedgerError) -> [Unfinished] { fatalError("to be built") }

  /// Ends as `killed` every unfinished run and execution whose process is gone. `isAlive` is asked
  /// outside any transaction. Gives what it ended.
  @discardableResult
  package func settle(
    isAlive: (Unfinished) -> Bool = { $0.process.isRunning }
  ) throws(LedgerError) -> [Unfinished] { fatalError("to be built") }

  /// Runs one read-only statement on the documented views and tables.
  package func select(_ sql: String) throws(LedgerError) -> SQLTable { fatalError("to be built") }

  /// Checks every row, record and link of the chain; an empty list when nothing is wrong.
  package func verify() throws(LedgerError) -> [Damage] { fatalError("to be built") }
}

/// A run or execution without an end.
package struct Unfinished: Hashable, Sendable {
  package var subject: Subject
  package var process: ProcessIdentity
  package var started: Timestamp
}

/// Something in the ledger that is not as it was recorded.
package struct Damage: Hashable, Sendable {
  /// Table and row, such as `journal seq 12` or `point id 4711`.
  package var place: String
  /// What is wrong there.
  package var problem: String
}
