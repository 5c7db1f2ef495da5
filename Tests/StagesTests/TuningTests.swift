import ContentStore
import Corpus
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Testing
import Text
import Training

@testable import Stages

private func parameters<P: StageParameters>(
  _ type: P.Type, _ with: [String: JSON]
) throws(ParameterError) -> P {
  var reader = ParameterReader(with)
  return try reader.decode { (reader) throws(ParameterError) in try P(from: &reader) }
}

@Suite struct TuningTests {
  private func context(
    _ records: [UInt8], validation: [UInt8]? = nil, threads: Int = 1, store: ObjectStore? = nil,
    stopAfter: Int = .max, snapshotAlways: Bool = false
  ) throws -> FakeContext {
    let context = try FakeContext(
      threads: threads, store: store, stopAfter: stopAfter, snapshotAlways: snapshotAlways)
    try context.connect("checkpoint", tree: sampleCheckpoint())
    try context.connect("records", file: records)
    if let validation { try context.connect("validation", file: validation) }
    return context
  }

  private static let quick: [String: JSON] = ["learningRate": 0.01, "batch": 8, "epochs": 6]

  @Test func `sft learns what the assistant says`() throws {
    let records = try sampleConversations(32)
    let context = try context(records, validation: records)
    try FineTune.run(parameters(FineTune.Parameters.self, Self.quick), in: context)
    let scores = context.scores
    #expect(scores["steps"]?.value == 24)
    let losses = context.metrics.filter { $0.series == "loss/train" }.map(\.value)
    #expect(try #require(scores["loss/validation"]).value < 0.6 * losses[0])
    let configuration = String(
      decoding: try context.output("checkpoint", "tokenizer_config.json"), as: UTF8.self)
    #expect(configuration.contains("chat_template"))
  }

