import LanguageModel
import Numerics
import Training

/// Policy gradients: draws responses to a batch's prompts, has them rewarded, and learns from them in one
/// update or several. What serves several updates is part of the training state.
///
/// @unchecked Sendable: one trainer uses it, on one thread at a time.
final class PolicyGradientObjective: Objective, @unchecked Sendable {
  private let parameters: PolicyGradientParameters
  private let critics: CriticParameters
  private let maker: RolloutMaker
  private let anchor: Anchor
  private let critic: Critic?
  private let warnings: Warnings
  private let seed: UInt64
  /// Of the updates under way.
  private var samples: PolicySamples?

  init(
    _ parameters: PolicyGradientParameters, _ critics: CriticParameters, _ maker: RolloutMaker,
    anchor: Anchor, critic: Critic?, _ warnings: Warnings, seed: UInt64
  ) {
    self.parameters = parameters
    self.critics = critics
    self.maker = maker
    self.anchor = anchor
    self.critic = critic
    self.warnings = warnings
    self.seed = seed
  }

  var metricNames: [String] {
    RolloutReport.names(measuresHidden: maker.rewarder.measuresHidden) + PolicyObjective.metricNames
      + (critic == nil ? [] : ["loss/critic"])
  }

  func isVoid(_ batch: Batch) -> Bool { batch.items.isEmpty }

  func learn(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome {
    let number = batch.step % parameters.updatesPerSampling
    if number == 0 { samples = try draw(batch, pass.model, rows, check) }
    guard let samples else {
      throw TrainingError(
        "step \(batch.step + 1) goes on with samples that the snapshot does not have; begin at a multiple "
          + "of \(parameters.updatesPerSampling) steps")
    }
    let part = samples.parts[number % parameters.parts]
    var outcome = try parameters.objective.learn(part, by: pass, rows: rows, check: check)
    outcome.metrics = samples.report + outcome.metrics
    if let critic {
      outcome.metrics.append(try critic.learn(part, rows: rows, check: check))
    }
    outcome.tokens = part.tokens.tokens.count
    return outcome
  }

  /// The rewards of one response to every held-out prompt; the loss is the mean reward below 0.
  func measure(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome {
    let rollouts = try maker.make(
      batch.items, samples: 1, .measuring, from: pass.model, anchor: anchor, rows: rows,
      check: check)
    // The names of what only learning has come last.
    let values = report(rollouts, group: 1).values
    return Outcome(loss: -values[0], metrics: values)
  }

  private func report(_ rollouts: [Rollout], group: Int) -> RolloutReport {
    RolloutReport(
      rollouts: rollouts, group: group, measuresHidden: maker.rewarder.measuresHidden)
  }

  private func draw(
    _ batch: Batch, _ policy: Transformer, _ rows: Int, _ check: () throws -> Void
  ) throws -> PolicySamples {
    let group = maker.sampling.samples
    let rollouts = try maker.make(
      batch.items, samples: group, .step(batch.step), from: policy, anchor: anchor, rows: rows,
      check: check)
    let report = report(rollouts, group: group)
    try report.check(step: batch.step + 1, limit: parameters.maximumKL, warnings)
    var values: [[Double]]?
    if let critic {
      let tokens = TokenBatch(rollouts.map(\.sequence))
      let all = try critic.values(of: tokens, rows: rows, check: check)
      values = tokens.documents.map { document in
        document.filter { tokens.targets[$0] >= 0 }.map { Double(all[$0]) }
      }
    }
    let builder = PolicyBatchBuilder(
      parameters: parameters, critics: critics, group: group,
      longest: maker.sampling.maximumTokens)
    let order = RandomStream(seed: seed, purpose: "parts of rollouts")
      .substream(UInt64(batch.step)).permutation(rollouts.count)
    return PolicySamples(
      parts: builder.parts(rollouts, values: values, order: order), report: report.values)
  }

  func didUpdate(_ model: Transformer, after step: Int, on compute: Compute) {
    anchor.follow(model)
    critic?.update(step: step)
  }

  // MARK: State

  func state(after step: Int) -> [String: Floats] {
    var state = anchor.state.merging(critic?.state ?? [:]) { $1 }
    if step % parameters.updatesPerSampling != 0, let samples {
      state.merge(samples.state) { $1 }
    }
    return state
  }

  func restore(_ state: [String: Floats], after step: Int) throws(TrainingError) {
    try anchor.restore(state)
    for (name, arena) in critic?.state ?? [:] {
      try Anchor.restore(state, name, into: arena)
    }
    samples = nil
    if step % parameters.updatesPerSampling != 0 {
      samples = try PolicySamples(state, parts: parameters.parts)
    }
  }
}
