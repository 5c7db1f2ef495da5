import ContentStore
import Corpus
import Evaluation
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Text

/// What judges responses.
enum RewardJudge {
  /// The world's hidden reward.
  case hidden(World.HiddenReward)
  /// A model with a score head: which of its scores counts.
  case model(EvaluateSubject, label: Int)

  /// From the file that the op `world` gives.
  static func world(_ input: InputArtifact) throws -> RewardJudge {
    guard input.artifact.kind == .file,
      let reward = World.HiddenReward(json: try JSON(parsing: input.read()))
    else {
      throw StageError("the input \"reward\" is not the reward of a world (world.reward)")
    }
    return .hidden(reward)
  }

  /// The world's grades; nil for other judges and for prompts that are none of the world's.
  func grades(_ turns: [String], _ response: String) -> WorldGrades? {
    guard case .hidden(let reward) = self else { return nil }
    return reward.grades(turns: turns, response: response)
  }

  /// The rewards of responses. Throws for a prompt that the judge does not know.
  func rewards(
    _ prompts: [EvaluatePrompt], _ responses: [String], _ context: any StageContext
  ) throws -> [Double] {
    switch self {
    case .hidden:
      return try zip(prompts, responses).map { prompt, response in
        guard let grades = grades(prompt.turns, response) else {
          throw QuestionError(
            "\(prompt.record.place): the prompt is none of this world's, so its reward cannot judge it"
          )
        }
        return grades.reward
      }
    case .model(let subject, let label):
      return try Self.scores(subject, label, prompts, responses, context)
    }
  }

  private static func scores(
    _ subject: EvaluateSubject, _ label: Int, _ prompts: [EvaluatePrompt], _ responses: [String],
    _ context: any StageContext
  ) throws -> [Double] {
    let compute = try context.compute()
    let texts = try zip(prompts, responses).map { prompt, response in
      try tokens(subject, prompt, response)
    }
    var scores: [Double] = []
    // A score does not depend on the others beside it.
    for start in stride(from: 0, to: texts.count, by: 16) {
      try context.checkCancellation()
      let part = Array(texts[start..<min(start + 16, texts.count)])
      for values in try subject.model.scores(of: part, on: compute) {
        guard values.indices.contains(label) else {
          throw StageError(
            "rewardLabel is \(label), but the reward model gives \(values.count) scores")
        }
        scores.append(Double(values[label]))
      }
    }
    return scores
  }

  /// The conversation as the reward model's own template writes it; without one, the prompt, the response
  /// and the end token. Cut from the left to fit.
  private static func tokens(
    _ subject: EvaluateSubject, _ prompt: EvaluatePrompt, _ response: String
  ) throws -> [Int] {
    let whole = prompt.messages + [.assistant(response)]
    guard subject.chat == nil else {
      let text = try subject.template().text(whole)
      return Array(try subject.encoder.tokens(text).suffix(subject.encoder.maximumLength))
    }
    let text = whole.map(\.content).joined(separator: "\n\n")
    let ends = subject.model.configuration.endTokens.prefix(1)
    return Array((try subject.encoder.tokens(text) + ends).suffix(subject.encoder.maximumLength))
  }
}

/// Responses that others are held against.
enum RewardReference {
  case model(EvaluateSubject)
  /// By the prompts' ids.
  case recorded([String: String])

  init(_ input: InputArtifact, _ task: EvaluateTask, _ context: any StageContext) throws {
    if input.artifact.kind == .tree, try input.tree().entries["config.json"] != nil {
      self = .model(try EvaluateSubject(input, context))
      return
    }
    let files: [(path: String, bytes: [UInt8])] =
      input.artifact.kind == .file
      ? [("reference.jsonl", try input.read())]
      : try input.tree().entries.keys.sorted().map { ($0, try input.read(path: $0)) }
    var responses: [String: String] = [:]
    for record in try TaskData(files: files, name: "reference").records {
      let response =
        record.fields["response"]?.stringValue
        ?? (try? EvaluatePrompt(record, task))?.response
      guard let response else {
        throw QuestionError(
          "\(record.place): the record has no response (response, chosen, or an assistant's last turn)"
        )
      }
      responses[record.id] = response
    }
    self = .recorded(responses)
  }

  /// The responses to prompts.
  func responses(
    _ prompts: [EvaluatePrompt], _ settings: GenerationSettings, _ run: EvaluateRun
  ) throws -> [String] {
    switch self {
    case .model(let subject):
      let texts = try prompts.map {
        try subject.prompt(
          $0.messages, isChat: run.parameters.isChat, system: run.parameters.system)
      }
      return try run.write(texts, settings, by: subject, "reference").map(\.text)
    case .recorded(let responses):
      return try prompts.map { prompt in
        guard let response = responses[prompt.record.id] else {
          throw QuestionError(
            "\(prompt.record.place): the reference has no response to \"\(prompt.record.id)\"")
        }
        return response
      }
    }
  }
}

