import LanguageModel
import Numerics
import Pipeline
import Text
import Training

/// One response that a policy drew to a prompt.
struct Rollout {
  /// The prompt's index.
  let item: Int
  let prompt: [Int32]
  let response: [Int32]
  /// Log-probabilities of the response's tokens, by the policy that drew them and by the anchor.
  let old: [Float]
  var reference: [Float] = []
  let isFinished: Bool
  let text: String
  var reward = Reward(value: 0)

  var sequence: MaskedSequence { MaskedSequence(prompt: prompt, response: response) }
  var isEmpty: Bool { text.allSatisfy(\.isWhitespace) }
  /// Σ log π − log π_anchor: an estimate of the divergence of whole responses.
  var divergence: Double { zip(old, reference).reduce(0) { $0 + Double($1.0) - Double($1.1) } }
}

/// Draws responses to prompts from a policy, has them rewarded and compared with an anchor. One thread may
/// use it at a time.
final class RolloutMaker {
  let prompts: [EncodedPrompt]
  let rewarder: Rewarder
  let sampling: SamplingParameters
  private let codec: ChatCodec
  private let context: any StageContext
  private let compute: Compute
  private var sampler: Sampler?
  private var exactPass: TrainingPass?

  init(
    _ prompts: [EncodedPrompt], _ rewarder: Rewarder, _ sampling: SamplingParameters,
    _ codec: ChatCodec, _ context: any StageContext, _ compute: Compute
  ) {
    self.prompts = prompts
    self.rewarder = rewarder
    self.sampling = sampling
    self.codec = codec
    self.context = context
    self.compute = compute
  }

  /// Which draws are made: of an update, or of what is held out. Draws are keyed by the seed, this, the
  /// prompt's place in the batch and the sample's number.
  enum Occasion {
    case step(Int)
    case measuring
    /// Of a committee's member; `keys` stand in for the prompts' places.
    case member(Int, keys: [Int])

    var keys: [Int]? {
      if case .member(_, let keys) = self { keys } else { nil }
    }

    func seed(_ seed: UInt64) -> UInt64 {
      switch self {
      case .step(let step):
        RandomStream(seed: seed, purpose: "rollouts").substream(UInt64(step)).uint64(at: 0)
      case .measuring: RandomStream(seed: seed, purpose: "held-out rollouts").uint64(at: 0)
      case .member(let member, _):
        RandomStream(seed: seed, purpose: "committee").uint64(at: UInt64(member))
      }
    }
  }

  /// `samples` responses to each prompt, together, in the order of the prompts.
  func make(
    _ items: [Int], samples: Int, _ occasion: Occasion, from policy: Transformer, anchor: Anchor?,
    rows: Int, check: () throws -> Void
  ) throws -> [Rollout] {
    let options = sampling.options(ends: codec.endTokens, seed: occasion.seed(context.seed))
    let sampler = sampler(of: policy)
    var heard = 0
    let drawn = try sampler.sample(
      items.map { prompts[$0].tokens.map(Int.init) }, samples: samples, options,
      keys: occasion.keys
    ) { _, _, _ in
      heard += 1
      if heard % 32 == 0 { try check() }
    }
    var rollouts = zip(items, drawn).flatMap { item, samples in samples.map { rollout(item, $0) } }
    try check()
    if !compute.engine.isBatchInvariant {
      rollouts = try rescored(rollouts, by: policy, rows, check)
    }
    if let anchor { try compare(&rollouts, with: anchor, rows, check) }
    let answers = rollouts.map {
      Answer(record: prompts[$0.item].record, text: $0.text, isFinished: $0.isFinished)
    }
    let rewards = try rewarder.score(answers, check: check)
    for index in rollouts.indices { rollouts[index].reward = rewards[index] }
    return rollouts
  }

  private func sampler(of policy: Transformer) -> Sampler {
    if let sampler, sampler.model.parameters.arena === policy.parameters.arena { return sampler }
    let made = Sampler(policy, threads: compute.threads)
    sampler = made
    return made
  }

  private func rollout(_ item: Int, _ sample: Sample) -> Rollout {
    let said = sample.isStopped ? sample.tokens.dropLast() : sample.tokens[...]
    return Rollout(
      item: item, prompt: prompts[item].tokens, response: sample.tokens.map(Int32.init),
      old: sample.logProbabilities, isFinished: sample.isStopped, text: codec.text(of: Array(said)))
  }

  private func compare(
    _ rollouts: inout [Rollout], with anchor: Anchor, _ rows: Int, _ check: () throws -> Void
  ) throws {
    let batch = TokenBatch(rollouts.map(\.sequence))
    let values = try anchor.logProbabilities(of: batch, rows: rows, check: check)
    for (index, document) in batch.documents.enumerated() {
      rollouts[index].reference = document.filter { batch.targets[$0] >= 0 }.map { values[$0] }
    }
  }

