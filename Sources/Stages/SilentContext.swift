import Ledger
import Pipeline

/// A stage's surroundings that record nothing: scores, metrics and progress go nowhere, and no state is kept.
protocol SilentContext: StageContext {}

extension SilentContext {
  func score(_ name: String, _ score: Score) {}
  func metric(_ series: String, step: Int, _ value: Double) {}
  func progress(_ progress: Progress) {}
  func log(_ line: String) {}
  func saveSnapshot(step: Int, _ bytes: [UInt8]) throws {}
  func latestSnapshot() throws -> (step: Int, bytes: [UInt8])? { nil }
  var isSnapshotDue: Bool { false }
}
