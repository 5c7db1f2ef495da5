import ContentStore

/// Decodes an experiment's stages and checks how they are wired.
struct Graph {
  let experiment: Experiment
  /// In file order.
  let decoded: [DecodedStage]
  /// Places of stages in file order.
  let places: [String: Int]

  /// - Parameter isRecorded: of which stages the values are a record's (see `ParameterReader.isRecorded`).
  init(
    _ experiment: Experiment, _ registry: StageRegistry, isRecorded: (String) -> Bool
  ) throws(ExperimentError) {
    self.experiment = experiment
    var decoded: [DecodedStage] = []
    for use in experiment.stages { decoded.append(try use.decode(registry, isRecorded(use.name))) }
    self.decoded = decoded
    places = Dictionary(zip(experiment.stages.map(\.name), 0...)) { first, _ in first }
    for (use, stage) in zip(experiment.stages, decoded) { try check(use, stage) }
    for (index, claim) in experiment.claims.enumerated() { try check(claim, at: index) }
  }

  /// The outputs that a claim names must be there.
  private func check(_ claim: Claim, at index: Int) throws(ExperimentError) {
    for quantity in claim.expression.quantities {
      guard let output = quantity.output, let place = places[quantity.stage],
        decoded[place].ports.output(output) == nil
      else { continue }
      let known = decoded[place].ports.outputs.map(\.name)
      throw ExperimentError(
        "the stage \"\(quantity.stage)\" has no output \"\(output)\""
          + didYouMean(output, among: known) + "; leave it out, for scores are the stage's",
        path: "claims[\(index)].check", at: experiment.root["claims"]?.position)
    }
  }

  private func check(_ use: StageUse, _ stage: DecodedStage) throws(ExperimentError) {
    if use.seed != nil, !stage.op.usesSeed {
      throw ExperimentError(
        "\"\(use.op)\" draws no random numbers; remove the seed", path: "\(use.path).seed",
        at: use.node["seed"]?.position)
    }
    for input in use.inputs { try check(input, of: use, stage) }
    let given = Set(use.inputs.filter { !$0.references.isEmpty }.map(\.port))
      .union(stage.filePatterns.keys)
    for port in stage.ports.inputs where !port.isOptional && !given.contains(port.name) {
      throw ExperimentError(
        "needs the input \"\(port.name)\": \(port.summary)", path: "\(use.path).inputs",
        at: use.node["inputs"]?.position ?? use.position)
    }
  }

  private func check(
    _ input: InputUse, of use: StageUse, _ stage: DecodedStage
  ) throws(ExperimentError) {
    let path = "\(use.path).inputs.\(input.port)"
    guard let port = stage.ports.input(input.port) else {
      let known = stage.ports.inputs.map(\.name)
      throw ExperimentError(
        "\"\(use.op)\" has no input \"\(input.port)\"\(didYouMean(input.port, among: known));"
          + " it has \(known.isEmpty ? "none" : known.joined(separator: ", "))",
        path: path, at: input.position)
    }
    if stage.filePatterns[input.port] != nil {
      throw ExperimentError(
        "the parameter with.\(input.port) gives this input already; remove one of the two",
        path: path, at: input.position)
    }
    if input.references.count > 1, !port.isList {
      throw ExperimentError(
        "takes one artifact, found \(input.references.count)", path: path, at: input.position)
    }
    for reference in input.references { try check(reference, into: port, path: path) }
  }

  private func check(
    _ reference: InputReference, into port: Port, path: String
  ) throws(ExperimentError) {
    guard let place = places[reference.stage] else {
      throw ExperimentError(
        "there is no stage \"\(reference.stage)\""
          + didYouMean(reference.stage, among: experiment.stages.map(\.name)),
        path: path, at: reference.position)
    }
    let outputs = decoded[place].ports.outputs
    guard let output = decoded[place].ports.output(reference.output) else {
      let known = outputs.map(\.name)
      throw ExperimentError(
        "the stage \"\(reference.stage)\" has no output \"\(reference.output)\""
          + didYouMean(reference.output, among: known)
          + "; it has \(known.isEmpty ? "none" : known.joined(separator: ", "))",
        path: path, at: reference.position)
    }
    guard port.type.accepts(output.type) else {
      throw ExperimentError(
        "wants \(port.type.rawValue), but \(reference) is \(output.type.rawValue)", path: path,
        at: reference.position)
    }
  }

  /// The stages that a stage reads from, as places in file order.
  private func sources(of place: Int) -> [(place: Int, reference: InputReference, port: String)] {
    experiment.stages[place].inputs.flatMap { input in
      input.references.map { (places[$0.stage]!, $0, input.port) }
    }
  }

  /// Places in file order, each after those it reads from; otherwise the earliest first.
  func order() throws(ExperimentError) -> [Int] {
    var waiting = decoded.indices.map { Set(sources(of: $0).map(\.place)) }
    var done: [Int] = []
    var left = Array(decoded.indices)
    while let next = left.firstIndex(where: { waiting[$0].isEmpty }) {
      let place = left.remove(at: next)
      done.append(place)
      for other in left { waiting[other].remove(place) }
    }
    if let start = left.first { throw cycle(from: start, in: Set(left)) }
    return done
  }

  /// The error that prints a cycle. Every stage that is left reads from another that is left, so
  /// going upstream must come round.
  private func cycle(from start: Int, in left: Set<Int>) -> ExperimentError {
    var trail = [start]
    while true {
      let link = sources(of: trail.last!).first { left.contains($0.place) }!
      if let round = trail.firstIndex(of: link.place) {
        let names = (trail[round...] + [link.place]).reversed().map { experiment.stages[$0].name }
        return ExperimentError(
          "the stages feed one another in a circle: \(names.joined(separator: " → "))",
          path: "\(experiment.stages[trail.last!].path).inputs.\(link.port)",
          at: link.reference.position)
      }
      trail.append(link.place)
    }
  }
}

extension StageUse {
  fileprivate func decode(
    _ registry: StageRegistry, _ isRecorded: Bool
  ) throws(ExperimentError) -> DecodedStage {
    let op: AnyStage
    do {
      op = try registry.stage(self.op)
    } catch {
      throw ExperimentError(error.message, path: "\(path).op", at: node["op"]?.position)
    }
    do {
      let connected = inputs.filter { !$0.references.isEmpty }.map(\.port)
      return try op.decode(
        with.json.objectValue ?? [:], connected: Set(connected), isRecorded: isRecorded)
    } catch {
      throw located(error)
    }
  }

  /// A parameter's error with its path from the root and its place: of the name when the name is
  /// what is wrong.
  private func located(_ error: ParameterError) -> ExperimentError {
    let steps = [PathStep](path: error.path) ?? []
    var place = with.nearestPosition(steps)
    if error.isUnknownName, case .key(let key)? = steps.last,
      let member = with.find(steps.dropLast())?.member(key)
    {
      place = member.keyPosition
    }
    let path = error.path.isEmpty ? "\(path).with" : "\(path).with.\(error.path)"
    let remedy = error.isMissing ? " (write it here, or give --set \(path)=VALUE)" : ""
    return ExperimentError(error.message + remedy, path: path, at: place)
  }
}