  /// The sampler's arithmetic is the portable engine's; another trains with its own.
  private func rescored(
    _ rollouts: [Rollout], by policy: Transformer, _ rows: Int, _ check: () throws -> Void
  ) throws -> [Rollout] {
    let batch = TokenBatch(rollouts.map(\.sequence))
    let pass = exactPass ?? TrainingPass(policy, on: compute)
    exactPass = pass
    pass.beginBatch()
    defer { pass.endBatch() }
    let values = try batch.parts(rows: rows).flatMap { part in
      try check()
      return pass.forward(part)
    }
    return zip(rollouts, batch.documents).map { rollout, document in
      Rollout(
        item: rollout.item, prompt: rollout.prompt, response: rollout.response,
        old: document.filter { batch.targets[$0] >= 0 }.map { values[$0] },
        isFinished: rollout.isFinished, text: rollout.text)
    }
  }
}

/// What rollouts are like, in numbers that people watch.
struct RolloutReport {
  let rollouts: [Rollout]
  /// Responses of one prompt.
  let group: Int
  let measuresHidden: Bool

  static func names(measuresHidden: Bool) -> [String] {
    [
      "reward", "reward/deviation", "reward/flat", "kl", "kl/token", "entropy", "length",
      "unfinished", "empty",
    ] + (measuresHidden ? ["reward/hidden"] : [])
  }

  /// As `names` has them. `reward/flat` is the share of prompts whose responses all earn the same, `kl` the
  /// mean of log π − log π_anchor over responses, `entropy` the mean of −log π over the tokens drawn.
  var values: [Double] {
    let rewards = rollouts.map(\.reward.value)
    let tokens = Double(max(1, rollouts.reduce(0) { $0 + $1.response.count }))
    let divergence = rollouts.reduce(0) { $0 + $1.divergence }
    let surprise = rollouts.reduce(0.0) { $1.old.reduce($0) { $0 - Double($1) } }
    let count = Double(max(1, rollouts.count))
    var values = [
      Advantages.mean(rewards[...]), Advantages.deviation(rewards[...]), flatShare,
      divergence / count, divergence / tokens, surprise / tokens, tokens / count,
      Double(rollouts.count { !$0.isFinished }) / count,
      Double(rollouts.count(where: \.isEmpty)) / count,
    ]
    if measuresHidden { values.append(rollouts.reduce(0) { $0 + ($1.reward.hidden ?? 0) } / count) }
    // What a training state keeps in float32 is to be the same numbers.
    return values.map { Double(Float($0)) }
  }

  private var flatShare: Double {
    let starts = Array(stride(from: 0, to: rollouts.count, by: group))
    let flat = starts.count { start in
      rollouts[start..<start + group].allSatisfy {
        $0.reward.value == rollouts[start].reward.value
      }
    }
    return Double(flat) / Double(max(1, starts.count))
  }

  /// Stops on a divergence beyond its bound, and where nothing is left to learn from; warns of what is
  /// merely bad.
  /// - Parameters:
  ///   - step: the number of the update, from 1.
  ///   - limit: the largest mean divergence of whole responses, in nats; nil for none.
  func check(step: Int, limit: Double?, _ warnings: Warnings) throws(TrainingError) {
    let numbers = Dictionary(
      uniqueKeysWithValues: zip(Self.names(measuresHidden: measuresHidden), values))
    let number = { (name: String) in numbers[name] ?? 0 }
    if let broken = rollouts.first(where: { !$0.reward.value.isFinite }) {
      throw TrainingError(
        "step \(step): the reward of a response of \(broken.response.count) tokens is no number; see to "
          + "the reward model")
    }
    if let limit, number("kl") > limit {
      throw TrainingError(
        "step \(step): the responses are \(number("kl")) nats from the anchor, above maxKL \(limit); "
          + "raise beta or lower the learning rate")
    }
    if number("empty") == 1 {
      throw TrainingError(
        "step \(step): all \(rollouts.count) responses are empty; lower the learning rate, or begin with a "
          + "checkpoint that answers")
    }
    if number("empty") > 0.5 {
      warnings.add("empty", "step \(step): \(number("empty")) of the responses are empty")
    }
    if number("unfinished") == 1 {
      warnings.add(
        "unfinished", "step \(step): no response ends within its \(number("length")) tokens")
    }
    if number("reward/flat") == 1, group > 1 {
      warnings.add(
        "flat",
        "step \(step): all responses of a prompt earn the same, \(number("reward")) on average")
    }
  }
}
