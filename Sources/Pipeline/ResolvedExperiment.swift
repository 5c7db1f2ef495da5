package import ContentStore
package import Ledger

/// An experiment whose every stage is decoded, wired and ordered: all but the inputs' digests.
package struct ResolvedExperiment: Sendable {
  package let experiment: Experiment
  /// Every stage after those it reads from; otherwise in file order.
  package let stages: [ResolvedStage]

  /// The stage of a name, or an error with a "did you mean".
  package func stage(_ name: String) throws(ExperimentError) -> ResolvedStage {
    if let stage = stages.first(where: { $0.name == name }) { return stage }
    throw ExperimentError(
      "\(experiment.name) has no stage \"\(name)\"\(didYouMean(name, among: stages.map(\.name)))")
  }

  /// The stages that the named one needs, itself included, in order: `--until`.
  package func stages(until name: String) throws(ExperimentError) -> [ResolvedStage] {
    var needed: Set<String> = [try stage(name).name]
    for stage in stages.reversed() where needed.contains(stage.name) {
      needed.formUnion(stage.dependencies)
    }
    return stages.filter { needed.contains($0.name) }
  }

  /// The named stages and all that read from them: what a change there executes again.
  package func dependents(of names: Set<String>) -> Set<String> {
    stages.reduce(into: names) { found, stage in
      if !found.isDisjoint(with: stage.dependencies) { found.insert(stage.name) }
    }
  }

  /// The recipe of a stage whose inputs are known.
  /// - Parameters:
  ///   - inputs: by port, in the order of the wiring; trees of `files` parameters included.
  ///   - numerics: the engine's full name, such as `openblas/0.3.21/Zen`; nil as in the experiment.
  package func recipe(
    for stage: ResolvedStage, inputs: [String: [Artifact]], numerics: String? = nil
  ) -> Recipe {
    Recipe(
      op: stage.stage.op.op, revision: stage.stage.op.revision,
      parameters: stage.stage.parameters,
      // A port with an empty list is one that nothing is connected to.
      inputs: inputs.filter { !$0.value.isEmpty }, seed: stage.seed,
      numerics: stage.numerics.map { numerics ?? $0 })
  }

  /// Static costs by stage name, each from its parameters and its inputs' stages.
  package var estimates: [String: Estimate] {
    stages.reduce(into: [:]) { known, stage in
      let inputs = stage.inputs.mapValues { $0.compactMap { known[$0.stage]?.reading($0.output) } }
      known[stage.name] = stage.stage.estimate(inputs)
    }
  }

  /// The merged experiment with overrides applied, to keep with the run (`experiment/1`): canonical,
  /// independent of layout, comments and spelling. Relative file paths of the experiment file stay so;
  /// those of `--set` are made absolute.
  package var record: JSON {
    [
      "type": "experiment/1", "experiment": root.json,
      "profile": experiment.profile.map(JSON.string) ?? .null,
      "overrides": .array(experiment.overrides.map(JSON.string)),
      "stages": .array(experiment.stages.map { .string($0.name) }),
    ]
  }

  /// The merged text, with patterns written elsewhere than in the experiment file made absolute.
  private var root: SourceNode {
    let home = experiment.root.position.file
    let moved = stages.flatMap { $0.files.values.joined() }
      .compactMap(\.position).filter { $0.file !== home }
    return experiment.root.makingAbsolute { place in
      moved.contains { $0.file === place.file && $0.offset == place.offset }
    }
  }
}

/// One stage, decoded and wired.
package struct ResolvedStage: Sendable {
  package let name: String
  package let stage: DecodedStage
  /// By port: the artifacts of other stages that it reads. Ports without any are left out.
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

  fileprivate init(_ use: StageUse, _ decoded: DecodedStage, in experiment: Experiment) {
    name = use.name
    stage = decoded
    inputs = Dictionary(use.inputs.map { ($0.port, $0.references) }) { first, _ in first }
      .filter { !$0.value.isEmpty }
    files = Dictionary(
      uniqueKeysWithValues: decoded.filePatterns.map { ($0.key, use.patterns($0.key, $0.value)) })
    seed = decoded.op.usesSeed ? use.seed ?? experiment.seed : nil
    numerics = decoded.op.usesNumerics ? experiment.numerics : nil
    path = use.path
    position = use.position
  }
}

extension Experiment {
  /// Decodes every stage's parameters, checks the wiring, and orders the stages.
  /// - Parameter isRecorded: of which stages the values are a recorded run's, and may be what a new run is
  ///   refused.
  package func resolve(
    _ registry: StageRegistry, isRecorded: (String) -> Bool = { _ in false }
  ) throws(ExperimentError) -> ResolvedExperiment {
    let graph = try Graph(self, registry, isRecorded: isRecorded)
    return ResolvedExperiment(
      experiment: self,
      stages: try graph.order().map { ResolvedStage(stages[$0], graph.decoded[$0], in: self) })
  }
}

extension StageUse {
  /// A `files` parameter's patterns with the folder of the text that each was written in.
  fileprivate func patterns(_ parameter: String, _ texts: [String]) -> [FilePattern] {
    let node = [PathStep](path: parameter).flatMap(with.find)
    let path = "\(path).with.\(parameter)"
    let nodes = node?.elements ?? [node ?? with]
    return texts.enumerated().map { index, text in
      let place = (index < nodes.count ? nodes[index] : with).position
      let here = node?.elements == nil ? path : "\(path)[\(index)]"
      return FilePattern(text, in: place.file.folder, path: here, at: place)
    }
  }
}

extension SourceNode {
  /// This value with the file paths at some places made absolute.
  fileprivate func makingAbsolute(_ isMoved: (SourcePosition) -> Bool) -> SourceNode {
    switch value {
    case .string(let text) where isMoved(position):
      let path = FilePattern(text, in: position.file.folder).absolute
      return SourceNode(.string(path), at: position)
    case .array(let elements):
      return SourceNode(.array(elements.map { $0.makingAbsolute(isMoved) }), at: position)
    case .object(let members):
      let changed = members.map { member in
        Member(
          key: member.key, keyPosition: member.keyPosition,
          value: member.value.makingAbsolute(isMoved))
      }
      return SourceNode(.object(changed), at: position)
    default: return self
    }
  }
}
