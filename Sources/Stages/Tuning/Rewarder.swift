import ContentStore
import Corpus
import LanguageModel
import Numerics
import Pipeline
import Text
import Training

/// Where rewards come from, for every op that has responses graded.
struct RewarderParameters: StageParameters {
  enum Source: String, CaseIterable, Sendable { case model, world, verifier }
  enum Combination: String, CaseIterable, Sendable { case mean, least }

  let source: Source
  let combination: Combination
  let unfinishedPenalty: Double

  init(from reader: inout ParameterReader) throws(ParameterError) {
    source = try reader.choice(
      "rewardFrom", default: .model,
      "model: the checkpoints on reward-model; world: what the port reward tells of a synthetic world; "
        + "verifier: 1 for a response that passes the record's metadata.checker, else 0.")
    combination = try reader.choice(
      "rewardCombination", default: .mean, "How several reward models' scores become one.")
    unfinishedPenalty = try reader.number(
      "unfinishedPenalty", default: 0, in: 0...1e6,
      "Taken off the reward of a response that did not end by itself (TRL's missing_eos_penalty).")
  }

  static let inputs = [
    Port(
      "reward-model", .checkpoint, "Models that score responses, as the op reward makes them.",
      optional: true, list: true),
    Port(
      "reward", .reward,
      "A world's hidden reward. With rewardFrom world it is learned from; else it is measured only, as "
        + "reward/hidden.",
      optional: true),
  ]
}

/// A response to be graded.
struct Answer {
  let record: TrainingRecord
  let text: String
  /// Whether it ended by itself.
  let isFinished: Bool
}

/// What a response earned.
struct Reward: Hashable {
  /// What is learned from.
  var value: Double
  /// Each reward model's score; empty without.
  var parts: [Double] = []
  /// The world's reward, where it is known.
  var hidden: Double?
}

/// Grades responses, by reward models, by a world, or by the checks that prompts carry. One thread may use
/// it at a time.
final class Rewarder {
  private let parameters: RewarderParameters
  private var models: [RewardScorer]
  private let world: World.HiddenReward?

  init(
    _ parameters: RewarderParameters, _ context: any StageContext, _ compute: Compute
  ) throws {
    self.parameters = parameters
    let inputs = parameters.source == .model ? context.inputs("reward-model") : []
    guard parameters.source != .model || !inputs.isEmpty else {
      throw StageError(
        "nothing is connected to \"reward-model\"; connect one, or set rewardFrom to world or verifier"
      )
    }
    models = try inputs.map { input in
      let checkpoint = try input.checkpoint()
      return try RewardScorer(checkpoint, context, compute)
    }
    world = try context.inputs("reward").first.map { input in
      guard let world = World.HiddenReward(json: try JSON(parsing: try input.read())) else {
        throw StageError("the input \"reward\" does not describe a world's reward")
      }
      return world
    }
    if parameters.source == .world, world == nil {
      throw StageError("nothing is connected to \"reward\"; rewardFrom world needs it")
    }
  }

  /// One that asks a reward model.
  init(
    _ parameters: RewarderParameters, model: Checkpoint, _ context: any StageContext,
    _ compute: Compute
  ) throws {
    self.parameters = parameters
    models = [try RewardScorer(model, context, compute)]
    world = nil
  }

  /// Whether the world's reward is measured beside another that is learned from.
  var measuresHidden: Bool { world != nil && parameters.source != .world }

  /// The rewards of some responses, in order. A response's does not depend on the others.
  func score(_ answers: [Answer], check: () throws -> Void) throws -> [Reward] {
    var scores: [[Double]] = []
    for index in models.indices { scores.append(try models[index].score(answers, check: check)) }
    return try answers.indices.map { index in
      let answer = answers[index]
      let parts = scores.map { $0[index] }
      let hidden = try world.map { try grade(answer, $0) }
      var value: Double
      switch parameters.source {
      case .model: value = combined(parts)
      case .world: value = hidden ?? 0
      case .verifier: value = try verify(answer)
      }
      if !answer.isFinished { value -= parameters.unfinishedPenalty }
      return Reward(value: value, parts: parts, hidden: hidden)
    }
  }

  private func combined(_ parts: [Double]) -> Double {
    switch parameters.combination {
    case .mean: parts.reduce(0, +) / Double(max(1, parts.count))
    case .least: parts.min() ?? 0
    }
  }

  private func grade(_ answer: Answer, _ world: World.HiddenReward) throws -> Double {
    let turns = answer.record.prompt.filter { $0.role != "system" }.map(\.content)
    guard let grades = world.grades(turns: turns, response: answer.text) else {
      throw StageError(
        "the prompt \"\(answer.record.id)\" is none of the world's on the input \"reward\"; give that "
          + "world's prompts")
    }
    return grades.reward
  }

  private func verify(_ answer: Answer) throws -> Double {
    guard let json = answer.record.note("checker"), let check = ResponseCheck(json: json) else {
      throw StageError(
        "the prompt \"\(answer.record.id)\" has no metadata.checker for rewardFrom verifier to go by"
      )
    }
    return check.passes(answer.text) ? 1 : 0
  }
}

/// A reward model with its tokenizer and template. Its weights are prepared once.
private struct RewardScorer {
  private var codec: ChatCodec
  private let pass: TrainingPass
  private let rows: Int

  init(_ checkpoint: Checkpoint, _ context: any StageContext, _ compute: Compute) throws {
    guard checkpoint.model.configuration.scoreHead != nil else {
      throw StageError(
        "a checkpoint on \"reward-model\" has no score head; train one with the op reward")
    }
    codec = try ChatCodec(checkpoint, template: "", maximumLength: nil)
    pass = TrainingPass(checkpoint.model, on: compute)
    rows =
      context.batchHint(compute) ?? TrainingPass.comfortableRows(checkpoint.model.configuration)
    // A batch without an end: the model stays as it is.
    pass.beginBatch()
  }

  /// The first score on the last token of prompt and response, cut to the model's length as in its
  /// training.
  mutating func score(_ answers: [Answer], check: () throws -> Void) throws -> [Double] {
    var sequences: [MaskedSequence] = []
    for answer in answers {
      sequences.append(
        try codec.response(answer.record.prompt, [.assistant(answer.text)]))
    }
    var scores: [Double] = []
    for part in TokenBatch(sequences).parts(rows: rows) {
      try check()
      let values = pass.scores(of: part)
      scores += (0..<values.rows).map { Double(values[$0, 0]) }
    }
    return scores
  }
}

extension TrainingRecord {
  /// A member of the metadata, or of what import kept of a file's object: beside the messages, or in a `metadata`
  /// of its own.
  func note(_ name: String) -> JSON? {
    metadata.memberOrField(at: name) ?? metadata.member(at: "fields.metadata.\(name)")
  }
}
