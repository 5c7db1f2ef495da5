package import ContentStore
package import Ledger

/// An op with its types erased.
package struct AnyStage: Sendable {
  package let op: String
  package let revision: Int
  package let summary: String
  package let usesSeed: Bool
  package let usesNumerics: Bool
  /// The ports when no parameters are known.
  package let ports: Ports
  /// Every declared parameter, in declaration order.
  package let fields: [ParameterField]
  private let read: @Sendable (AnyStage, ParameterReader) throws(ParameterError) -> DecodedStage

  package init<S: Stage>(_ type: S.Type) {
    op = S.op
    revision = S.revision
    summary = S.summary
    usesSeed = S.usesSeed
    usesNumerics = S.usesNumerics
    fields = Self.fields(of: S.self)
    ports = S.ports(nil).adding(filePorts: fields)
    read = { (stage, reader) throws(ParameterError) in
      try DecodedStage(S.self, as: stage, from: reader)
    }
  }

  /// A parameter declaration that fails when only listing is a mistake in the op; it lists what it
  /// declared before.
  private static func fields<S: Stage>(of type: S.Type) -> [ParameterField] {
    var reader = ParameterReader(nil)
    _ = try? S.Parameters(from: &reader)
    return reader.fields
  }

  /// Reads a stage's `with`.
  /// - Parameters:
  ///   - connected: ports that are wired to other stages, so that a `files` parameter of the same name
  ///     may be left out.
  ///   - isRecorded: whether the values are a recorded run's.
  package func decode(
    _ with: [String: JSON], connected: Set<String> = [], isRecorded: Bool = false
  ) throws(ParameterError) -> DecodedStage {
    try read(self, ParameterReader(with, fileInputs: connected, isRecorded: isRecorded))
  }

  /// Reads a recipe's parameters, in a worker or a replay: `files` parameters are inputs by then.
  package func decode(recipe: Recipe) throws(ParameterError) -> DecodedStage {
    guard let parameters = recipe.parameters.objectValue else {
      throw ParameterError(path: "", message: "the recipe's parameters are no object")
    }
    return try read(
      self, ParameterReader(parameters, fileInputs: Set(recipe.inputs.keys), isRecorded: true))
  }
}

/// An op with its parameters decoded, ready to run.
package struct DecodedStage: Sendable {
  package let op: AnyStage
  /// Every parameter with its default filled in; what the recipe keeps.
  package let parameters: JSON
  /// The user's files by the port they become: the parameter's path.
  package let filePatterns: [String: [String]]
  /// Declared ports and those of `files` parameters.
  package let ports: Ports
  package let isDeterministic: Bool
  /// Carries the stage out.
  package let run: @Sendable (any StageContext) throws -> Void
  /// Static cost, from the parameters and the estimates of the stages that feed each port; nil when
  /// the op has none.
  package let estimate: @Sendable ([String: [Estimate]]) -> Estimate?
  private let values: any StageParameters

  /// Refuses what cannot change where a branch goes on from its parent's state after `step` steps.
  package func check(goingOnFrom parent: DecodedStage, after step: Int) throws(ParameterError) {
    try Self.check(values, parent.values, step)
  }

  private static func check<Parameters: StageParameters>(
    _ values: Parameters, _ parent: any StageParameters, _ step: Int
  ) throws(ParameterError) {
    guard let parent = parent as? Parameters else { return }
    try values.check(goingOnFrom: parent, after: step)
  }

  fileprivate init<S: Stage>(
    _ type: S.Type, as op: AnyStage, from reader: ParameterReader
  ) throws(ParameterError) {
    var reader = reader
    let values = try reader.decode { (reader) throws(ParameterError) in
      try S.Parameters(from: &reader)
    }
    self.op = op
    self.values = values
    parameters = .object(reader.normalized)
    filePatterns = reader.filePatterns
    ports = S.ports(values).adding(filePorts: reader.fields)
    isDeterministic = S.isDeterministic(values)
    run = { context in try S.run(values, in: context) }
    estimate = { inputs in S.estimate(values, inputs: inputs) }
  }
}

extension Ports {
  /// The input of a name, declared or taken because the op takes others.
  package func input(_ name: String) -> Port? {
    inputs.first { $0.name == name } ?? otherInputs.map { Port(name, $0, "", list: true) }
  }

  /// The output of a name.
  package func output(_ name: String) -> Port? { outputs.first { $0.name == name } }

  /// Each `files` parameter is an input, unless the op declares that itself. The parameter says
  /// whether it may be left out, so the port is optional.
  fileprivate func adding(filePorts fields: [ParameterField]) -> Ports {
    var ports = self
    for field in fields where field.type == "files" && !field.path.contains("[") {
      guard !inputs.contains(where: { $0.name == field.path }) else { continue }
      ports.inputs.append(Port(field.path, .files, field.summary, optional: true))
    }
    return ports
  }
}

/// The ops that experiments can use.
package struct StageRegistry: Sendable {
  /// Sorted by name.
  package let stages: [AnyStage]

  /// - Precondition: no two have the same op name.
  package init(_ types: [any Stage.Type]) {
    stages = types.map(AnyStage.erasing).sorted { $0.op < $1.op }
    precondition(Set(stages.map(\.op)).count == stages.count, "two ops have one name")
  }

  /// The op of a name; nil when there is none.
  package subscript(op: String) -> AnyStage? { stages.first { $0.op == op } }

  /// The op of a name, or an error with a "did you mean".
  package func stage(_ op: String) throws(ExperimentError) -> AnyStage {
    if let stage = self[op] { return stage }
    throw ExperimentError(
      "there is no op \"\(op)\"\(didYouMean(op, among: stages.map(\.op))); `exp ops` lists them")
  }
}

extension AnyStage {
  fileprivate static func erasing(_ type: any Stage.Type) -> AnyStage { AnyStage(type) }
}
