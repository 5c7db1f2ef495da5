package import ContentStore

/// An experiment file before a profile is chosen.
package struct ExperimentFile: Sendable {
  package let root: SourceNode
  package let name: String
  /// In file order.
  package let profileNames: [String]
  /// The file's `defaultProfile`; nil means that the base values apply.
  package let defaultProfile: String?

  /// Reads a file, or `experiment.json5` in a folder.
  package static func load(_ path: String) throws(ExperimentError) -> ExperimentFile {
    fatalError("to be built")
  }

  package init(parsing file: SourceFile) throws(ExperimentError) { fatalError("to be built") }

  /// The experiment under a profile, then under overrides in their order; later ones win.
  /// - Parameter profile: nil takes the file's `defaultProfile`; `base` names the base values.
  package func experiment(
    profile: String? = nil, overrides: [Override] = []
  ) throws(ExperimentError) -> Experiment { fatalError("to be built") }
}

/// An experiment with its profile and overrides merged in and its loops unrolled.
package struct Experiment: Sendable {
  package var name: String
  package var description: String?
  /// Title, arXiv number and so on, as written.
  package var paper: JSON?
  package var seed: UInt64
  /// `portable/1` or `openblas`.
  package var numerics: String
  /// In file order; a loop's stages follow the plain ones, round by round.
  package var stages: [StageUse]
  package var claims: [Claim]
  /// The paper's published figures by model size, as written.
  package var reported: JSON
  /// The profile that applies; nil for the base values.
  package var profile: String?
  /// The overrides as the user wrote them.
  package var overrides: [String]
  /// Values handed out of loops: `rounds.policy` → the reference of the last round.
  var carried: [String: InputReference]
  /// The merged text, before loops are unrolled.
  var root: SourceNode

  /// Reads the experiment that `ResolvedExperiment.record` wrote, for branch and replay.
  /// - Parameters:
  ///   - name: what errors call it, such as `run 3fa29c01`.
  ///   - folder: where the relative file paths of the experiment start from.
  package init(
    record: JSON, name: String, folder: String, overrides: [Override] = []
  ) throws(ExperimentError) { fatalError("to be built") }

  /// Decodes every stage's parameters, checks the wiring, and orders the stages.
  package func resolve(_ registry: StageRegistry) throws(ExperimentError) -> ResolvedExperiment {
    fatalError("to be built")
  }
}

/// One use of an op, as written.
package struct StageUse: Sendable {
  /// Unique in the experiment. Round 2 of stage `sft` in loop `rounds` is `rounds-2-sft`.
  package var name: String
  package var op: String
  /// In file order.
  package var inputs: [InputUse]
  package var with: SourceNode
  /// The stage's own seed, in place of the experiment's.
  package var seed: UInt64?
  /// JSON path in the file: `stages.sft` or `loops.rounds.stages.sft`.
  package var path: String
  /// Where the stage's name is written.
  package var position: SourcePosition
}

/// What a stage's input port is wired to.
package struct InputUse: Sendable {
  package var port: String
  package var references: [InputReference]
  package var position: SourcePosition
}

/// `stage.output`, as inputs name artifacts.
package struct InputReference: Sendable, CustomStringConvertible {
  package var stage: String
  package var output: String
  package var position: SourcePosition

  package var description: String { "\(stage).\(output)" }
}

/// A statement of the paper that can be checked against a run.
package struct Claim: Hashable, Sendable {
  package var id: String
  /// Section or table of the paper.
  package var source: String
  /// The expression, as written.
  package var check: String
  package var note: String
}
