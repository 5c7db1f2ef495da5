package import ContentStore

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
  /// The paper's published figures by model size.
  package var reported: Reported
  /// The profile that applies; nil for the base values.
  package var profile: String?
  /// The overrides as the user wrote them.
  package var overrides: [String]
  /// The merged text, before loops are unrolled.
  let root: SourceNode

  /// - Parameter root: the merged object, without profiles.
  init(root: SourceNode, overrides: [Override]) throws(ExperimentError) {
    var root = root
    for override in overrides { root = try root.applying(override) }
    let reader = try NodeReader(root, path: "", allowed: ExperimentReader.keys)
    name = try ExperimentReader.name(reader)
    description = try reader.string("description")
    paper = try ExperimentReader.paper(reader)
    seed = try reader.seed("seed") ?? 0
    numerics = try ExperimentReader.numerics(reader)
    stages = try ExperimentReader.stages(reader)
    let names = try ExperimentReader.stageNames(reader, stages)
    claims = try ExperimentReader.claims(reader, names)
    reported = try ExperimentReader.reported(reader, names)
    profile = nil
    self.overrides = overrides.map(\.text)
    self.root = root
  }

  /// Reads the experiment that `ResolvedExperiment.record` wrote, for branch and replay.
  /// - Parameters:
  ///   - name: what errors call it, such as `run 3fa29c01`.
  ///   - folder: where the relative file paths of the experiment start from.
  ///   - overrides: applied on top of those that the record holds.
  package init(
    record: JSON, name: String, folder: String, overrides: [Override] = []
  ) throws(ExperimentError) {
    guard record["type"] == "experiment/1", let merged = record["experiment"],
      let order = record["stages"]?.arrayValue?.compactMap(\.stringValue),
      let earlier = record["overrides"]?.arrayValue?.compactMap(\.stringValue),
      let text = try? merged.canonical()
    else { throw ExperimentError("the record of \(name) is not an experiment (experiment/1)") }
    let root = try SourceNode(parsing: SourceFile(name: name, folder: folder, bytes: text))
    try self.init(root: root, overrides: overrides)
    profile = record["profile"]?.stringValue
    self.overrides = earlier + self.overrides
    // Canonical JSON sorts members; the list of stages remembers the file's order.
    let places = Dictionary(zip(order, 0...)) { first, _ in first }
    let ranked = stages.enumerated().map { (places[$1.name] ?? order.count, $0, $1) }
    stages = ranked.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
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
  /// The whole object.
  var node: SourceNode
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
  /// The same, read, with the stages that it names resolved.
  package var expression: ClaimExpression
  package var note: String

  package init(
    id: String, source: String, check: String, expression: ClaimExpression, note: String = ""
  ) {
    self.id = id
    self.source = source
    self.check = check
    self.expression = expression
    self.note = note
  }
}
