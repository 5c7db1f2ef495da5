import Evaluation
import LanguageModel
package import Pipeline

// Ops that tune on records, or write responses to prompts. Where the stages upstream say how much data there is, and
// how long it is, everything is counted: steps, frozen models, held-out data. Elsewhere training takes at most
// `steps` batches of sequences as long as they may be, or nothing is said.

/// How many tokens data are, for a model of some vocabulary.
private struct TokenCounts {
  let amount: DataAmount
  private let bytesPerToken: Double
  private let limit: Double

  /// - Parameter limit: the most of a sequence.
  init(_ amount: DataAmount, _ model: ModelShape, limit: Int? = nil) {
    self.amount = amount
    bytesPerToken = model.bytesPerToken
    self.limit = Double(limit ?? .max)
  }

  /// A turn costs some tokens of the template.
  private static let turn = 6.0

  var prompt: Double {
    min(limit, amount.promptBytes / bytesPerToken + Self.turn * (amount.turns - 1) + 1)
  }
  var answer: Double { amount.answerBytes / bytesPerToken + 1 }
  /// What a tuned model writes is shorter, as far as it was seen: from a half after reinforcement to nine tenths.
  func response(most: Int) -> Double { min(0.75 * answer, Double(most)) }
  /// Prompt and answer.
  var whole: Double { min(limit, prompt + answer + Self.turn - 1) }
  var all: Double { amount.items * whole }
}

extension ModelShape {
  /// UTF-8 bytes of a token of conversations, roughly: 2.7 with 2,048 tokens (the tokenizers of the papers' laptop
  /// profiles, which learned on the world's documents and give 3.9 there), 4 with the large vocabularies of papers.
  fileprivate var bytesPerToken: Double {
    guard let vocabularySize, vocabularySize > 256 else { return vocabularySize == nil ? 4 : 1 }
    var (doublings, size) = (0.0, vocabularySize)
    while size >= 512 {
      size /= 2
      doublings += 1
    }
    return min(4, 1 + 0.58 * (doublings + (size - 256) / 256))
  }
}

extension [String: [Estimate]] {
  /// What a port's artifacts hold together, when the stages that make them say so.
  fileprivate func data(_ port: String) -> DataAmount? {
    DataAmount(joining: self[port]?.compactMap(\.data) ?? [])
  }

  /// Models of a port.
  fileprivate func models(_ port: String) -> [ModelShape?] { self[port]?.map(\.model) ?? [] }
}

/// Reads `tokens` in sequences.
private func scoring(_ model: ModelShape?, _ tokens: Double, _ sequence: Double) -> [ModelWork] {
  model.map { [ModelWork(.scoring, $0, tokens: tokens, sequence: max(1, sequence))] } ?? []
}

extension TuningParameters {
  /// Updates on so many items, as `steps(items:)`.
  fileprivate func updates(_ items: Double) -> Double {
    steps.map(Double.init) ?? max(1, (epochs * items / Double(batch)).rounded(.up))
  }

  /// Times that held-out data are measured: after the last step and for the scores.
  fileprivate func measures(steps: Double) -> Double {
    let every = states.validationEvery
    return 2 + (every > 0 ? (steps / Double(every)).rounded(.down) : 0)
  }

  /// Training with `sequences` of the data's mean length for an item, or at most as long as they may be.
  fileprivate func training(
    _ model: ModelShape?, _ counts: TokenCounts?, items: Double, sequences: Double,
    length: Int? = nil, beside: [ModelShape?] = []
  ) -> Estimate? {
    guard let counts, items > 0 else {
      let most = length ?? maximumLength
      let tokens = most.flatMap { most in
        steps.map { sequences * Double($0) * Double(batch) * Double(most) }
      }
      return Estimates.training(
        model, tokens: tokens, sequence: most ?? 1024,
        batchTokens: sequences * Double(batch) * Double(most ?? 1024), beside: beside)
    }
    let perStep = sequences * Double(batch) * counts.whole
    return Estimates.training(
      model, tokens: updates(items) * perStep, sequence: Int(counts.whole.rounded(.up)),
      batchTokens: perStep)
  }
}

extension PairSelection {
  /// How many of some pairs are taken, as far as their levels tell.
  fileprivate func taken(_ amount: DataAmount) -> Double {
    guard !levels.isEmpty, !amount.levels.isEmpty else { return amount.items }
    return amount.items * levels.reduce(0) { $0 + (amount.levels[$1] ?? 0) }
  }
}

