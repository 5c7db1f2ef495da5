package import Ledger
package import Pipeline
package import ContentStore

/// Hears how a run goes, to draw it. All calls come from the thread that runs.
package protocol RunObserver: AnyObject {
  func run(_ event: RunEvent)
}

/// Something that happened in a run.
package enum RunEvent: Sendable {
  /// The stages to come, in topological order.
  case planned([String])
  /// The run is on record; not sent when nothing is new.
  case recorded(Digest)
  case stage(String, StageEvent)
  /// Stop was asked for: workers have this many seconds. A second request kills them.
  case stopping(Double)
  /// Sent about ten times a second while something runs, to redraw.
  case tick
}

/// Something that happened to a stage.
package enum StageEvent: Sendable {
  /// Its inputs are known and its result is not; it runs when a worker is free.
  case queued
  /// Another run is carrying out the same recipe; its result will be taken.
  case waiting
  /// Known already; seconds of the execution that this saves.
  case hit(saved: Double?)
  /// Carried out from now on, perhaps from a snapshot's step.
  case started(resumedFrom: Int?)
  case progress(StageProgress)
  /// A line of its log.
  case log(String)
  case metrics([MetricPoint])
  /// A snapshot of this step is on disk.
  case snapshot(step: Int)
  case done(seconds: Double)
  case failed(String)
  case blocked(by: [String])
  case interrupted
  /// Done, but with another result than an earlier execution of the recipe.
  case differs(earlier: Digest, now: Digest)
}

/// How far a stage is, and how fast.
package struct StageProgress: Hashable, Sendable {
  package var progress: Progress
  /// Units per second over the last few seconds; nil at first.
  package var rate: Double?
  /// Nil while unknown.
  package var secondsLeft: Double?
}

/// An observer that does nothing with what it hears.
package final class SilentObserver: RunObserver {
  package init() {}
  package func run(_ event: RunEvent) {}
}
