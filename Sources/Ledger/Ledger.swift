package import ContentStore
import Synchronization

/// The ledger of a store: one SQLite file to which records are only ever added.
///
/// Every writing method is one durable transaction: when it returns, the record survives SIGKILL and
/// power loss. Methods may be called from any thread; other processes may use the same file.
package final class Ledger: Sendable {
  /// The file, `.exp/ledger.sqlite`.
  package let path: String

  // Not Sendable itself: touched only while `lock` is held.
  private nonisolated(unsafe) let state: LedgerState
  private let lock = Mutex(())

  /// Opens a ledger for reading and writing, creating it when there is none, and brings an older
  /// one up to date. Safe while other processes do the same.
  package init(at path: String) throws(LedgerError) {
    self.path = path
    state = LedgerState(try LedgerFile.open(path))
  }

  /// Opens an existing ledger for reading only; works in a read-only folder.
  package init(readingAt path: String) throws(LedgerError) {
    self.path = path
    state = LedgerState(try LedgerFile.openReading(path))
  }

  /// Several writes as one transaction. Nothing is recorded when `body` throws. `body` must not call
  /// this ledger's own methods.
  package func write<Value: Sendable>(
    _ body: (inout LedgerWriter) throws(LedgerError) -> Value
  ) throws(LedgerError) -> Value {
    try lock.withLock { (_) throws(LedgerError) in
      do throws(LedgerError) {
        return try state.database.transaction { () throws(LedgerError) in
          var writer = try LedgerWriter(state)
          return try body(&writer)
        }
      } catch {
        state.cursors = [:]
        throw error
      }
    }
  }

  /// Reads under the lock.
  func read<Value: Sendable>(
    _ body: (Database) throws(LedgerError) -> Value
  ) throws(LedgerError) -> Value {
    try lock.withLock { (_) throws(LedgerError) in try body(state.database) }
  }
}

// Each write as a transaction of its own.
extension Ledger {
  /// Starts a run and gives its id.
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

  /// Starts an execution and gives its id.
  package func beginExecution(_ start: ExecutionStart) throws(LedgerError) -> Digest {
    try write { (writer) throws(LedgerError) in try writer.beginExecution(start) }
  }

  /// Adds points in order. Any number of series in one batch; 1,000 points a batch is fast.
  package func appendMetrics(
    _ points: [MetricPoint], to execution: Digest
  ) throws(LedgerError) {
    try write { (writer) throws(LedgerError) in try writer.appendMetrics(points, to: execution) }
  }

  package func endExecution(_ execution: Digest, _ end: ExecutionEnd) throws(LedgerError) {
    try write { (writer) throws(LedgerError) in try writer.endExecution(execution, end) }
  }

  /// Points a tag at something, or (nil) takes it away. Earlier values stay on record.
  package func tag(_ name: String, _ subject: Subject?) throws(LedgerError) {
    try write { (writer) throws(LedgerError) in try writer.tag(name, subject) }
  }

  package func note(_ text: String, on subject: Subject) throws(LedgerError) {
    try write { (writer) throws(LedgerError) in try writer.note(text, on: subject) }
  }
}
