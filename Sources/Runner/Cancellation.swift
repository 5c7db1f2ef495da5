import Glibc
import Synchronization

/// A request to stop, made once and never taken back.
package final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  package init() {}

  package func request() { flag.store(true, ordering: .relaxed) }
  package var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// The request that SIGTERM makes in a worker process.
  static let ofProcess = Cancellation()

  /// Lets SIGTERM ask this process's worker to stop. A terminal's Ctrl-C goes to the runner alone.
  static func listenForTermination() {
    _ = ofProcess
    signal(SIGTERM) { _ in Cancellation.ofProcess.request() }
    signal(SIGINT, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
  }
}

/// What a stage throws when it was asked to stop.
struct StageInterrupted: Error, CustomStringConvertible {
  var description: String { "stopped on request" }
}
