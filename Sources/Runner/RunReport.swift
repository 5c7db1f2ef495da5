package import ContentStore
package import Ledger

/// What a run did, for the table at its end.
package struct RunReport: Sendable {
  /// How one stage was answered.
  package enum Outcome: String, Sendable {
    /// Carried out now.
    case executed
    /// Known already.
    case hit
    case failed
    /// Not carried out, because a stage it needs failed.
    case blocked
    /// Stopped while it ran; its snapshots are kept.
    case interrupted
    /// Not begun when the run was stopped.
    case skipped
    /// Would be carried out (`--dry-run`).
    case planned
  }

  package struct Stage: Sendable {
    package var name: String
    package var op: String
    package var outcome: Outcome
    /// Nil when its inputs are unknown.
    package var recipe: Digest?
    /// The execution that answers the stage.
    package var execution: Digest?
    /// The result's digest and the result, when there is one.
    package var resultDigest: Digest?
    package var result: StageResult?
    /// One sentence, when it failed; the names of the failed stages, when it is blocked.
    package var error: String?
    /// The last lines that a failed stage logged.
    package var logTail: [String] = []
    /// Wall seconds of its execution now; for a hit, of the execution that it saved.
    package var seconds: Double?
    /// Step of the snapshot it went on from.
    package var resumedFrom: Int?
    /// Every distinct result of the recipe; more than one is a nondeterminism finding.
    package var resultCount = 0
  }

  /// The run recorded now, or the earlier one that holds all of it; nil for a dry run of something
  /// new.
  package var run: Digest?
  /// Whether this call recorded `run`; false when nothing was new.
  package var isRecorded: Bool
  /// In topological order.
  package var stages: [Stage]
  package var ending: Ending
  /// Whether any difference from the lock is a failure (`--locked`).
  package var isLocked: Bool
  /// How the results differ from the lock that was given; nil without a lock.
  package var lockDifferences: [Lock.Difference]?
  /// Wall seconds.
  package var seconds: Double

  /// 0 done; 1 a stage failed, or it gave another result than the lock has for its recipe, or under
  /// `--locked` anything differs from the lock; 130 interrupted.
  package var exitStatus: Int32 {
    switch ending {
    case .interrupted, .killed: 130
    case .failed: 1
    case .done: hasBrokenLock ? 1 : 0
    }
  }

  private var hasBrokenLock: Bool {
    (lockDifferences ?? []).contains { difference in
      if case .result = difference { return true }
      return isLocked
    }
  }
}
