package import ContentStore

/// The text of an experiment file as a run read it.
package struct ExperimentText: Hashable, Sendable {
  /// Its name without folders, for people; it bears no identity.
  package var name: String
  package var text: String

  package init(name: String, text: String) {
    self.name = name
    self.text = text
  }
}

/// Where a branch left its parent.
package struct BranchPoint: Hashable, Sendable {
  package var run: Digest
  package var stage: String?
  /// The snapshot's step, when the branch starts inside a stage.
  package var step: Int?

  package init(run: Digest, stage: String? = nil, step: Int? = nil) {
    self.run = run
    self.stage = stage
    self.step = step
  }
}

/// Which of several runs, alike but for their seeds, a run is (`exp run --replicates`).
package struct Replicate: Hashable, Sendable {
  /// The run with the experiment's own seed, replicate 0.
  package var run: Digest
  /// From 1.
  package var number: Int

  package init(of run: Digest, number: Int) {
    self.run = run
    self.number = number
  }
}

/// Why a run or an execution was started.
package enum Purpose: String, Sendable, CaseIterable { case run, branch, replay, audit }

/// What is known of a run when it starts. Its record's digest is the run's id.
package struct RunStart: Hashable, Sendable {
  package var experiment: String
  package var profile: String?
  /// `PATH=VALUE`, as given, in order.
  package var overrides: [String] = []
  /// The experiment file and what it includes.
  package var files: [ExperimentText] = []
  /// The experiment as merged from file, profile and overrides (`experiment/1`): what a branch or a
  /// replay starts from. A record of its own.
  package var merged: JSON = .null
  /// Where the experiment's relative file paths start, for a branch.
  package var folder: String?
  /// Names of the planned stages in topological order.
  package var stages: [String] = []
  /// The run this one branched from, or repeats.
  package var parent: BranchPoint?
  package var purpose = Purpose.run
  /// Nil for a run that stands by itself, and for replicate 0.
  package var replicate: Replicate?
  /// Whether `--locked` held the run to its lock file.
  package var isLocked = false
  /// The words of the command line.
  package var arguments: [String] = []
  package var environment: JSON
  /// Null outside a repository.
  package var code: JSON = .null
  package var process = ProcessIdentity.current
  package var started = Timestamp.now

  package init(experiment: String, profile: String? = nil, environment: JSON) {
    self.experiment = experiment
    self.profile = profile
    self.environment = environment
  }
}

/// How one stage of a run was answered; recorded once, when that is known: for an executed stage
/// when its execution begins.
package struct RunStage: Hashable, Sendable {
  package enum Outcome: String, Sendable, CaseIterable {
    /// `execution` was started for this run.
    case executed
    /// `execution` was there already, with a result.
    case hit
    /// Not carried out, because a stage it needs failed.
    case blocked
    /// Not carried out, because the run was stopped or asked for no more (`--until`).
    case skipped
  }

  package var name: String
  /// From 0, in topological order.
  package var position: Int
  package var op: String
  /// Nil when the inputs are unknown because an upstream stage gave none.
  package var recipe: Digest?
  /// The execution that answers the stage, for `executed` and `hit`.
  package var execution: Digest?
  package var outcome: Outcome
  /// The wiring: by port, the references (`world.web`, or a digest) in order.
  package var inputs: [String: [String]]

  package init(
    name: String, position: Int, op: String, recipe: Digest?, execution: Digest?,
    outcome: Outcome, inputs: [String: [String]] = [:]
  ) {
    self.name = name
    self.position = position
    self.op = op
    self.recipe = recipe
    self.execution = execution
    self.outcome = outcome
    self.inputs = inputs
  }
}

/// How and when a run ended.
package struct RunEnd: Hashable, Sendable {
  package var ending: Ending
  package var ended: Timestamp

  package init(ending: Ending, ended: Timestamp = .now) {
    self.ending = ending
    self.ended = ended
  }
}

/// A run as it is recorded.
package struct RecordedRun: Hashable, Sendable {
  package var id: Digest
  /// 1 for the ledger's first run, and so on: the small number that `exp log` prints.
  package var number: Int
  package var start: RunStart
  /// Nil while it runs.
  package var end: RunEnd?
  /// Names of the records with the environment and the code.
  package var environment: Digest
  package var code: Digest?
}

/// One line of `exp log`.
package struct RunSummary: Hashable, Sendable {
  package var id: Digest
  package var number: Int
  package var experiment: String
  package var profile: String?
  package var purpose: Purpose
  package var parent: Digest?
  package var replicate: Replicate?
  package var started: Timestamp
  /// Nil while it runs.
  package var end: RunEnd?
  /// How many stages were planned, carried out, taken from the ledger, and failed or blocked.
  package var planned: Int
  package var executed: Int
  package var hits: Int
  package var failed: Int
  /// How many stages have a result.
  package var done: Int
}

/// Which runs `Ledger.runs` gives.
package struct RunFilter: Sendable {
  package var experiment: String?
  package var purposes: Set<Purpose>?
  /// An SQL condition on the columns of the view `runs`, from `exp log --where`. Read-only.
  package var condition: String?
  /// How many newer matching runs to leave out.
  package var offset = 0
  /// Whether replicates count too, or only the runs that they are of.
  package var includesReplicates = true

  package init(
    experiment: String? = nil, purposes: Set<Purpose>? = nil, condition: String? = nil
  ) {
    self.experiment = experiment
    self.purposes = purposes
    self.condition = condition
  }
}