extension FineTune {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let (tuning, model) = (parameters.tuning, inputs.model("checkpoint"))
    let teacher = inputs.model("teacher")
    let counts = model.flatMap { model in
      inputs.data("records").map { TokenCounts($0, model, limit: tuning.maximumLength) }
    }
    let isPacked = parameters.packedLength != nil
    let estimate = Estimates.taught(
      tuning.training(
        model, isPacked ? nil : counts, items: counts?.amount.items ?? 0, sequences: 1,
        length: parameters.packedLength), by: teacher, targets: .full)
    guard let model, let counts, !isPacked else { return estimate }
    var more: [ModelWork] = []
    let steps = tuning.updates(counts.amount.items)
    if let held = inputs.data("validation").map({ TokenCounts($0, model) }) {
      let tokens = tuning.measures(steps: steps) * held.all
      more += scoring(model, tokens, held.whole) + scoring(teacher, tokens, held.whole)
    }
    if teacher != nil, parameters.studentShare > 0 {
      more.append(
        Estimates.written(
          by: model, samples: parameters.studentShare * steps * Double(tuning.batch),
          tokens: counts.response(most: parameters.responseTokens),
          promptTokens: counts.prompt, group: 1))
    }
    return Estimates.adding(more, to: estimate)
  }
}

extension RewardModel {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let (tuning, model) = (parameters.tuning, inputs.model("checkpoint"))
    let counts = model.flatMap { model in
      inputs.data("records").map { TokenCounts($0, model, limit: tuning.maximumLength) }
    }
    let items = counts.map { parameters.selection.taken($0.amount) } ?? 0
    let estimate = tuning.training(model, counts, items: items, sequences: 2)
    guard let model, counts != nil, let data = inputs.data("validation") else { return estimate }
    let held = TokenCounts(data, model)
    // Once more for the outcomes.
    let times = tuning.measures(steps: tuning.updates(items)) + 1
    return Estimates.adding(scoring(model, times * 2 * held.all, held.whole), to: estimate)
  }
}

extension PreferenceTuning {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let (tuning, model) = (parameters.tuning, inputs.model("checkpoint"))
    let reference = inputs.model("reference") ?? model
    let isFree = parameters.objective.isReferenceFree
    let counts = model.flatMap { model in
      inputs.data("records").map { TokenCounts($0, model, limit: tuning.maximumLength) }
    }
    let items = counts.map { parameters.selection.taken($0.amount) } ?? 0
    let estimate = tuning.training(
      model, counts, items: items, sequences: 2, beside: isFree ? [] : [reference])
    guard let model, let counts else { return estimate }
    let held = inputs.data("validation").map { TokenCounts($0, model) }
    let heldTokens = 2 * (held?.all ?? 0)
    // The reference reads every pair once.
    let times = tuning.measures(steps: tuning.updates(items))
    return Estimates.adding(
      scoring(reference, 2 * items * counts.whole + heldTokens, counts.whole)
        + scoring(model, times * heldTokens, held?.whole ?? 1), to: estimate)
  }
}

// MARK: Writing responses

/// Responses that a policy draws to prompts, and what reads them.
private struct RolloutCost {
  let policy: ModelShape
  let counts: TokenCounts
  let sampling: SamplingParameters
  let judges: [ModelShape?]
  let anchor: ModelShape?

  var answer: Double { counts.response(most: sampling.maximumTokens) }
  var whole: Double { counts.prompt + answer }

  /// - Parameter prompts: with so many responses each.
  func work(prompts: Double, samples: Int? = nil) -> [ModelWork] {
    let group = Double(samples ?? sampling.samples)
    let read = (judges + [anchor]).flatMap { scoring($0, prompts * group * whole, whole) }
    return [
      Estimates.written(
        by: policy, samples: prompts * group, tokens: answer, promptTokens: counts.prompt,
        group: group)
    ] + read
  }
}

extension RejectionSample {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let policies = inputs.models("policies").compactMap(\.self)
    let judges = inputs.models("reward-model")
    guard let first = policies.first, let data = inputs.data("prompts") else {
      return Estimates.work(policies.first, [], others: judges)
    }
    let work = policies.flatMap { policy in
      RolloutCost(
        policy: policy, counts: TokenCounts(data, policy), sampling: parameters.sampling,
        judges: judges, anchor: nil
      ).work(prompts: data.items)
    }
    var estimate = Estimates.work(first, work, others: judges)
    estimate?.outputs = ["records": data, "preferences": data]
    return estimate
  }
}