  @Test
  func `a model that scores texts, or reads other tokens, is refused where tokens are predicted`()
    throws
  {
    var checkpoint = try Checkpoint(paths: sampleCheckpoint().keys) {
      try sampleCheckpoint()[$0] ?? []
    }
    checkpoint.model = checkpoint.model.scoring(
      ScoreHead(labels: 1), seed: 1, on: Compute(threads: 1))
    let scoring = try checkpoint.files()
    let tuned = try FakeContext()
    try tuned.connect("checkpoint", tree: scoring)
    try tuned.connect("records", file: sampleConversations(4))
    let first = #expect(throws: StageError.self) {
      try FineTune.run(parameters(FineTune.Parameters.self, Self.quick), in: tuned)
    }
    #expect(first?.message.contains("\"checkpoint\" scores texts") == true)
    for (reference, fault) in [
      (scoring, "\"reference\" scores texts"),
      (try otherTokens(), "\"reference\" has another tokenizer"),
    ] {
      let context = try FakeContext()
      try context.connect("checkpoint", tree: sampleCheckpoint())
      try context.connect("reference", tree: reference)
      try context.connect("records", file: samplePreferences(4))
      let error = #expect(throws: StageError.self) {
        try PreferenceTuning.run(
          parameters(PreferenceTuning.Parameters.self, Self.quick), in: context)
      }
      #expect(error?.message.contains(fault) == true)
    }
  }

  private func otherTokens() throws -> [String: [UInt8]] {
    var files = try sampleCheckpoint()
    files["tokenizer.json"]?.append(0x20)
    return files
  }

  @Test func `states and averages of steps that there are not are refused`() throws {
    let beyond = #expect(throws: ParameterError.self) {
      _ = try parameters(
        RewardModel.Parameters.self, ["steps": 5, "snapshotAt": [2, 6]])
    }
    #expect(beyond?.path == "snapshotAt[1]")
    let average = #expect(throws: ParameterError.self) {
      _ = try parameters(PolicyGradient.Parameters.self, ["steps": 5, "averageFrom": 6])
    }
    #expect(average?.path == "averageFrom")
    // Epochs come to steps when the records are known.
    let context = try context(try sampleConversations(32))
    let error = #expect(throws: StageError.self) {
      try FineTune.run(
        parameters(
          FineTune.Parameters.self, Self.quick.merging(["emaDecay": 0.9, "emaFrom": 25]) { $1 }),
        in: context)
    }
    #expect(
      error?.message
        == "emaFrom must be at most the last step, 24, found 25; the 32 items here make 24 steps")
  }

  /// What is refused at first must still be carried out where a recipe has it.
  private func path<P: StageParameters>(
    _ type: P.Type, _ with: [String: JSON], isRecorded: Bool = false
  ) -> String? {
    var reader = ParameterReader(with, isRecorded: isRecorded)
    do throws(ParameterError) {
      _ = try reader.decode { (reader) throws(ParameterError) in try P(from: &reader) }
      return nil
    } catch { return error.path }
  }

  @Test(
    arguments: [
      (["method": "linear", "t": 0.5], "t"), (["method": "ties", "eta": 0.5], "eta"),
      (["method": "slerp", "decay": 0.5], "decay"), (["density": 0.5], "density"),
      (["method": "ema", "lambda": 2], "lambda"), (["per": "layer"], "per"),
      (["method": "ties", "density": 0.5, "lambda": 2], nil), (["eta": 0.3], nil),
    ] as [([String: JSON], String?)])
  func `what a way of merging does not look at is refused, but not in a recipe`(
    with: [String: JSON], path: String?
  ) {
    #expect(self.path(Merge.Parameters.self, with) == path)
    #expect(self.path(Merge.Parameters.self, with, isRecorded: true) == nil)
  }

  @Test(
    arguments: [
      (["method": "reinforce", "clipLow": 0.2], "clipLow"),
      (["method": "rloo", "scaleRewards": "batch"], "scaleRewards"),
      (["method": "grpo", "scaleRewards": "batch", "clipHigh": 0.3], nil),
      (["method": "rloo", "ratio": "none"], nil), (["method": "grpo", "ratio": "none"], nil),
      (["method": "ppo", "ratio": "none", "updates": 1], nil),
    ] as [([String: JSON], String?)])
  func `what a policy gradient does not look at is refused, but not in a recipe`(
    with: [String: JSON], path: String?
  ) {
    #expect(self.path(PolicyGradient.Parameters.self, with) == path)
    #expect(self.path(PolicyGradient.Parameters.self, with, isRecorded: true) == nil)
  }

  @Test(
    arguments: [
      (["batch": 5], "batch"), (["template": "llama3"], "template"),
      (["packedLength": 64], "packedLength"), (["maxLength": 7], "maxLength"),
      (["learningRate": 0.5, "epochs": 9], nil),
    ] as [([String: JSON], String?)])
  func `a branch at a step may not change which conversations came before it`(
    with: [String: JSON], path: String?
  ) throws {
    let parent = try parameters(FineTune.Parameters.self, [:])
    let branch = try parameters(FineTune.Parameters.self, with)
    var refused: String?
    do throws(ParameterError) {
      try branch.check(goingOnFrom: parent, after: 3)
    } catch { refused = error.path }
    #expect(refused == path)
  }

  @Test func `only the assistant's words are learned`() throws {
    let checkpoint = try Checkpoint(paths: sampleCheckpoint().keys) { try sampleCheckpoint()[$0]! }
    var codec = try ChatCodec(checkpoint, template: "", maximumLength: nil)
    let sequence = try codec.conversation([.user("Say a."), .assistant("aa")])
    let learned = zip(sequence.tokens, sequence.isTarget).filter(\.1).map { Int($0.0) }
    #expect(codec.text(of: learned) == " aa")
    #expect(learned.last == 0)
    let pair = try codec.response([.user("x"), .assistant("y"), .user("z")], [.assistant("w")])
    #expect(codec.text(of: zip(pair.tokens, pair.isTarget).filter(\.1).map { Int($0.0) }) == " w")
  }

  @Test(arguments: [2, 7])
  func `packed rows teach what single conversations do`(batch: Int) throws {
    let context = try context(try sampleConversations(32))
    var with = Self.quick
    with["packedLength"] = 100
    with["batch"] = .integer(batch)
    try FineTune.run(parameters(FineTune.Parameters.self, with), in: context)
    let losses = context.metrics.filter { $0.series == "loss/train" }.map(\.value)
    #expect(try #require(losses.last) < 0.9 * losses[0])
  }

  @Test func `a reward model ranks held-out pairs`() throws {
    let context = try context(try samplePreferences(64), validation: try samplePreferences(16))
    try RewardModel.run(parameters(RewardModel.Parameters.self, Self.quick), in: context)
    let scores = context.scores
    #expect(try #require(scores["reward/accuracy"]).value > 0.9)
    #expect(try #require(scores["reward/logLoss"]).value < 0.6)
    #expect(try context.output("outcomes").split(separator: 10).count == 16)
  }

  @Test func `AFM's reward model has soft labels and graded heads`() throws {
    let context = try context(
      try samplePreferences(64, edited: true), validation: try samplePreferences(16))
    var with = Self.quick
    with["softLabels"] = ["1": 0.95, "2": 0.85, "3": 0.75, "4": 0.65]
    with["grades"] = ["truth", "tone"]
    with["gradeHidden"] = 8
    with["gradeWeight"] = 0.5
    try RewardModel.run(parameters(RewardModel.Parameters.self, with), in: context)
    #expect(try #require(context.scores["reward/accuracy"]).value > 0.9)
    #expect(try #require(context.scores["grades/accuracy"]).value > 0.6)
    let artifact = try #require(context.outputs["checkpoint"])
    let model = try InputArtifact(artifact, in: context.store).checkpoint().model
    #expect(model.configuration.scoreHead?.grades?.heads == 2)
    #expect(model.tensor("grades.1.out_proj.weight")?.count == 24)
  }

  @Test(arguments: ["sigmoid", "ipo", "hinge"])
  func `preference tuning widens the margin`(loss: String) throws {
    let records = try samplePreferences(32)
    let context = try context(records, validation: try samplePreferences(8))
    var with = Self.quick
    with["loss"] = [.string(loss)]
    with["learningRate"] = 0.003
    try PreferenceTuning.run(parameters(PreferenceTuning.Parameters.self, with), in: context)
    let margins = context.metrics.filter { $0.series == "rewards/margin" }.map(\.value)
    // The policy begins as its own reference, to the bit.
    #expect(margins.first == 0)
    #expect(try #require(context.scores["rewards/accuracy/validation"]).value > 0.9)
    #expect(try context.output("references").split(separator: 10).count == 32)
  }

  @Test func `Llama 3's form masks what ends a response and adds the likelihood`() throws {
    let context = try context(try samplePreferences(16))
    var with = Self.quick
    with["maskFormatting"] = true
    with["nllWeight"] = 0.2
    with["levels"] = [1, 2]
    with["epochs"] = 1
    try PreferenceTuning.run(parameters(PreferenceTuning.Parameters.self, with), in: context)
    #expect(try context.output("references").split(separator: 10).count == 8)
    let nll = context.metrics.filter { $0.series == "nll" }.map(\.value)
    #expect(try #require(nll.first) > 0.8 && nll[0] < 1.4)
  }

  @Test(arguments: ["sft", "reward", "preference"], [1, 4])
  func `interrupted and resumed, with other threads, the bytes are the same`(
    op: String, stop: Int
  ) throws {
    let records = try op == "sft" ? sampleConversations(24) : samplePreferences(24)
    func run(_ context: FakeContext) throws {
      let with: [String: JSON] = ["learningRate": 0.01, "batch": 4, "snapshotEvery": 3]
      switch op {
      case "sft": try FineTune.run(parameters(FineTune.Parameters.self, with), in: context)
      case "reward":
        try RewardModel.run(parameters(RewardModel.Parameters.self, with), in: context)
      default:
        try PreferenceTuning.run(parameters(PreferenceTuning.Parameters.self, with), in: context)
      }
    }
    let plain = try context(records)
    try run(plain)
    let first = try context(records, stopAfter: stop + (op == "sft" ? 1 : 26), snapshotAlways: true)
    #expect(throws: (any Error).self) { try run(first) }
    let second = try context(records, threads: 2, store: first.store)
    second.snapshots = first.snapshots
    try run(second)
    #expect(second.outputs["checkpoint"] == plain.outputs["checkpoint"])
    #expect(second.outputs["trace"] == plain.outputs["trace"])
    #expect(second.outputs["snapshots"] == plain.outputs["snapshots"])
    #expect(second.metrics.map(\.value) == plain.metrics.map(\.value))
  }

  @Test func `records of another kind are refused by name`() throws {
    let context = try context(try samplePreferences(2))
    let error = #expect(throws: StageError.self) {
      try FineTune.run(parameters(FineTune.Parameters.self, Self.quick), in: context)
    }
    #expect(error?.message.contains("\"p0\"") == true)
    let other = try self.context(try sampleConversations(2))
    #expect(throws: StageError.self) {
      try RewardModel.run(parameters(RewardModel.Parameters.self, Self.quick), in: other)
    }
    let wrong = #expect(throws: ParameterError.self) {
      _ = try parameters(PreferenceTuning.Parameters.self, ["loss": ["dpo"]])
    }
    #expect(wrong?.path == "loss[0]")
  }
}

