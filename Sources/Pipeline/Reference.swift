/// How people name things that the ledger holds (DESIGN §9).
package struct Reference: Hashable, Sendable {
  package enum Run: Hashable, Sendable {
    /// A tag, an experiment, a prefix of hex digits, or an index number: told apart by looking up.
    case name(String)
    /// `NAME~2`: an experiment's runs, newest first, counted from 0.
    case ancestor(String, Int)
    /// `paper:NAME`: an experiment's published figures.
    case paper(String)
  }

  package var run: Run
  package var stage: String?
  /// `@STEP`.
  package var step: Int?
  /// `.OUTPUT`.
  package var output: String?
  /// `/PATH` in the output's tree.
  package var path: String?

  package init(parsing text: String) throws(ExperimentError) { fatalError("to be built") }
}

/// What a reference is looked up in; the ledger's side.
package protocol ReferenceLookup {
  /// What a run is known by, such as its digest.
  associatedtype Run

  /// What the tag names: a run, or a reference text to parse again.
  func tagged(_ tag: String) throws -> Run?
  /// The experiment's run that is `age` before its newest.
  func run(ofExperiment name: String, age: Int) throws -> Run?
  /// How many runs the experiment has.
  func runCount(ofExperiment name: String) throws -> Int
  /// Runs whose name starts with these hex digits, at most `limit`, with their names.
  func runs(prefix: String, limit: Int) throws -> [(name: String, run: Run)]
  /// The run that `exp log` last printed with this number.
  func run(index: Int) throws -> Run?
  /// All tags and experiments, for "did you mean".
  func names() throws -> [String]
}

extension ReferenceLookup {
  /// The run that a reference names. Throws `ExperimentError` when none or several do.
  package func resolve(_ reference: Reference) throws -> Run { fatalError("to be built") }
}
