import ContentStore
import Corpus
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Testing
import Text

@testable import Stages

@Suite struct PretrainTests {
  private static let with: [String: JSON] = [
    "model": [
      "layers": 2, "hidden": 16, "heads": 2, "keyValueHeads": 1, "intermediate": 24,
    ],
    "steps": 12, "batch": 4, "sequence": 16, "learningRate": 0.01, "warmupSteps": 2,
    "validationEvery": 5, "validationBatches": 2, "snapshotEvery": 4, "traceEvery": 4,
  ]

  private func parameters(
    _ changes: [String: JSON?] = [:]
  ) throws(ParameterError) -> Pretrain.Parameters {
    try pretrainParameters(Self.with, changes)
  }

  private func context(
    threads: Int = 1, store: ObjectStore? = nil, stopAfter: Int = .max,
    snapshotAlways: Bool = false, validation: Int = 8
  ) throws -> FakeContext {
    try pretrainContext(
      FakeContext(
        threads: threads, store: store, stopAfter: stopAfter, snapshotAlways: snapshotAlways),
      validation: validation)
  }

  @Test func `it gives a checkpoint, snapshots, a trace and scores`() throws {
    let context = try context()
    try Pretrain.run(parameters(["steps": 60, "snapshotEvery": 30]), in: context)
    let artifact = try #require(context.outputs["checkpoint"])
    let checkpoint = try InputArtifact(artifact, in: context.store).checkpoint()
    #expect(checkpoint.model.configuration.vocabularySize == 257)
    #expect(checkpoint.model.configuration.endTokens == [0])
    #expect(checkpoint.tokenizerFiles.keys.sorted() == ["tokenizer.json"])
    #expect(
      try context.outputPaths("snapshots")
        == ["step-000030.safetensors", "step-000060.safetensors"])
    #expect(try context.output("trace").split(separator: 10).count == 15)
    let scores = context.scores
    let loss = try #require(scores["loss/validation"]).value
    let unigram = try #require(scores["loss/unigram"]).value
    #expect(loss < 0.7 * unigram)
    #expect(scores["tokens"]?.value == 3840.0)
    #expect(scores["parameters"]?.value == Double(checkpoint.model.parameters.count))
    #expect(scores["loss/train"] != nil)
    let losses = context.metrics.filter { $0.series == "loss/train" }
    #expect(losses.map(\.step) == Array(1...60))
  }

  @Test func `a kept snapshot holds the parameters of its step`() throws {
    let context = try context()
    try Pretrain.run(parameters(), in: context)
    let file = try Safetensors(parsing: context.output("snapshots", "step-000012.safetensors"))
    let last = try Safetensors(parsing: context.output("checkpoint", "model.safetensors"))
    for name in last.names { #expect(try file.floats(name) == last.floats(name)) }
    #expect(file.metadata["step"] == "12")
  }

  @Test(arguments: [1, 3, 4, 8, 11])
  func `interrupted and resumed, it gives what it would have given`(stop: Int) throws {
    let plain = try context()
    try Pretrain.run(parameters(), in: plain)
    // A store of its own: what the first run kept must have reached it before it was stopped.
    let first = try context(stopAfter: stop)
    #expect(throws: FakeInterruption.self) { try Pretrain.run(parameters(), in: first) }
    #expect(first.outputs.isEmpty)
    #expect(first.snapshots.last?.step == stop + 1)
    let second = try context(threads: 2, store: first.store)
    second.snapshots = first.snapshots
    try Pretrain.run(parameters(), in: second)
    #expect(!second.logLines.contains { $0.contains("starting over") })
    #expect(second.outputs == plain.outputs)
    #expect(second.scores == plain.scores)
    #expect(second.metrics == plain.metrics)
  }

  @Test func `from a kept snapshot it goes on as the run that kept it, or goes its own way`() throws
  {
    let plain = try context()
    try Pretrain.run(parameters(), in: plain)
    let state = try plain.output("snapshots", "step-000008.safetensors")
    func branch(_ changes: [String: JSON?]) throws -> FakeContext {
      let branch = try context(store: plain.store)
      try branch.connect("snapshot", file: state)
      try Pretrain.run(parameters(changes), in: branch)
      return branch
    }
    let same = try branch([:])
    #expect(same.outputs == plain.outputs && same.metrics == plain.metrics)
    let other = try branch(["learningRate": 0.02])
    #expect(other.outputs["checkpoint"] != plain.outputs["checkpoint"])
    func losses(_ context: FakeContext, _ steps: ClosedRange<Int>) -> [MetricPoint] {
      context.metrics.filter { $0.series == "loss/train" && steps.contains($0.step) }
    }
    // The loss of step 9 is measured before its update.
    #expect(losses(other, 1...9) == losses(plain, 1...9))
    #expect(losses(other, 10...12) != losses(plain, 10...12))
  }

  @Test func `a damaged snapshot is said and passed over`() throws {
    let plain = try context()
    try Pretrain.run(parameters(), in: plain)
    let second = try context(store: plain.store)
    second.snapshots = [(5, [1, 2, 3])]
    try Pretrain.run(parameters(), in: second)
    #expect(second.logLines.contains { $0.contains("starting over") })
    #expect(second.outputs == plain.outputs)
  }

  @Test func `snapshots made all the time change nothing`() throws {
    let (plain, busy) = (try context(), try context(snapshotAlways: true))
    try Pretrain.run(parameters(), in: plain)
    try Pretrain.run(parameters(), in: busy)
    #expect(busy.outputs == plain.outputs)
    #expect(busy.snapshots.map(\.step) == Array(1...11))
  }

  @Test func `without validation text there is no validation score`() throws {
    let context = try context(validation: 0)
    try Pretrain.run(parameters(["snapshotEvery": 0]), in: context)
    #expect(context.scores["loss/validation"] == nil && context.scores["loss/unigram"] == nil)
    #expect(try context.outputPaths("snapshots").isEmpty)
  }

  @Test func `another tokenizer than the tokens' is refused`() throws {
    let context = try FakeContext()
    try context.connect("tokens", tree: sampleTokens())
    try context.connect("tokenizer", tree: ["tokenizer.json": sampleTokenizer(vocabularySize: 258)])
    #expect(throws: StageError.self) { try Pretrain.run(parameters(), in: context) }
  }

  @Test func `tokens are steps rounded up`() throws {
    let parameters = try parameters(["steps": nil, "tokens": 65])
    #expect(parameters.steps == 2)
  }

  @Test(
    arguments: [
      (["tokens": 5], "tokens"), (["steps": .some(nil)], "steps"), (["betas": [0.9]], "betas"),
      (["model": ["layers": 1, "hidden": 6, "heads": 2, "intermediate": 4]], "model.headSize"),
      (["model": ["layers": 1, "hidden": 7, "heads": 2, "intermediate": 4]], "model.hidden"),
      (
        [
          "model": [
            "layers": 1, "hidden": 8, "heads": 2, "keyValueHeads": 3, "intermediate": 4,
          ]
        ], "model.keyValueHeads"
      ),
      (["learningrate": 1], "learningrate"),
    ] as [([String: JSON?], String)])
  func `wrong parameters are refused by path`(changes: [String: JSON?], path: String) throws {
    do {
      try Pretrain.run(parameters(changes), in: try context())
      Issue.record("accepted \(changes)")
    } catch let error as ParameterError { #expect(error.path == path) }
  }

  @Test func `the op lists every field`() {
    let fields = AnyStage(Pretrain.self).fields.map(\.path)
    #expect(fields.contains("model.ropeBase") && fields.last == "traceEvery")
    for name in ["phases[].mix", "optimiser", "baseWidth", "dropout", "emaDecay", "snapshotAt"] {
      #expect(fields.contains(name))
    }
  }
}