/// What a reference says of a prompt.
struct ReferenceAnswer {
  let response: String
  let reward: Double
  /// log π − log π_reference of the model's own response, in nats.
  let divergence: Double?
}

/// A task of kind reward: responses, their mean reward, and how often they beat a reference's.
struct EvaluateReward {
  private let run: EvaluateRun
  private let task: EvaluateTask
  private let name: String

  init(_ run: EvaluateRun, _ task: EvaluateTask, _ name: String) {
    (self.run, self.task, self.name) = (run, task, name)
  }

  func carryOut() throws {
    let judge = try judge()
    let data = try task.data.read(name, run.context)
    let prompts = try task.data.asked(data, name).flatMap(\.records).map {
      try EvaluatePrompt($0, task)
    }
    let texts = try prompts.map {
      try run.subject.prompt(
        $0.messages, isChat: run.parameters.isChat, system: run.parameters.system)
    }
    let answers = try run.write(texts, task.generation, by: run.subject, name)
    let rewards = try judge.rewards(prompts, answers.map(\.text), run.context)
    let others = try reference(prompts, answers, judge)
    let outcomes = try prompts.indices.map { index in
      try outcome(prompts[index], answers[index], rewards[index], others?[index])
    }
    try run.write(outcomes)
    try record(outcomes, judge)
    run.reportTruncated(answers.count(where: \.isTruncated), of: answers.count, name)
  }

  private func reference(
    _ prompts: [EvaluatePrompt], _ answers: [GeneratedText], _ judge: RewardJudge
  ) throws -> [ReferenceAnswer]? {
    guard let input = run.context.inputs("reference").first else { return nil }
    let reference = try RewardReference(input, task, run.context)
    let responses = try reference.responses(prompts, task.generation, run)
    let rewards = try judge.rewards(prompts, responses, run.context)
    let divergences = try divergences(answers, from: reference)
    return prompts.indices.map {
      ReferenceAnswer(
        response: responses[$0], reward: rewards[$0], divergence: divergences?[$0])
    }
  }

  /// By how much likelier the model finds its responses than a reference model does: their mean estimates
  /// KL(π ‖ π_reference) over whole responses where they are drawn from π itself. Nil elsewhere, and for
  /// a reference with other tokens.
  private func divergences(
    _ answers: [GeneratedText], from reference: RewardReference
  ) throws -> [Double]? {
    guard case .model(let other) = reference, task.generation.isUnbiased else { return nil }
    let tokenizers = [other, run.subject].map { $0.tokenizer.tokenizer.json() }
    guard tokenizers[0] == tokenizers[1] else { return nil }
    let scores = try other.scorer.score(answers.map(\.request)) { _ in
      try run.context.checkCancellation()
    }
    return zip(answers, scores).map { $0.logProbability - $1.logProbability }
  }

  private func judge() throws -> RewardJudge {
    let inputs = (run.context.inputs("reward").first, run.context.inputs("rewardModel").first)
    switch inputs {
    case (let world?, nil): return try .world(world)
    case (nil, let model?):
      let subject = try EvaluateSubject(model, run.context)
      guard subject.model.configuration.scoreHead != nil else {
        throw StageError("the input \"rewardModel\" has no score head")
      }
      return .model(subject, label: task.rewardLabel)
    default:
      throw StageError(
        "the task \"\(name)\" needs a judge: connect one of the inputs \"reward\" and \"rewardModel\""
      )
    }
  }

  private func outcome(
    _ prompt: EvaluatePrompt, _ answer: GeneratedText, _ reward: Double,
    _ other: ReferenceAnswer?
  ) throws -> TaskOutcome {
    var metrics = ["reward": reward, "tokens": Double(answer.tokens)]
    var members = EvaluateRun.members(answer)
    if let other {
      metrics["reference"] = other.reward
      metrics["win"] = reward > other.reward ? 1 : reward == other.reward ? 0.5 : 0
      metrics["kl"] = other.divergence
      members["referenceResponse"] = .string(other.response)
    }
    return TaskOutcome(
      task: name, id: prompt.record.id, subject: prompt.record.subject,
      question: try prompt.digest(), main: "reward", metrics: metrics, members: members)
  }

  /// Mean reward ± its standard error; win rate, a draw counting half; the divergence from a reference.
  private func record(_ outcomes: [TaskOutcome], _ judge: RewardJudge) throws {
    var details = run.details(task)
    if case .model = judge { details["judge"] = "model" } else { details["judge"] = "world" }
    let scores = TaskOutcome.scores(outcomes, name)
    let neutral = scores.filter { ["\(name)/tokens", "\(name)/kl"].contains($0.key) }
    run.score(scores.filter { neutral[$0.key] == nil }, higherIsBetter: true, details)
    run.score(neutral, higherIsBetter: nil, details)
  }
}
