package import ContentStore
package import Ledger

/// What an audit showed.
package struct AuditReport: Sendable {
  package struct Trial: Sendable {
    package var way: AuditWay
    package var verdict: ReplayReport.Verdict
    /// The execution on record; nil when it was not tried.
    package var execution: Digest?
    package var seconds: Double?

    /// Whether it shows that something changes bits that must not.
    package var isFault: Bool {
      switch verdict {
      case .identical, .withinTolerance, .skipped: false
      case .differs, .failed: way.mustAgree
      }
    }
  }

  /// The audit as it is recorded, a run with the purpose `audit`.
  package var run: Digest?
  package var stage: String
  package var recipe: Digest
  package var trials: [Trial]
  package var ending: Ending

  /// 0 nothing that must not matter changed a bit, 1 something did or failed, 130 interrupted.
  package var exitStatus: Int32 {
    if ending == .interrupted { return 130 }
    return trials.contains(where: \.isFault) ? 1 : 0
  }
}
