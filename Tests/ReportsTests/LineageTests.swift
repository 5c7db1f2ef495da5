import ContentStore
import Ledger
import Testing

@testable import Reports

@Suite struct LineageTests {
  private struct Sample {
    let laboratory: Laboratory
    let run: RecordedRun
    /// Short names of the executions by stage, as they are drawn.
    let short: [String: String]
    let executions: [String: Digest]

    init() throws {
      laboratory = try Laboratory()
      run = try laboratory.run(laboratory.steps(rate: 0.1, answers: [true, false], loss: 3))
      let stages = try laboratory.ledger.stages(ofRun: run.id)
      executions = Dictionary(uniqueKeysWithValues: stages.map { ($0.name, $0.execution!) })
      short = executions.mapValues(\.short)
    }

    func graph(
      from stage: String, _ direction: LineageGraph.Direction
    ) throws -> LineageGraph {
      try LineageGraph(from: [executions[stage]!], direction, run: run.id, in: laboratory.ledger)
    }
  }

  @Test func `upward the tree leads to the user's files`() throws {
    let sample = try Sample()
    func artifact(_ text: String, _ kind: Artifact.Kind = .file) -> String {
      Laboratory.artifact(text, kind).digest.short
    }
    #expect(
      try sample.graph(from: "evaluate", .up).tree() == [
        "evaluate (op-evaluate)  \(sample.short["evaluate"]!)",
        "└── checkpoint ← model.checkpoint (op-model)  \(artifact("model 0.1", .tree))",
        "    ├── documents ← text.documents (op-text)  \(artifact("text"))",
        "    │   └── files ← your files  tree \(Laboratory.files.digest.short)",
        "    └── tokens ← tokens.tokens (op-tokens)  \(artifact("tokens", .tree))",
        "        └── documents ← text.documents (op-text)  \(artifact("text"))  (above)",
      ])
  }

  @Test func `downward it shows everything made of a file`() throws {
    let sample = try Sample()
    let graph = try LineageGraph(of: Laboratory.files, .down, in: sample.laboratory.ledger)
    let names = graph.nodes.map { graph.labels[$0]!.stage }
    #expect(names == ["files", "text", "tokens", "model", "evaluate"])
    let tree = graph.tree()
    #expect(tree.count == 6)
    // The artifact, and the execution that read it.
    let (files, text) = (Laboratory.files.digest.short, Laboratory.artifact("text").digest.short)
    #expect(tree[1] == "└── \(files) → text (op-text)  \(sample.short["text"]!)")
    #expect(
      tree.contains {
        $0.hasSuffix("─ documents \(text) → tokens (op-tokens)  \(sample.short["tokens"]!)")
      })
  }

  @Test func `an artifact's users are those of that output only`() throws {
    let laboratory = try Laboratory()
    let (one, two) = (Laboratory.artifact("one"), Laboratory.artifact("two"))
    let both = StageResult(outputs: ["one": one, "two": two], scores: [:])
    let none = StageResult(outputs: [:], scores: [:])
    let steps = [
      Laboratory.Step(name: "split", result: both),
      Laboratory.Step(name: "left", inputs: ["text": [one]], result: none),
      Laboratory.Step(name: "right", inputs: ["text": [two]], result: none),
    ]
    _ = try laboratory.run(steps)
    let graph = try LineageGraph(of: two, .down, in: laboratory.ledger)
    #expect(graph.nodes.map { graph.labels[$0]!.stage } == ["split", "right"])
    let up = try LineageGraph(of: two, .up, in: laboratory.ledger)
    #expect(up.nodes.map { up.labels[$0]!.stage } == ["split"])
  }

  @Test func `branches that started from a snapshot are drawn both ways`() throws {
    let laboratory = try Laboratory()
    let (tokens, kept) = (Laboratory.artifact("tokens"), Laboratory.artifact("kept", .tree))
    let state = Laboratory.artifact("state of step 8")
    func train(_ name: String, _ snapshot: Artifact?) -> Laboratory.Step {
      Laboratory.Step(
        name: "train",
        inputs: ["tokens": [tokens]].merging(snapshot.map { ["snapshot": [$0]] } ?? [:]) { $1 },
        result: StageResult(
          outputs: ["snapshots": kept, "checkpoint": Laboratory.artifact(name)], scores: [:]))
    }
    let parent = try laboratory.run([train("first", nil)])
    let point = BranchPoint(run: parent.id, stage: "train", step: 8)
    let branch = try laboratory.run([train("second", state)], parent: point)
    // Neither a branch at a stage, nor one from another stage's snapshot, started here.
    _ = try laboratory.run(
      [train("third", nil)], parent: BranchPoint(run: parent.id, stage: "train"))
    let first = try #require(try laboratory.ledger.stages(ofRun: parent.id)[0].execution)
    let second = try #require(try laboratory.ledger.stages(ofRun: branch.id)[0].execution)
    let down = try LineageGraph(from: [first], .down, run: parent.id, in: laboratory.ledger)
    let edge = LineageGraph.Edge(
      maker: .execution(first), output: "snapshots@8", user: .execution(second), input: "snapshot",
      artifact: state)
    #expect(down.nodes == [.execution(first), .execution(second)] && down.edges == [edge])
    let up = try LineageGraph(from: [second], .up, run: branch.id, in: laboratory.ledger)
    #expect(up.edges.contains(edge))
    let artifact = try LineageGraph(of: kept, .down, run: parent.id, in: laboratory.ledger)
    #expect(artifact.edges == [edge])
    let other = try LineageGraph(
      of: Laboratory.artifact("first"), .down, run: parent.id, in: laboratory.ledger)
    #expect(other.edges.isEmpty)
  }

  @Test func `swapped inputs are drawn at their own ports`() throws {
    let laboratory = try Laboratory()
    let (x, y) = (Laboratory.artifact("x"), Laboratory.artifact("y"))
    let run = try laboratory.run([
      Laboratory.Step(
        name: "minus", inputs: ["left": [y], "right": [x, x]],
        result: StageResult(outputs: [:], scores: [:]))
    ])
    let execution = try #require(try laboratory.ledger.stages(ofRun: run.id)[0].execution)
    let graph = try LineageGraph(from: [execution], .up, in: laboratory.ledger)
    #expect(graph.edges.map(\.input) == ["left", "right", "right"])
    #expect(graph.edges.map(\.artifact) == [y, x, x])
  }

  @Test func `dot and mermaid name each node and edge once`() throws {
    let graph = try Sample().graph(from: "evaluate", .up)
    let dot = graph.dot().split(separator: "\n")
    #expect(dot.first == "digraph lineage {")
    #expect(dot.last == "}")
    #expect(dot.count { $0.contains("shape=") } == 5)
    #expect(dot.count { $0.contains("->") } == 5)
    let mermaid = graph.mermaid().split(separator: "\n")
    #expect(mermaid.first == "flowchart LR")
    #expect(mermaid.count { $0.contains("-->") } == 5)
    #expect(mermaid.count == 11)
  }

  @Test func `the JSON form has stable keys and edges from maker to user`() throws {
    let sample = try Sample()
    let json = try sample.graph(from: "tokens", .up).json
    #expect(json["direction"] == "up")
    #expect(json["roots"] == [.string(sample.executions["tokens"]!.hex)])
    let edge = try #require(json["edges"]?.arrayValue?.first?.objectValue)
    #expect(edge.keys.sorted() == ["artifact", "from", "input", "output", "to"])
    #expect(edge["from"]?.stringValue == sample.executions["text"]?.hex)
    #expect(edge["to"]?.stringValue == sample.executions["tokens"]?.hex)
    let node = try #require(json["nodes"]?.arrayValue?.first?.objectValue)
    #expect(node.keys.sorted() == ["id", "kind", "op", "seed", "stage", "status"])
  }
}
