import LanguageModel
import Numerics
import Text
import Training

/// Direct alignment on pairs that the policy draws itself: of several responses to a prompt, the best and the
/// worst by a reward (Qwen2, §4.3; TRL's OnlineDPOTrainer).
///
/// @unchecked Sendable: one trainer uses it, on one thread at a time.
final class OnlinePreferenceObjective: Objective, @unchecked Sendable {
  /// What becomes of a prompt whose responses all earn the same.
  enum Ties: String, CaseIterable, Sendable { case skip, first }

  private let parameters: PreferenceParameters
  private let ties: Ties
  private let maximumKL: Double?
  private let maker: RolloutMaker
  private let anchor: Anchor
  private let formatting: Set<Int32>
  private let warnings: Warnings
  private let merge: OnlineMerge?
  /// The parameters before the update under way; nil unless it is merged.
  private let before: Floats?

  init(
    _ parameters: PreferenceParameters, ties: Ties, maximumKL: Double?, _ maker: RolloutMaker,
    anchor: Anchor, merge: OnlineMerge?, formatting: Set<Int32>, _ warnings: Warnings
  ) {
    self.parameters = parameters
    self.ties = ties
    self.maximumKL = maximumKL
    self.maker = maker
    self.anchor = anchor
    self.merge = merge
    self.formatting = formatting
    self.warnings = warnings
    before = merge.map { Floats(count: $0.count) }
  }

  /// `reward/margin`: the mean distance of best to worst; `pairs`: how many were learned from.
  var metricNames: [String] {
    RolloutReport.names(measuresHidden: maker.rewarder.measuresHidden)
      + ["reward/margin", "pairs"] + parameters.objective.metricNames
  }

  func isVoid(_ batch: Batch) -> Bool { batch.items.isEmpty }

  func learn(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome {
    before?.copy(from: pass.model.parameters)
    let group = maker.sampling.samples
    let rollouts = try maker.make(
      batch.items, samples: group, .step(batch.step), from: pass.model, anchor: anchor, rows: rows,
      check: check)
    let report = report(rollouts, group: group)
    try report.check(step: batch.step + 1, limit: maximumKL, warnings)
    let pairs = pairs(rollouts, group: group)
    let margin = Advantages.mean(pairs.map { $0[0].reward.value - $0[1].reward.value }[...])
    var outcome = Outcome(loss: 0, metrics: parameters.objective.metricNames.map { _ in 0 })
    var tokens = 0
    if !pairs.isEmpty {
      let taught = parameters.batch(
        pairs.map { $0.map(\.sequence) }, pairs.map { $0.map(references) }, formatting)
      tokens = taught.tokens.tokens.count
      outcome = try parameters.objective.learn(taught, by: pass, rows: rows, check: check)
    }
    return Outcome(
      loss: outcome.loss, metrics: report.values + [margin, Double(pairs.count)] + outcome.metrics,
      tokens: tokens)
  }

  /// The anchor's log-probabilities on the rows of prompt and response.
  private func references(_ rollout: Rollout) -> [Float] {
    Array(repeating: 0, count: rollout.prompt.count - 1) + rollout.reference + [0]
  }

  /// Best and worst of every prompt; the first of equals.
  private func pairs(_ rollouts: [Rollout], group: Int) -> [[Rollout]] {
    stride(from: 0, to: rollouts.count, by: group).compactMap { start in
      let own = rollouts[start..<start + group]
      let best = own.reduce(own[start]) { $1.reward.value > $0.reward.value ? $1 : $0 }
      let worst = own.reduce(own[start]) { $1.reward.value < $0.reward.value ? $1 : $0 }
      if best.reward.value > worst.reward.value { return [best, worst] }
      // TRL's OnlineDPO: the first of two equals counts as the better.
      return ties == .first && own[start].response != own[start + 1].response
        ? [own[start], own[start + 1]] : nil
    }
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

  func didUpdate(_ model: Transformer, after step: Int, on compute: Compute) {
    if let merge, let before { redo(merge, before, model, step, compute) }
    anchor.follow(model)
  }

  /// Makes the optimiser's update again, merged.
  private func redo(
    _ merge: OnlineMerge, _ before: Floats, _ model: Transformer, _ step: Int, _ compute: Compute
  ) {
    let update = Floats(count: before.count)
    update.copy(from: model.parameters)
    compute.add(before, times: -1, to: update)
    model.parameters.copy(from: before)
    merge.apply(update, to: model.parameters, step: step)
  }

  func state(after step: Int) -> [String: Floats] { anchor.state }

  func restore(_ state: [String: Floats], after step: Int) throws(TrainingError) {
    try anchor.restore(state)
  }
}
