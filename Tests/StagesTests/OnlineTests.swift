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

/// Prompts, each with a check that a response of few words passes.
private func samplePrompts(_ count: Int, check: JSON? = nil) throws -> [UInt8] {
  let check: JSON =
    check ?? ["constraints": [["rule": "maxWords", "value": 1]], "match": "contains"]
  return try lines(
    (0..<count).map { index in
      TrainingRecord(
        id: "q\(index)", source: "test",
        body: .prompt([.user("Say \(String(UnicodeScalar(UInt8(97 + index % 8)))).")]),
        metadata: ["checker": check])
    })
}

/// The sample checkpoint with a score of its own making.
private func sampleRewardModel(seed: UInt64 = 3) throws -> [String: [UInt8]] {
  let files = try sampleCheckpoint(seed: seed)
  let given = try Checkpoint(paths: files.keys) { files[$0] ?? [] }
  let model = given.model.scoring(
    ScoreHead(labels: 1), seed: seed, deviation: 5, on: Compute(threads: 1))
  return try Checkpoint(model, tokenizerFiles: given.tokenizerFiles).files()
}

@Suite struct OnlineTests {
  private func context(
    threads: Int = 1, store: ObjectStore? = nil, stopAfter: Int = .max,
    snapshotAlways: Bool = false,
    prompts: [UInt8]? = nil
  ) throws -> FakeContext {
    let context = try FakeContext(
      threads: threads, store: store, stopAfter: stopAfter, snapshotAlways: snapshotAlways)
    try context.connect("checkpoint", tree: sampleCheckpoint())
    try context.connect("reward-model", tree: sampleRewardModel())
    try context.connect("prompts", file: prompts ?? samplePrompts(16))
    return context
  }

  private static let quick: [String: JSON] = [
    "learningRate": 0.003, "batch": 4, "samples": 4, "maxTokens": 6, "criticLearningRate": 0.02,
  ]

  private func tune(_ context: FakeContext, _ more: [String: JSON]) throws {
    try PolicyGradient.run(
      parameters(PolicyGradient.Parameters.self, Self.quick.merging(more) { $1 }), in: context)
  }

  private func series(_ name: String, _ context: FakeContext) -> [Double] {
    context.metrics.filter { $0.series == name }.map(\.value)
  }

  /// The means of the first and of the last four.
  private func ends(_ values: [Double]) -> (early: Double, late: Double) {
    let mean = { (part: ArraySlice<Double>) -> Double in Advantages.mean(part) }
    return (mean(values.prefix(4)), mean(values.suffix(4)))
  }

  @Test(arguments: ["reinforce", "rloo", "mdloo", "ppo", "grpo"])
  func `every method raises the reward of its responses`(method: String) throws {
    let context = try context(threads: 2)
    try context.connect("validation", file: samplePrompts(8))
    try tune(
      context,
      [
        "method": .string(method), "steps": method == "ppo" ? 96 : 48, "valueClip": 0,
        "beta": 0.001, "learningRate": 0.01,
      ])
    let (early, late) = ends(series("reward", context))
    #expect(late > early + 0.3 * series("reward/deviation", context)[0])
    let scores = context.scores
    let before = try #require(scores["reward/validation/before"]).value
    #expect(try #require(scores["reward/validation"]).value > before)
    #expect(try #require(scores["kl/validation"]).value > 0)
  }

  @Test(arguments: [1, 2])
  func `a sampler's log-probabilities are the trainer's, to the bit`(threads: Int) throws {
    let files = try sampleCheckpoint()
    let model = try Checkpoint(paths: files.keys) { files[$0] ?? [] }.model
    let compute = Compute(threads: threads)
    let prompts = [[1, 2, 3], [4, 5], [6]]
    let samples = try Sampler(model, threads: threads).sample(
      prompts, samples: 3, SamplingOptions(temperature: 0.8, maximumTokens: 9, seed: 4))
    let sequences = zip(prompts, samples).flatMap { prompt, samples in
      samples.map {
        MaskedSequence(prompt: prompt.map(Int32.init), response: $0.tokens.map(Int32.init))
      }
    }
    let pass = TrainingPass(model, on: compute)
    pass.beginBatch()
    let batch = TokenBatch(sequences)
    let values = batch.parts(rows: 20).flatMap { pass.forward($0) }
    let drawn = samples.flatMap { $0 }.flatMap(\.logProbabilities)
    let trained = values.indices.filter { batch.targets[$0] >= 0 }.map { values[$0] }
    #expect(trained == drawn)
  }

