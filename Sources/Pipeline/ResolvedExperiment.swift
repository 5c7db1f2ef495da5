package import ContentStore
package import Ledger

/// An experiment whose every stage is decoded, wired and ordered: all but the inputs' digests.
package struct ResolvedExperiment: Sendable {
  package let experiment: Experiment
  /// Every stage after those it reads from; otherwise in file order.
  package let stages: [ResolvedStage]

  /// The stage of a name, or an error with a "did you mean".
  package func stage(_ name: String) throws(ExperimentError) -> ResolvedStage {
    fatalError("to be built")
  }

  /// The stages that the named one needs, itself included, in order: `--until`.
  package func stages(until name: String) throws(ExperimentError) -> [ResolvedStage] {
    fatalError("to be built")
  }

  /// The named stages and all that read from them: what a change there executes again.
  package func dependents(of names: Set<String>) -> Set<String> { fatalError("to be built") }

  /// The recipe of a stage whose inputs are known.
  /// - Parameters:
  ///   - inputs: by port, in the order of the wiring; trees of `files` parameters included.
  ///   - numerics: the engine's full name, such as `openblas 0.3.21 Zen`; nil as in the experiment.
  package func recipe(
    for stage: ResolvedStage, inputs: [String: [Artifact]], numerics: String? = nil
  ) -> Recipe { fatalError("to be built") }

  /// The merged experiment with overrides applied, to keep with the run (`experiment/1`): canonical,
  /// independent of layout, comments and spelling. Relative file paths of the experiment file stay so;
  /// those of `--set` are made absolute.
  package var record: JSON { fatalError("to be built") }
}

/// One stage, decoded and wired.
package struct ResolvedStage: Sendable {
  package let name: String
  package let stage: DecodedStage
  /// By port: the artifacts of other stages that it reads.
  package let inputs: [String: [InputReference]]
  /// By port: the user's files that it reads.
  package let files: [String: [FilePattern]]
  /// The seed that goes into the recipe; nil for an op that draws no random numbers.
  package let seed: UInt64?
  /// Nil for an op that computes no floating point.
  package let numerics: String?
  /// JSON path in the experiment file.
  package let path: String
  package let position: SourcePosition

  /// Names of the stages that it reads from, sorted.
  package var dependencies: [String] { Set(inputs.values.joined().map(\.stage)).sorted() }
}
