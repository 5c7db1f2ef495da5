import ContentStore
import Ledger
import Testing

@testable import Reports

/// Which output of which stage an input is, and what a stage drew its random numbers from.
@Suite struct LineageWiringTests {
  private let laboratory: Laboratory

  init() throws { laboratory = try Laboratory() }

  /// A stage as a run records it.
  private struct Wired {
    var name: String
    var op: String
    /// What the outputs hold.
    var outputs: [String: String]
    /// By port, references as the experiment writes them, and what they hold.
    var inputs: [String: [(reference: String, text: String)]] = [:]
    var seed: UInt64?

    init(
      _ name: String, op: String? = nil, _ outputs: [String: String],
      from inputs: [String: [(reference: String, text: String)]] = [:], seed: UInt64? = nil
    ) {
      self.name = name
      self.op = op ?? "op-\(name)"
      self.outputs = outputs
      self.inputs = inputs
      self.seed = seed
    }
  }

  private func digest(_ text: String) -> String { Laboratory.artifact(text).digest.short }

  private func run(_ stages: [Wired]) throws -> (id: Digest, executions: [Digest]) {
    var start = RunStart(experiment: "wired", environment: [:])
    start.stages = stages.map(\.name)
    let run = try laboratory.ledger.beginRun(start)
    let executions = try stages.enumerated().map { try record($1, $0, of: run) }
    try laboratory.ledger.endRun(run, RunEnd(ending: .done))
    return (run, executions)
  }

  /// Carries a stage out, or answers it by the execution that its recipe has.
  private func record(_ stage: Wired, _ position: Int, of run: Digest) throws -> Digest {
    let inputs = stage.inputs.mapValues { $0.map { Laboratory.artifact($0.text) } }
    let recipe = Recipe(
      op: stage.op, revision: 1, parameters: [:], inputs: inputs, seed: stage.seed, numerics: nil)
    let name = SHA256.hash(try recipe.json.canonical())
    let known = try laboratory.ledger.results(ofRecipe: name).first?.executions.first
    let execution = try known ?? carryOut(stage, recipe, of: run)
    try laboratory.ledger.addRunStage(
      RunStage(
        name: stage.name, position: position, op: stage.op, recipe: name, execution: execution,
        outcome: known == nil ? .executed : .hit,
        inputs: stage.inputs.mapValues { $0.map(\.reference) }), to: run)
    return execution
  }

  private func carryOut(_ stage: Wired, _ recipe: Recipe, of run: Digest) throws -> Digest {
    let execution = try laboratory.ledger.beginExecution(
      ExecutionStart(recipe: recipe, run: run, stage: stage.name, environment: [:]))
    let outputs = stage.outputs.mapValues { Laboratory.artifact($0) }
    try laboratory.ledger.endExecution(
      execution, ExecutionEnd(ending: .done, result: StageResult(outputs: outputs, scores: [:])))
    return execution
  }

  private func upward(_ run: (id: Digest, executions: [Digest])) throws -> LineageGraph {
    try LineageGraph(from: [run.executions.last!], .up, run: run.id, in: laboratory.ledger)
  }