extension [String: [Estimate]] {
  /// Training on responses that the policy draws.
  /// - Parameters:
  ///   - updates: of a batch of responses.
  ///   - taught: how many responses of a prompt are learned from, over all its updates.
  fileprivate func online(
    _ tuning: TuningParameters, _ sampling: SamplingParameters, updates: Int, taught: Double,
    others: [ModelShape?] = []
  ) -> Estimate? {
    guard let policy = model("checkpoint") else { return nil }
    let judges = models("reward-model")
    guard let data = data("prompts") else {
      return Estimates.training(policy, tokens: nil, sequence: 1, beside: judges)
    }
    let counts = TokenCounts(data, policy, limit: tuning.maximumLength)
    let cost = RolloutCost(
      policy: policy, counts: counts, sampling: sampling, judges: judges,
      anchor: model("reference") ?? policy)
    let steps = Double(tuning.steps ?? 0)
    let batches =
      tuning.steps == nil ? tuning.updates(data.items) : (steps / Double(updates)).rounded(.up)
    let tokens = batches * Double(tuning.batch) * taught * cost.whole
    let estimate = Estimates.training(
      policy, tokens: tokens, sequence: Int(cost.whole.rounded(.up)),
      batchTokens: tokens / Swift.max(1, batches * Double(updates)), beside: others)
    var more = cost.work(prompts: batches * Double(tuning.batch))
    // Held-out prompts are answered before, after the last step and for the scores.
    if let held = self.data("validation") {
      more += cost.work(
        prompts: held.items * (1 + tuning.measures(steps: batches * Double(updates))), samples: 1)
    }
    return Estimates.adding(more, to: estimate)
  }
}

extension PolicyGradient {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let (gradient, samples) = (parameters.gradient, Double(parameters.sampling.samples))
    var estimate = inputs.online(
      parameters.tuning, parameters.sampling, updates: gradient.updatesPerSampling,
      taught: samples * Double(gradient.updates))
    guard gradient.method == .ppo,
      let trained = estimate?.work.first(where: { $0.kind == .training })
    else { return estimate }
    // A critic learns from the same responses.
    var critic = trained
    critic.model = inputs.model("critic") ?? trained.model
    estimate = Estimates.adding([critic], to: estimate)
    return estimate
  }
}

extension OnlinePreference {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    inputs.online(parameters.tuning, parameters.sampling, updates: 1, taught: 2)
  }
}

// MARK: Evaluation

extension Evaluate {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    guard let model = inputs.model("checkpoint") else { return nil }
    var work: [ModelWork] = []
    let own = parameters.tasks.isEmpty && !parameters.hasTaskFiles
    if own, let data = inputs.data("questions") {
      work += choices(model, data, shots: parameters.shots, limit: parameters.limit)
    }
    for (_, task) in parameters.tasks {
      work += self.work(of: task, model, inputs)
    }
    return Estimates.work(
      model, work, others: inputs.models("rewardModel") + inputs.models("reference"))
  }

  private static func work(
    of task: EvaluateTask, _ model: ModelShape, _ inputs: [String: [Estimate]]
  ) -> [ModelWork] {
    guard let data = inputs.data(task.data.input ?? task.data.usual) else { return [] }
    let items = min(data.items, Double(task.data.limit ?? .max))
    let counts = TokenCounts(data, model)
    switch task.kind {
    case .choices:
      return choices(model, data, shots: task.shots.count, limit: task.data.limit)
    case .answer, .instructions, .reward:
      let writers = [model] + (task.kind == .reward ? inputs.models("reference") : [])
      let judges = task.kind == .reward ? inputs.models("rewardModel") : []
      return writers.compactMap(\.self).map {
        Estimates.written(
          by: $0, samples: items, tokens: counts.response(most: task.generation.maximumTokens),
          promptTokens: counts.prompt, group: 1)
      } + judges.flatMap { scoring($0, items * counts.whole, counts.whole) }
    case .conversations: return scoring(model, items * counts.whole, counts.whole)
    case .preferences:
      return ([model] + inputs.models("reference")).flatMap {
        scoring($0, 2 * items * counts.whole, counts.whole)
      }
    case .perplexity, .retrieval: return []
    }
  }

  /// The question once, and each choice.
  private static func choices(
    _ model: ModelShape, _ data: DataAmount, shots: Int, limit: Int?
  ) -> [ModelWork] {
    let counts = TokenCounts(data, model)
    let items = limit.map { min(data.items, Double($0) * data.subjects) } ?? data.items
    let prompt = counts.prompt * Double(1 + shots)
    return scoring(model, items * (prompt + 4 * counts.answer), prompt + counts.answer)
  }
}
