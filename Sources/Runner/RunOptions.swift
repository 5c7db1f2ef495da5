package import ContentStore
package import Ledger
import Provenance

/// How a run is to be carried out. Nothing here can change a result.
package struct RunOptions: Sendable {
  /// How many stages may run at once.
  package var jobs = 1
  /// Threads per stage; nil divides the machine's cores among the jobs.
  package var threads: Int?
  /// Rows that a stage takes through a model at once; nil for its own choice.
  package var microBatchRows: Int?
  /// Training steps of which the log says where the time went.
  package var profileSteps = 0
  /// Carry out this stage and what it needs, nothing more.
  package var until: String?
  /// Say what would be done; do and record nothing.
  package var isDryRun = false
  /// Run stages in this process, for debuggers and emulators.
  package var isInProcess = false
  /// What the run's recipes and results are compared with.
  package var lock: Lock?
  /// Refuse to carry out a stage whose recipe is not the lock's.
  package var isLocked = false
  /// Seconds that workers get to save a snapshot when the run is stopped.
  package var grace = 10.0
  /// Whether Ctrl-C and SIGTERM stop the run; the handlers are the process's, so one run at a time.
  package var listensForSignals = true
  /// Another way to stop the run.
  package var cancellation: Cancellation?
  /// How a worker is started: the program, and its words from the program's name on.
  package var worker = WorkerCommand()
  /// The full name of a numerics engine whose version changes bits: `openblas` →
  /// `openblas/0.3.21/Zen`.
  package var engineNames: [String: String] = [:]
  /// Why recipes with these numerics cannot be carried out here; nil when they can.
  package var engineObstacle: @Sendable (String) -> String? = { _ in nil }
  /// Environment and code, asked for once and only when something is recorded.
  package var capture: @Sendable () throws -> Capture = { Capture() }

  // What is recorded with the run.
  package var files: [ExperimentText] = []
  /// Where the experiment's relative paths start.
  package var folder: String?
  package var arguments: [String] = []
  package var parent: BranchPoint?
  package var purpose = Purpose.run
  /// Of which run this is a replicate, and which.
  package var replicate: Replicate?

  /// Inputs taken from the record instead of the user's folders, by stage and port: a branch shares
  /// its parent's files as they were.
  package var recordedInputs: [String: [String: Artifact]] = [:]

  package init() {}

  /// Threads that one stage gets.
  package var threadsPerJob: Int {
    threads ?? max(1, Machine.usableCores / max(1, jobs))
  }
}

/// How `exp worker` is started.
package struct WorkerCommand: Sendable {
  package var path = "/proc/self/exe"
  package var arguments = ["exp", "worker"]

  package init() {}
}

/// The state of machine and sources as a run found them; records that `Provenance` makes.
package struct Capture: Sendable {
  package var environment: JSON
  /// Null outside a repository.
  package var code: JSON

  package init(environment: JSON = [:], code: JSON = .null) {
    self.environment = environment
    self.code = code
  }
}