  @Test func `the first update's ratios are exactly 1, later ones move away`() throws {
    let context = try context()
    try tune(context, ["method": "grpo", "updates": 3, "lossType": "grpo"])
    let divergences = series("ratio/kl", context)
    #expect(divergences.count == 12)
    let isFirst = divergences.indices.map { $0 % 3 == 0 }
    #expect(divergences.map { $0 == 0 } == isFirst)
    // Group advantages add up to nothing, and every ratio is 1: so is the loss, but for rounding.
    #expect(series("loss/train", context)[0].magnitude < 1e-6)
    #expect(series("kl", context)[0] == 0)
  }

  @Test(arguments: ["rloo", "ppo", "grpo"], [1, 5, 9, 13, 17])
  func `interrupted and resumed, with other threads, the bytes are the same`(
    method: String, stop: Int
  ) throws {
    let more: [String: JSON] = [
      "method": .string(method), "updates": 2, "parts": 2, "anchor": "average",
      "anchorRate": 0.1, "beta": 0.05, "snapshotEvery": 3, "steps": 10,
    ]
    let plain = try context()
    try tune(plain, more)
    let first = try context(stopAfter: 16 + stop, snapshotAlways: true)
    #expect(throws: FakeInterruption.self) { try tune(first, more) }
    let second = try context(threads: 2, store: first.store)
    second.snapshots = first.snapshots
    try tune(second, more)
    #expect(second.outputs["checkpoint"] == plain.outputs["checkpoint"])
    #expect(second.outputs["trace"] == plain.outputs["trace"])
    #expect(second.outputs["snapshots"] == plain.outputs["snapshots"])
    #expect(second.metrics.map(\.value) == plain.metrics.map(\.value))
  }

