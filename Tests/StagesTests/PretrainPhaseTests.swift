import ContentStore
import Corpus
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Testing
import Training

@testable import Stages

/// `pretrain` with phases, several sources and averages.
@Suite struct PretrainPhaseTests {
  /// Three phases of 4, 3 and 5 steps.
  private static let with: [String: JSON] = [
    "model": ["layers": 1, "hidden": 16, "heads": 2, "intermediate": 24],
    "phases": [
      ["tokens": 250, "batch": 4, "sequence": 16],
      ["steps": 3, "batchTokens": 90, "sequence": 32, "mix": ["tokens": 2, "math": 1]],
      [
        "steps": 5, "batch": 2, "sequence": 32, "mix": ["math": 1], "ropeBase": 500_000,
        "learningRate": 0.004, "schedule": "linear", "minimumRatio": 0,
      ],
    ],
    "learningRate": 0.01, "warmupSteps": 2, "validationEvery": 4, "validationBatches": 2,
    "snapshotEvery": 5, "snapshotAt": [7, 4], "traceEvery": 3, "tensorMetricsEvery": 6,
    "emaDecay": 0.9, "emaFrom": 3, "averageFrom": 6, "averageEvery": 2,
  ]

  private func parameters(
    _ changes: [String: JSON?] = [:]
  ) throws(ParameterError) -> Pretrain.Parameters {
    try pretrainParameters(Self.with, changes)
  }

  private func context(
    seed: UInt64 = 17, threads: Int = 1, store: ObjectStore? = nil, stopAfter: Int = .max
  ) throws -> FakeContext {
    try pretrainContext(
      FakeContext(seed: seed, threads: threads, store: store, stopAfter: stopAfter),
      sources: ["math": 2])
  }

