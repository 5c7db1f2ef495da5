import ContentStore

/// A list of stages that is folded over carried values (DESIGN §10):
/// ```json5
/// rounds: {
///   count: 6,
///   carry: { policy: "anneal.checkpoint", data: [] },       // what round 1 reads
///   stages: { sft: { op: "sft", inputs: { model: "policy" } }, /* … */ },
///   next: { policy: "average.checkpoint", data: ["data", "sample.pairs"] },   // what it hands on
///   overrides: { "3": { sft: { with: { steps: 10 } } } },   // merge patches, by round
/// }
/// ```
/// Inside, an input names a stage of the same round (`sft.checkpoint`), a carried value (`policy`), or
/// a stage outside; the nearer one wins. Round 2 of `sft` becomes the stage `rounds-2-sft`. Outside,
/// `rounds.policy` is what the last round hands on.
struct Loop {
  let name: String
  let count: Int
  /// By carried name, in file order.
  let carry: [(name: String, references: [InputReference])]
  let next: [(name: String, references: [InputReference])]
  let stages: NodeReader
  /// Merge patches on `stages`, by round.
  let overrides: [Int: SourceNode]

  static let keys = ["count", "carry", "stages", "next", "overrides", "description"]

  /// - Parameter outer: names that the loop's own may not repeat.
  init(_ member: SourceNode.Member, outer: [String]) throws(ExperimentError) {
    let path = "loops.\(member.key)"
    let reader = try NodeReader(member.value, path: path, allowed: Self.keys)
    guard ExperimentReader.isStageName(member.key), !outer.contains(member.key) else {
      throw ExperimentError(
        outer.contains(member.key)
          ? "a stage has the name \"\(member.key)\" too; rename one"
          : "\"\(member.key)\" is no loop name: use lower-case letters, digits and '-'",
        path: path, at: member.keyPosition)
    }
    name = member.key
    guard let count = try reader.integer("count", in: 1...1000) else {
      throw ExperimentError(
        "needs \"count\": the number of rounds", path: path, at: reader.node.position)
    }
    self.count = count
    guard let stages = try reader.map("stages"), !stages.members.isEmpty else {
      throw ExperimentError("has no stages", path: path, at: member.keyPosition)
    }
    self.stages = stages
    carry = try Self.carried(reader, "carry")
    next = try Self.carried(reader, "next")
    overrides = try Self.overrides(reader, stages: stages)
    try checkNames(reader)
  }

  private static func carried(
    _ reader: NodeReader, _ key: String
  ) throws(ExperimentError) -> [(name: String, references: [InputReference])] {
    var result: [(name: String, references: [InputReference])] = []
    for member in try reader.map(key)?.members ?? [] {
      let path = "\(reader.path).\(key).\(member.key)"
      result.append((member.key, try ExperimentReader.references(member.value, path: path)))
    }
    return result
  }

  private func checkNames(_ reader: NodeReader) throws(ExperimentError) {
    let (first, second) = (carry.map(\.name), next.map(\.name))
    for (names, others, key, other) in [
      (first, second, "next", "carry"), (second, first, "carry", "next"),
    ] {
      guard let name = names.first(where: { !others.contains($0) }) else { continue }
      throw ExperimentError(
        "must give \"\(name)\", which \(reader.at(other)) does", path: reader.at(key),
        at: (reader.node[key] ?? reader.node).position)
    }
  }

  private static func overrides(
    _ reader: NodeReader, stages: NodeReader
  ) throws(ExperimentError) -> [Int: SourceNode] {
    var result: [Int: SourceNode] = [:]
    for member in try reader.map("overrides")?.members ?? [] {
      let path = "\(reader.path).overrides.\(member.key)"
      // A profile may have fewer rounds; what is said of later ones then has no effect.
      guard let round = Int(member.key), String(round) == member.key, round > 0 else {
        throw ExperimentError(
          "\"\(member.key)\" is no round: they are counted from \"1\"", path: path,
          at: member.keyPosition)
      }
      _ = try NodeReader(member.value, path: path, allowed: stages.members.map(\.key))
      result[round] = member.value
    }
    return result
  }

  static func stageName(_ loop: String, _ round: Int, _ stage: String) -> String {
    "\(loop)-\(round)-\(stage)"
  }

  /// The stages of all rounds.
  func unrolled() throws(ExperimentError) -> [StageUse] {
    var result: [StageUse] = []
    for round in 1...count {
      let patched = overrides[round].map(stages.node.merged) ?? stages.node
      for member in patched.members ?? [] {
        let path = "\(stages.path).\(member.key)"
        var stage = try ExperimentReader.stage(member, path: path, among: stages.members)
        stage.name = Self.stageName(name, round, member.key)
        for index in stage.inputs.indices {
          stage.inputs[index].references = stage.inputs[index].references.flatMap {
            scoped($0, round: round)
          }
        }
        result.append(stage)
      }
    }
    return result
  }

  /// A reference inside a round, as seen from outside.
  private func scoped(_ reference: InputReference, round: Int) -> [InputReference] {
    if reference.output.isEmpty, carry.contains(where: { $0.name == reference.stage }) {
      return value(of: reference.stage, after: round - 1)
    }
    guard stages.node[reference.stage] != nil else { return [reference] }
    var inner = reference
    inner.stage = Self.stageName(name, round, reference.stage)
    return [inner]
  }

  /// What a carried name stands for after a round; after round 0 it is what `carry` says.
  func value(of name: String, after round: Int) -> [InputReference] {
    let list = round == 0 ? carry : next
    let references = list.first { $0.name == name }?.references ?? []
    return round == 0 ? references : references.flatMap { scoped($0, round: round) }
  }
}

extension ExperimentReader {
  /// Replaces `loop.carried` in every input by what the loop's last round hands on, and refuses what
  /// is neither a stage's output nor a carried value.
  static func resolvingCarried(
    _ stages: [StageUse], _ loops: [Loop]
  ) throws(ExperimentError) -> [StageUse] {
    var stages = stages
    for (index, stage) in stages.enumerated() {
      for (place, input) in stage.inputs.enumerated() {
        var references: [InputReference] = []
        let path = "\(stage.path).inputs.\(input.port)"
        for reference in input.references {
          references += try outcome(reference, loops, path: path, depth: 0)
        }
        stages[index].inputs[place].references = references
      }
    }
    return stages
  }

  private static func outcome(
    _ reference: InputReference, _ loops: [Loop], path: String, depth: Int
  ) throws(ExperimentError) -> [InputReference] {
    guard let loop = loops.first(where: { $0.name == reference.stage }) else {
      guard reference.output.isEmpty else { return [reference] }
      throw ExperimentError(
        "\"\(reference.stage)\" names no output: write \"stage.output\"", path: path,
        at: reference.position)
    }
    let names = loop.carry.map(\.name)
    guard names.contains(reference.output) else {
      let known = names.map { "\(loop.name).\($0)" }
      throw ExperimentError(
        "loop \"\(loop.name)\" hands on no \"\(reference.output)\""
          + didYouMean(reference.description, among: known)
          + "; it hands on \(names.isEmpty ? "nothing" : names.joined(separator: ", "))",
        path: path, at: reference.position)
    }
    // Two loops that start from each other's end never end.
    guard depth <= loops.count else {
      throw ExperimentError(
        "the loops' carried values lead in a circle", path: path, at: reference.position)
    }
    var result: [InputReference] = []
    for inner in loop.value(of: reference.output, after: loop.count) {
      result += try outcome(inner, loops, path: path, depth: depth + 1)
    }
    return result
  }
}
