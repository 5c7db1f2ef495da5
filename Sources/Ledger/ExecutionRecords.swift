package import ContentStore

/// What is known of an execution when it starts. Its record's digest is the execution's id.
package struct ExecutionStart: Hashable, Sendable {
  package var recipe: Recipe
  /// The run that asked for it.
  package var run: Digest?
  /// The stage's name in that run.
  package var stage: String
  package var purpose = Purpose.run
  package var environment: JSON
  package var code: JSON = .null
  package var process = ProcessIdentity.current
  package var threads = 1
  /// Carried out in the runner's own process, not in a worker.
  package var isInProcess = false
  /// The step of the snapshot it goes on from.
  package var resumedFrom: Int?
  package var started = Timestamp.now

  package init(recipe: Recipe, run: Digest?, stage: String, environment: JSON) {
    self.recipe = recipe
    self.run = run
    self.stage = stage
    self.environment = environment
  }
}

/// How an execution ended.
package struct ExecutionEnd: Hashable, Sendable {
  package var ending: Ending
  /// There exactly when it is `done`.
  package var result: StageResult?
  /// One sentence, when it is not `done`.
  package var error: String?
  /// What the stage logged.
  package var log: Artifact?
  package var ended: Timestamp
  /// CPU seconds in user code and in the kernel.
  package var userSeconds: Double?
  package var systemSeconds: Double?
  /// Largest resident memory, bytes.
  package var peakMemory: Int?

  package init(
    ending: Ending, result: StageResult? = nil, error: String? = nil, log: Artifact? = nil,
    ended: Timestamp = .now
  ) {
    self.ending = ending
    self.result = result
    self.error = error
    self.log = log
    self.ended = ended
  }
}

/// An execution as it is recorded.
package struct RecordedExecution: Hashable, Sendable {
  package var id: Digest
  package var recipe: Digest
  package var start: ExecutionStart
  /// Nil while it runs.
  package var end: ExecutionEnd?
  /// The result record's digest.
  package var result: Digest?
  /// Names of the records with the environment and the code.
  package var environment: Digest
  package var code: Digest?
}

/// A result of a recipe and the executions that gave it, first recorded first.
package struct RecordedResult: Hashable, Sendable {
  package var digest: Digest
  package var result: StageResult
  package var executions: [Digest]
}

/// Points of one metric series, in the order they were recorded.
package struct Series: Hashable, Sendable {
  package var name: String
  package var points: [MetricPoint]
}

/// A score of a stage of a run.
package struct StageScore: Hashable, Sendable {
  package var stage: String
  package var name: String
  package var score: Score
}

/// A recipe that gave different results: bits depend on something outside the recipe.
package struct Finding: Hashable, Sendable {
  package var recipe: Digest
  package var op: String
  /// A stage's name where the recipe was used.
  package var stage: String
  /// At least two, first recorded first; the first is the one that hits are answered with.
  package var results: [RecordedResult]
}

/// What a tag or a note is about.
package struct Subject: Hashable, Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case run, execution, recipe, result, artifact
  }

  package var kind: Kind
  package var digest: Digest

  package init(_ kind: Kind, _ digest: Digest) {
    self.kind = kind
    self.digest = digest
  }
}

/// A tag's value at one time; the newest counts.
package struct Tag: Hashable, Sendable {
  package var name: String
  /// Nil: the tag was taken away.
  package var subject: Subject?
  package var time: Timestamp
}

/// A text about something recorded.
package struct Note: Hashable, Sendable {
  package var subject: Subject
  package var text: String
  package var time: Timestamp
}

/// An output that carried an artifact: one step up the lineage.
package struct Production: Hashable, Sendable {
  package var execution: Digest
  package var recipe: Digest
  package var result: Digest
  package var run: Digest?
  package var stage: String
  package var op: String
  package var port: String
  package var artifact: Artifact
}

/// An input that took an artifact: one step down the lineage.
package struct Consumption: Hashable, Sendable {
  package var recipe: Digest
  package var op: String
  package var port: String
  /// From 0, in a list port.
  package var position: Int
  package var artifact: Artifact
}