@Suite struct RecordMixtureTests {
  private func mixture(_ with: [String: JSON]) throws -> FakeContext {
    let context = try FakeContext()
    try context.connect("chat", file: sampleConversations(10))
    try context.connect("pairs", file: samplePreferences(30))
    try MixRecords.run(parameters(MixRecords.Parameters.self, with), in: context)
    return context
  }

  private func ids(_ context: FakeContext) throws -> [String] {
    let artifact = try #require(context.outputs["records"])
    return try InputArtifact(artifact, in: context.store).records("records").map(\.id)
  }

  @Test func `without weights every record comes once`() throws {
    let ids = try ids(mixture([:]))
    #expect(ids.count == 40 && Set(ids).count == 40)
  }

  @Test func `weights sample up and down, and a shift moves them`() throws {
    let even = try ids(mixture(["weights": ["chat": 1, "pairs": 1], "size": 40]))
    #expect(even.count { $0.hasPrefix("c") } == 20)
    #expect(Set(even.filter { $0.hasPrefix("c") }).count == 10)
    let moved = try mixture([
      "weights": ["chat": 1, "pairs": 1], "size": 40, "shift": ["chat": 1],
    ])
    #expect(moved.scores["records/chat"]?.value == 27)
    #expect(try MixtureWeights(file: moved.output("weights")).shift == ["chat": 1])
  }

  @Test func `weights of inputs that are not there are refused by path`() throws {
    let error = #expect(throws: ParameterError.self) {
      try mixture(["weights": ["chat": 1, "pears": 1]])
    }
    #expect(error?.path == "weights.pears")
  }

  @Test func `a checkpoint is extended without a weight changing`() throws {
    let context = try FakeContext()
    try context.connect("checkpoint", tree: sampleCheckpoint())
    let with: [String: JSON] = [
      "positions": 512, "dualChunk": ["chunkSize": 96, "localSize": 32],
      "ropeScaling": ["kind": "yarn", "factor": 4, "originalPositions": 128],
    ]
    try Extend.run(parameters(Extend.Parameters.self, with), in: context)
    let artifact = try #require(context.outputs["checkpoint"])
    let model = try InputArtifact(artifact, in: context.store).checkpoint().model
    #expect(model.configuration.maximumPositions == 512)
    #expect(model.configuration.dualChunk?.chunkSize == 96)
    let before = try sampleCheckpoint()["model.safetensors"]
    #expect(try context.output("checkpoint", "model.safetensors") == before)
  }
}