  @Test func `an input that holds the same bytes as others is drawn as the output it is`() throws {
    let run = try run([
      Wired("world", ["books": "", "exams": "", "web": "text"]),
      // It drops nothing, so that its output holds what its input does.
      Wired("clean", ["kept": "text"], from: ["documents": [("world.web", "text")]]),
      Wired("mix", ["mixed": "m"], from: ["parts": [("clean.kept", "text"), ("world.exams", "")]]),
    ])
    #expect(
      try upward(run).tree().dropFirst() == [
        "├── parts ← clean.kept (op-clean)  \(digest("text"))",
        "│   └── documents ← world.web (op-world)  \(digest("text"))",
        "└── parts ← world.exams (op-world)  \(digest(""))",
      ])
  }

  @Test func `downward, what reads another output of the same bytes is no user`() throws {
    let run = try run([
      Wired("world", ["web": "text"]),
      Wired("clean", ["kept": "text"], from: ["documents": [("world.web", "text")]]),
      Wired("mix", ["mixed": "m"], from: ["parts": [("clean.kept", "text")]]),
      Wired("raw", ["mixed": "r"], from: ["parts": [("world.web", "text")]]),
    ])
    func users(_ execution: Digest, _ port: String) throws -> [String] {
      let graph = try LineageGraph(
        of: Laboratory.artifact("text"), .down, run: run.id, as: (execution, port),
        in: laboratory.ledger)
      return graph.edges.filter { $0.maker == .execution(execution) }
        .map { graph.labels[$0.user]?.stage ?? "" }
    }
    #expect(try users(run.executions[0], "web").sorted() == ["clean", "raw"])
    #expect(try users(run.executions[1], "kept") == ["mix"])
  }

  @Test func `a stage is called what the run calls it, though another run carried it out`() throws {
    _ = try run([Wired("raw", op: "world", ["web": "text"])])
    let second = try run([
      Wired("source", op: "world", ["web": "text"]),
      Wired("use", ["used": "u"], from: ["documents": [("source.web", "text")]]),
    ])
    #expect(
      try upward(second).tree().last
        == "└── documents ← source.web (world)  \(digest("text"))")
  }

  @Test func `an artifact asked for by its output has that output's lineage`() throws {
    let run = try run([
      Wired("world", ["web": "text"]),
      Wired("clean", ["kept": "text"], from: ["documents": [("world.web", "text")]]),
    ])
    let artifact = Laboratory.artifact("text")
    let named = try LineageGraph(
      of: artifact, .up, run: run.id, as: (run.executions[1], "kept"), in: laboratory.ledger)
    #expect(named.nodes == [.execution(run.executions[1]), .execution(run.executions[0])])
    let first = try LineageGraph(of: artifact, .up, in: laboratory.ledger)
    #expect(first.nodes == [.execution(run.executions[0])])
  }

  @Test func `a stage that used a seed says it in every form, and each edge its artifact`() throws {
    let graph = try upward(
      run([
        Wired("world", ["web": "text"], seed: 17),
        Wired("use", ["used": "u"], from: ["documents": [("world.web", "text")]]),
      ]))
    let (artifact, short) = (Laboratory.artifact("text"), digest("text"))
    #expect(
      graph.tree() == [
        "use (op-use)  \(graph.roots[0].digest.short)",
        "└── documents ← world.web (op-world)  \(short)  seed 17",
      ])
    #expect(graph.json["nodes"]?.arrayValue?.map { $0["seed"] } == [.null, "17"])
    #expect(graph.json["edges"]?.arrayValue?.map { $0["artifact"] } == [artifact.json])
    #expect(graph.dot().contains("\\nseed 17\"];"))
    #expect(graph.dot().contains("[label=\"web → documents \(short)\"];"))
    #expect(graph.mermaid().contains("<br/>seed 17\"]"))
    #expect(graph.mermaid().contains("\"web → documents \(short)\""))
  }

  @Test func `a long chain goes on below, from the margin, with every stage in it`() throws {
    let stages = (0..<40).map { index in
      let source = (reference: "stage-\(index - 1).kept", text: "\(index - 1)")
      return Wired(
        "stage-\(index)", ["kept": "\(index)"], from: index == 0 ? [:] : ["documents": [source]])
    }
    let lines = try upward(run(stages)).tree()
    #expect(lines.allSatisfy { $0.count <= 100 })
    let below = lines.count { $0.hasSuffix("  (below)") }
    #expect(below > 1 && lines.count { $0.hasPrefix("stage-") } == 1 + below)
    for index in 0..<39 {
      #expect(lines.count { $0.contains("← stage-\(index).kept ") } == 1)
    }
  }
}