  @Test func `a divergence beyond its bound stops with the step and the numbers`() throws {
    let context = try context()
    let error = #expect(throws: TrainingError.self) {
      try tune(context, ["maxKL": 1e-6, "learningRate": 0.05])
    }
    #expect(error?.message.hasPrefix("step 2: ") == true)
    #expect(error?.message.contains("maxKL") == true)
  }

  @Test func `equal rewards warn, and empty responses stop`() throws {
    let always: JSON = ["constraints": [], "match": "contains"]
    let flat = try context(prompts: samplePrompts(8, check: always))
    try tune(flat, ["rewardFrom": "verifier"])
    #expect(flat.logLines.contains { $0.contains("step 1: all responses of a prompt earn") })
    #expect(series("reward/flat", flat) == [1, 1])
    let empty = (0..<4).map { _ in
      Rollout(
        item: 0, prompt: [1], response: [0], old: [-1], reference: [-1], isFinished: true, text: " "
      )
    }
    let report = RolloutReport(rollouts: empty, group: 2, measuresHidden: false)
    let error = #expect(throws: TrainingError.self) {
      try report.check(step: 7, limit: nil, Warnings(flat))
    }
    #expect(error?.message.hasPrefix("step 7: all 4 responses are empty") == true)
  }

  @Test func `ratios of none need one update, and leave-one-out two samples`() throws {
    let wrong = #expect(throws: ParameterError.self) {
      _ = try parameters(
        PolicyGradient.Parameters.self, ["method": "reinforce", "updates": 2])
    }
    #expect(wrong?.path == "ratio")
    let few = #expect(throws: ParameterError.self) {
      _ = try parameters(PolicyGradient.Parameters.self, ["method": "rloo", "samples": 1])
    }
    #expect(few?.path == "samples")
  }

  // MARK: Rejection sampling

  private func reject(_ context: FakeContext, _ more: [String: JSON] = [:]) throws {
    let with: [String: JSON] = ["samples": 3, "maxTokens": 5]
    try RejectionSample.run(
      parameters(RejectionSample.Parameters.self, with.merging(more) { $1 }), in: context)
  }

  private func committee(threads: Int, seeds: [UInt64]) throws -> FakeContext {
    let context = try FakeContext(threads: threads)
    for seed in seeds { try context.connect("policies", tree: sampleCheckpoint(seed: seed)) }
    try context.connect("prompts", file: samplePrompts(9))
    try context.connect("reward-model", tree: sampleRewardModel())
    return context
  }

  @Test func `a committee's best response per prompt is kept, every sample with its reward`()
    throws
  {
    let context = try committee(threads: 2, seeds: [5, 6])
    try reject(context)
    let samples = try context.output("samples").split(separator: 10).map {
      try JSON(parsing: Array($0))
    }
    #expect(samples.count == 9 * 2 * 3)
    let artifact = try #require(context.outputs["records"])
    let records = try InputArtifact(artifact, in: context.store).records("records")
    #expect(records.count == 9)
    var members: Set<Int> = []
    for record in records {
      let own = samples.filter { $0["id"]?.stringValue == record.id }
      let best = own.compactMap { $0["reward"]?.doubleValue }.max()
      let notes = try #require(record.metadata["rejection"])
      #expect(notes["reward"]?.doubleValue == best)
      members.insert(try #require(notes["member"]?.intValue))
      guard case .conversation(let messages) = record.body else {
        Issue.record("no conversation")
        continue
      }
      let texts = own.filter { $0["reward"]?.doubleValue == best }.map { $0["text"]?.stringValue }
      #expect(texts.contains(messages.last?.content))
    }
    #expect(members == [0, 1])
    #expect(context.scores["pairs"]?.value == 9)
    let again = try committee(threads: 1, seeds: [5, 6])
    try reject(again)
    for port in ["records", "preferences", "samples"] {
      #expect(again.outputs[port] == context.outputs[port])
    }
  }

  @Test func `a member's samples do not depend on the other members`() throws {
    let alone = try committee(threads: 2, seeds: [5])
    try reject(alone)
    let both = try committee(threads: 2, seeds: [5, 6])
    try reject(both)
    let own = try both.output("samples").split(separator: 10).filter {
      try JSON(parsing: Array($0))["member"]?.intValue == 0
    }
    #expect(try alone.output("samples").split(separator: 10) == own)
  }

  @Test func `a world's hidden reward grades, and prompts of another are refused by name`() throws {
    let world = World(WorldSizes(), seed: 17)
    let context = try FakeContext()
    try context.connect("policies", tree: sampleCheckpoint())
    try context.connect("prompts", file: samplePrompts(2))
    try context.connect("reward", file: World.HiddenReward.json(world).canonical())
    let error = #expect(throws: StageError.self) {
      try reject(context, ["rewardFrom": "world"])
    }
    #expect(error?.message.contains("\"q0\"") == true)
    let own = try FakeContext()
    try own.connect("policies", tree: sampleCheckpoint())
    let prompts = world.lines(.prompts, 0..<6, on: Compute(threads: 1)).flatMap { $0 }
    try own.connect("prompts", file: prompts)
    try own.connect("reward", file: World.HiddenReward.json(world).canonical())
    try reject(own, ["rewardFrom": "world"])
    let mean = try #require(own.scores["reward/mean"]).value
    #expect(mean >= -1 && mean < 1)
    #expect(own.scores["reward/hidden"]?.value == mean)
    #expect(own.scores["reward/hidden/picked"] == own.scores["reward/best"])
  }

  @Test func `picking is held against the hidden reward, a prompt a value`() throws {
    let world = World(WorldSizes(), seed: 17)
    let context = try FakeContext()
    try context.connect("policies", tree: sampleCheckpoint())
    try context.connect(
      "prompts", file: world.lines(.prompts, 0..<6, on: Compute(threads: 1)).flatMap { $0 })
    try context.connect("reward", file: World.HiddenReward.json(world).canonical())
    try reject(context, ["rewardFrom": "verifier", "samples": 3])
    var groups: [String: [(reward: Double, hidden: Double)]] = [:]
    for line in try context.output("samples").split(separator: 10) {
      let sample = try JSON(parsing: Array(line))
      let values = try [
        #require(sample["reward"]?.doubleValue), #require(sample["hidden"]?.doubleValue),
      ]
      groups[try #require(sample["id"]?.stringValue), default: []].append((values[0], values[1]))
    }
    #expect(groups.count == 6 && groups.values.allSatisfy { $0.count == 3 })
    let gains = try groups.values.map { group in
      let most = try #require(group.map(\.reward).max())
      let picked = try #require(group.first { $0.reward == most }).hidden
      return picked - group.map(\.hidden).reduce(0, +) / 3
    }
    let score = try #require(context.scores["reward/hidden/gain"])
    let mean = gains.reduce(0, +) / 6
    let variance = gains.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 5
    #expect(abs(score.value - mean) < 1e-12 && score.count == 6)
    #expect(abs(try #require(score.standardError) - (variance / 6).squareRoot()) < 1e-12)
  }

  // MARK: Online preferences

  private func align(_ context: FakeContext, _ more: [String: JSON]) throws {
    let with: [String: JSON] = [
      "learningRate": 0.003, "batch": 4, "samples": 4, "maxTokens": 6, "temperature": 1,
    ]
    try OnlinePreference.run(
      parameters(OnlinePreference.Parameters.self, with.merging(more) { $1 }), in: context)
  }

  @Test(arguments: ["off", "ondare", "onties"])
  func `online preferences raise the reward, merged or not`(merge: String) throws {
    let context = try context(threads: 2)
    try context.connect("base", tree: sampleCheckpoint(seed: 9))
    // OnDARE makes half of every update, so that it needs more of them.
    try align(context, ["epochs": 14, "learningRate": 0.01, "merge": .string(merge)])
    let (early, late) = ends(series("reward", context))
    #expect(late > early + 0.3 * series("reward/deviation", context)[0])
    #expect(series("rewards/margin", context)[0] == 0)
    #expect(series("reward/margin", context).allSatisfy { $0 > 0 })
  }

  @Test(arguments: [2, 14])
  func `online preferences resume to the same bytes`(stop: Int) throws {
    let more: [String: JSON] = ["merge": "ondare", "mergeAlpha": 0.01, "steps": 5]
    func make(
      _ threads: Int, _ store: ObjectStore? = nil, stopAfter: Int = .max
    ) throws -> FakeContext {
      let context = try context(
        threads: threads, store: store, stopAfter: stopAfter, snapshotAlways: stopAfter < .max)
      try context.connect("base", tree: sampleCheckpoint(seed: 9))
      return context
    }
    let plain = try make(1)
    try align(plain, more)
    let first = try make(1, stopAfter: 16 + stop)
    #expect(throws: FakeInterruption.self) { try align(first, more) }
    let second = try make(2, first.store)
    second.snapshots = first.snapshots
    try align(second, more)
    #expect(second.outputs["checkpoint"] == plain.outputs["checkpoint"])
    #expect(second.outputs["trace"] == plain.outputs["trace"])
  }

  // MARK: On-policy distillation

  @Test(arguments: [0.0, 1.0], [0.0, 0.5, 1.0])
  func `a student comes nearer to its teacher`(share: Double, interpolation: Double) throws {
    let context = try FakeContext(threads: 2)
    let records = try sampleConversations(16)
    try context.connect("checkpoint", tree: sampleCheckpoint())
    try context.connect("teacher", tree: sampleCheckpoint(seed: 8))
    try context.connect("records", file: records)
    try context.connect("validation", file: records)
    try FineTune.run(
      parameters(
        FineTune.Parameters.self,
        [
          "learningRate": 0.01, "batch": 8, "epochs": 8, "studentShare": .exact(share),
          "interpolation": .exact(interpolation), "maxTokens": 6,
        ]), in: context)
    let losses = series("loss/train", context)
    #expect(try #require(losses.last) < 0.8 * losses[0])
    #expect(series("student", context).allSatisfy { $0 == share })
  }
}