  @Test func `phases, sources and averages show in outputs, scores and metrics`() throws {
    let context = try context()
    let parameters = try parameters()
    #expect(parameters.steps == 12 && parameters.tokens == 4 * 64 + 3 * 96 + 5 * 64)
    try Pretrain.run(parameters, in: context)
    #expect(
      context.outputs.keys.sorted() == ["average", "checkpoint", "ema", "snapshots", "trace"])
    #expect(
      Pretrain.ports(parameters).outputs.map(\.name)
        == ["checkpoint", "snapshots", "trace", "ema", "average"])
    #expect(
      Pretrain.ports(parameters).inputs.map(\.name) == ["tokens", "tokenizer", "snapshot", "math"])
    #expect(Pretrain.ports(nil).otherInputs == .tokens)
    #expect(
      try context.outputPaths("snapshots")
        == [4, 5, 7, 10].map { "step-0000\($0 < 10 ? "0" : "")\($0).safetensors" })
    let scores = context.scores.mapValues(\.value)
    #expect(scores["sequences/phase1/tokens"] == 16)
    #expect(scores["sequences/phase2/tokens"] == 6 && scores["sequences/phase2/math"] == 3)
    #expect(scores["sequences/phase3/math"] == 10)
    for name in ["", "/math", "/ema", "/average", "/math/ema"] {
      #expect(scores["loss/validation\(name)"] != nil, "\(name)")
    }
    let model = try InputArtifact(try #require(context.outputs["checkpoint"]), in: context.store)
      .checkpoint().model
    #expect(model.configuration.ropeBase == 500_000 && model.configuration.maximumPositions == 32)
    let rates = context.metrics.filter { $0.series == "learningRate" }.map(\.value)
    let expected = [0.004, 0.0032, 0.0024, 0.0016, 0.0008]
    #expect(zip(rates[7...], expected).allSatisfy { abs($0 - $1) < 1e-15 })
    #expect(
      context.metrics.filter { $0.series.hasPrefix("updateRatio/model.embed") }.map(\.step)
        == [6, 12])
    #expect(context.metrics.contains { $0.series == "loss/validation/math" && $0.step == 4 })
    #expect(context.metrics.filter { $0.series == "clipFraction" }.count == 12)
  }

  @Test func `an average is a checkpoint of its own, and its score is its loss`() throws {
    let context = try context()
    try Pretrain.run(parameters(), in: context)
    let files = try ["checkpoint", "average", "ema"].map {
      try Safetensors(parsing: context.output($0, "model.safetensors"))
    }
    let states = try [4, 5, 7, 10].map { step in
      let name = "step-0000\(step < 10 ? "0" : "")\(step).safetensors"
      return try Safetensors(parsing: context.output("snapshots", name))
    }
    #expect(states[0].names.contains { $0.hasPrefix("ema.") })
    #expect(!states[1].names.contains { $0.hasPrefix("average.") })
    #expect(states[2].names.contains { $0.hasPrefix("average.sum.") })
    let name = "model.norm.weight"
    #expect(try files[0].floats(name) != files[1].floats(name))
    #expect(try files[1].floats(name) != files[2].floats(name))
  }

  @Test(arguments: [1, 3, 4, 6, 7, 9, 11])
  func `stopped after any step and resumed, it gives what it would have given`(stop: Int) throws {
    let plain = try context()
    try Pretrain.run(parameters(), in: plain)
    let first = try context(stopAfter: stop)
    #expect(throws: FakeInterruption.self) { try Pretrain.run(parameters(), in: first) }
    let second = try context(threads: 2, store: first.store)
    second.snapshots = first.snapshots
    try Pretrain.run(parameters(), in: second)
    #expect(second.logLines.contains { $0.hasPrefix("going on after step") })
    #expect(!second.logLines.contains { $0.contains("starting over") })
    #expect(second.outputs == plain.outputs)
    #expect(second.scores == plain.scores && second.metrics == plain.metrics)
  }

  @Test(arguments: [4, 5, 7, 10])
  func `a branch from a kept snapshot shares what came before`(step: Int) throws {
    let plain = try context()
    try Pretrain.run(parameters(), in: plain)
    let name = "step-0000\(step < 10 ? "0" : "")\(step).safetensors"
    let branch = try context(store: plain.store)
    try branch.connect("snapshot", file: plain.output("snapshots", name))
    try Pretrain.run(parameters(), in: branch)
    #expect(branch.outputs == plain.outputs && branch.metrics == plain.metrics)
  }

  @Test func `a branch that would have seen other data before is refused`() throws {
    let plain = try context()
    try Pretrain.run(parameters(), in: plain)
    let branch = try context(store: plain.store)
    try branch.connect("snapshot", file: plain.output("snapshots", "step-000005.safetensors"))
    let other: JSON = [["steps": 12, "batch": 4, "sequence": 16]]
    #expect {
      try Pretrain.run(parameters(["phases": other]), in: branch)
    } throws: { "\($0)".contains("keep the steps before it as a phase of their own") }
  }

  @Test func `tokens of another tokenizer than the checkpoint's are told of in the log`()
    throws
  {
    let first = try context()
    try Pretrain.run(parameters(), in: first)
    let other = try FakeContext(store: first.store)
    try other.connect("tokens", tree: sampleTokens())
    let tokenizer = try sampleTokenizer(vocabularySize: 257, specialTokens: ["<s>"])
    try other.connect("tokenizer", tree: ["tokenizer.json": tokenizer])
    other.connect("checkpoint", try #require(first.outputs["checkpoint"]))
    let parameters = try parameters([
      "model": .some(nil), "phases": [["steps": 12, "batch": 2, "sequence": 16]],
    ])
    try Pretrain.run(parameters, in: other)
    let warning = other.logLines.first { $0.contains("another tokenizer") }
    #expect(warning?.contains("is \"<|endoftext|>\" there and \"<s>\" in the input") == true)
  }

  @Test func `a checkpoint is trained further, and stopped and resumed to the same bytes`() throws {
    let first = try context()
    try Pretrain.run(parameters(), in: first)
    let changes: [String: JSON?] = [
      "model": .some(nil), "phases": [["steps": 6, "batch": 2, "sequence": 64, "ropeBase": 9e5]],
      "warmupSteps": 0, "snapshotAt": [], "snapshotEvery": 4, "averageFrom": .some(nil),
    ]
    let parameters = try parameters(changes)
    #expect(
      Pretrain.ports(parameters).inputs.map(\.name)
        == ["tokens", "tokenizer", "snapshot", "checkpoint"])
    func further(stopAfter: Int = .max) throws -> FakeContext {
      let context = try context(store: first.store, stopAfter: stopAfter)
      context.connect("checkpoint", try #require(first.outputs["checkpoint"]))
      return context
    }
    let plain = try further()
    try Pretrain.run(parameters, in: plain)
    let model = try InputArtifact(try #require(plain.outputs["checkpoint"]), in: plain.store)
      .checkpoint().model
    #expect(model.configuration.maximumPositions == 64 && model.configuration.ropeBase == 9e5)
    // It begins where the first ended, not where a new model would.
    let losses = [first, plain].map { context in
      context.metrics.filter { $0.series == "loss/train" }.map(\.value)
    }
    #expect(losses[1][0] < 0.9 * losses[0][0])
    let stopped = try further(stopAfter: 3)
    #expect(throws: FakeInterruption.self) { try Pretrain.run(parameters, in: stopped) }
    let resumed = try further()
    resumed.snapshots = stopped.snapshots
    try Pretrain.run(parameters, in: resumed)
    #expect(resumed.outputs == plain.outputs && resumed.metrics == plain.metrics)
  }

  // MARK: What a step saw

  private func recipe(
    _ context: FakeContext, _ changes: [String: JSON?] = [:], snapshot: [UInt8]? = nil
  ) throws -> Recipe {
    var with = Self.with
    for (key, value) in changes { with[key] = value }
    var reader = ParameterReader(with)
    _ = try reader.decode { (reader) throws(ParameterError) in
      try Pretrain.Parameters(from: &reader)
    }
    if let snapshot { try context.connect("snapshot", file: snapshot) }
    return Recipe(
      op: "pretrain", revision: Pretrain.revision, parameters: .object(reader.normalized),
      inputs: Dictionary(
        uniqueKeysWithValues: context.inputPorts.map { port in
          (port, context.inputs(port).map(\.artifact))
        }), seed: context.seed, numerics: "portable/1")
  }

  @Test func `the documents of any step are those of its phase's sources`() throws {
    let context = try context()
    let recipe = try recipe(context)
    let inputs = try (1...12).map { step in
      let documents = try StepDocuments(recipe, step: step, store: context.store)
      for piece in documents.pieces {
        #expect(piece.source == (piece.input == "math" ? "seed 2" : "seed 1"))
        #expect(piece.id.hasSuffix("-\(piece.document)"))
      }
      #expect(documents.phase == (step <= 4 ? 1 : step <= 7 ? 2 : 3) && documents.phases == 3)
      var inputs: [Int: String] = [:]
      for piece in documents.pieces { inputs[piece.sequence] = piece.input }
      return inputs.sorted { $0.key < $1.key }.map(\.value)
    }
    #expect(inputs[0] == ["tokens", "tokens", "tokens", "tokens"])
    #expect(inputs[5] == ["tokens", "tokens", "math"])
    #expect(inputs[11] == ["math", "math"])
  }

  @Test func `a traced step's tokens are those that training saw`() throws {
    let context = try context()
    try Pretrain.run(parameters(["traceEvery": 1]), in: context)
    let lines = try context.output("trace").split(separator: 10).map {
      try JSON(parsing: Array($0))
    }
    let recipe = try recipe(context)
    for step in [1, 5, 7, 12] {
      let documents = try StepDocuments(recipe, step: step, store: context.store)
      var tokens: [Int32] = []
      for piece in documents.pieces {
        let input = try context.input(piece.input)
        tokens += try input.tokens(.train, vocabularySize: 257).tokens[piece.tokens]
      }
      let digest = tokens.withUnsafeBytes { SHA256.hash($0) }.hex.prefix(16)
      #expect(lines[step - 1]["batch"]?.stringValue == String(digest))
    }
  }

  @Test func `of a branch with another seed, the shared steps are the parent's`() throws {
    let plain = try context()
    try Pretrain.run(parameters(), in: plain)
    let state = try plain.output("snapshots", "step-000007.safetensors")
    let branch = try context(seed: 99, store: plain.store)
    let recipe = try recipe(branch, snapshot: state)
    try Pretrain.run(parameters(), in: branch)
    let parent = try self.recipe(try context(store: plain.store))
    func pieces(_ recipe: Recipe, _ step: Int) throws -> [StepDocuments.Piece] {
      try StepDocuments(recipe, step: step, store: plain.store).pieces
    }
    #expect(try pieces(recipe, 7) == pieces(parent, 7))
    #expect(try pieces(recipe, 8) != pieces(parent, 8))
    // A branch of the branch knows both.
    let later = try branch.output("snapshots", "step-000010.safetensors")
    let third = try self.recipe(try context(seed: 99, store: plain.store), snapshot: later)
    for step in [7, 8, 12] { #expect(try pieces(third, step) == pieces(recipe, step)) }
  }

  @Test(
    arguments: [
      (["steps": 5], "steps"), (["tokens": 5], "tokens"),
      (["phases": [["batch": 1]]], "phases[0]"),
      (["phases": [["steps": 1], ["steps": 1, "tokens": 3]]], "phases[1]"),
      (["phases": [["steps": 1, "batch": 1, "batchTokens": 9]]], "phases[0].batchTokens"),
      (["phases": [["steps": 1, "warmupSteps": 1]]], "phases[0].warmupSteps"),
      (["phases": [["steps": 1, "schedule": "wsd"]]], "phases[0].decaySteps"),
      (["phases": [["steps": 20, "mix": ["math": -1]]]], "phases[0].mix.math"),
      (["phases": [["steps": 20, "mix": ["math": 0]]]], "phases[0].mix"),
      (["phases": [["steps": 20, "mix": ["snapshot": 1]]]], "phases[0].mix.snapshot"),
      (["mix": [1, 2]], "mix"), (["snapshotAt": [3, 13]], "snapshotAt[1]"),
      (["snapshotAt": [1.5]], "snapshotAt[0]"), (["averageFrom": 13], "averageFrom"),
      (["averageTo": 5], "averageFrom"), (["emaFrom": 13], "emaFrom"),
      (["optimiser": "rmsprop", "epsilon": 0], "epsilon"), (["schedule": "wsd"], "decaySteps"),
      (["schedule": "wsd", "decaySteps": 10, "warmupSteps": 3], "decaySteps"),
      (["phases": [["steps": 12, "schedule": "wsd", "decaySteps": 13]]], "phases[0].decaySteps"),
      (["optimizer": "adamw"], "optimizer"),
    ] as [([String: JSON?], String)])
  func `wrong parameters are refused by path`(changes: [String: JSON?], path: String) throws {
    #expect {
      try parameters(changes)
    } throws: { ($0 as? ParameterError)?.path == path }
  }

  /// A parent's values, a branch's, the step of the snapshot, and what is refused.
  @Test(
    arguments: [
      (["averageFrom": 3], ["averageFrom": 3, "averageTo": 5], 8, "averageTo"),
      (["averageFrom": 3, "averageTo": 5], ["averageFrom": 3], 8, "averageTo"),
      (["averageFrom": 3, "averageTo": 5], ["averageFrom": 3, "averageTo": 6], 8, "averageTo"),
      (["averageFrom": 3], ["averageFrom": 3, "averageTo": 9], 8, nil),
      (["averageFrom": 3, "averageTo": 5], ["averageFrom": 9], 8, nil),
      (["averageFrom": 3, "averageTo": 5], ["averageFrom": 3, "averageTo": 5], 8, nil),
      (["averageFrom": 3, "averageTo": 5], ["averageFrom": 3, "averageTo": 6], 5, nil),
      ([:], ["learningRate": 0.5], 8, nil),
    ] as [([String: JSON?], [String: JSON?], Int, String?)])
  func `a branch may not change which steps before its snapshot are averaged`(
    parent: [String: JSON?], branch: [String: JSON?], step: Int, path: String?
  ) throws {
    var refused: String?
    do throws(ParameterError) {
      try parameters(branch).check(goingOnFrom: parameters(parent), after: step)
    } catch { refused = error.path }
    #expect(refused == path)
  }

  @Test func `RMSProp has the defaults of Apple's configuration`() throws {
    let optimiser = try parameters(["optimiser": "rmsprop", "baseWidth": 8]).optimiser
    #expect(optimiser.betas == [0.95, 0.95] && optimiser.epsilon == 1e-30)
    #expect(optimiser.update.name == "rmsprop" && optimiser.widths(16)?.ratio == 0.5)
    let context = try context()
    try Pretrain.run(
      parameters(["optimiser": "rmsprop", "weightDecayForm": "independent", "baseWidth": 8]),
      in: context)
    let plain = try self.context()
    try Pretrain.run(parameters(), in: plain)
    #expect(context.outputs["checkpoint"] != plain.outputs["checkpoint"])
  }

  @Test func `tokens of two vocabularies are refused`() throws {
    let context = try FakeContext()
    var files = try sampleTokens(seed: 2)
    files[TokenFiles.description] = try TokenFiles(
      vocabularySize: 300, endToken: 0, tokenCounts: [:], documentCounts: [:]
    ).json.canonical()
    try context.connect("tokens", tree: sampleTokens())
    try context.connect("math", tree: files)
    try context.connect("tokenizer", tree: ["tokenizer.json": sampleTokenizer(vocabularySize: 257)])
    #expect {
      try Pretrain.run(parameters(), in: context)
    } throws: { "\($0)".contains("\"math\" was made with 300 tokens") }
  }
}
