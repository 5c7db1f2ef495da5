package import LanguageModel
package import Numerics

/// A model that says what reward is still to come at every token (PPO's value model), with an optimiser of
/// its own. One thread may use it at a time.
package final class Critic {
  private let pass: TrainingPass
  private let optimiser: Optimiser
  private let loss: ValueLoss
  private let clip: Double?
  private let rate: Double
  private let compute: Compute

  package static let old = "value"
  package static let target = "return"
  package static let weight = "value weight"

  /// - Parameters:
  ///   - model: has a score head, whose first score is the value; is trained in place.
  ///   - rate: the learning rate, constant.
  ///   - clip: the largest joint L2 norm of the gradients.
  package init(
    _ model: Transformer, loss: ValueLoss, rule: any UpdateRule, rate: Double, clip: Double?,
    on compute: Compute
  ) {
    pass = TrainingPass(model, on: compute)
    optimiser = Optimiser(rule, weightDecay: 0, for: model.layout)
    (self.loss, self.clip, self.rate, self.compute) = (loss, clip, rate, compute)
  }

  /// A value per row.
  package func values(
    of batch: TokenBatch, rows: Int, check: () throws -> Void
  ) throws -> [Float] {
    pass.beginBatch()
    defer { pass.endBatch() }
    return try batch.parts(rows: rows).flatMap { part in
      try check()
      return pass.rowScores(of: part)
    }
  }

  /// The loss of a batch with the columns `value` (when drawn), `return` and `value weight`; its gradients
  /// wait for `update`.
  package func learn(
    _ batch: Batch, rows: Int, check: () throws -> Void
  ) throws -> Double {
    pass.beginBatch()
    defer { pass.endBatch() }
    var sum = 0.0
    for part in batch.parts(rows: rows) {
      try check()
      let values = pass.rowScores(of: part.tokens)
      guard let old = part.columns[Self.old], let target = part.columns[Self.target],
        let weight = part.columns[Self.weight]
      else { preconditionFailure("a critic's batch has values, returns and weights") }
      var slopes = [Float](repeating: 0, count: values.count)
      for row in values.indices where weight[row] != 0 {
        let result = loss.value(
          Double(values[row]), old: Double(old[row]), target: Double(target[row]))
        sum += Double(weight[row]) * result.loss
        slopes[row] = Float(Double(weight[row]) * result.slope)
      }
      pass.backward(part.tokens, rowScoreSlopes: slopes)
    }
    return sum
  }

  /// Moves the parameters by the gradients of `learn`.
  /// - Parameter step: the number of the update, from 1.
  package func update(step: Int) {
    if let clip { _ = compute.clip(pass.gradients, norm: clip) }
    optimiser.update(
      pass.model.parameters, gradients: pass.gradients, step: step, learningRate: rate,
      on: compute)
  }

  /// Part of the training state.
  package var state: [String: Floats] {
    [
      "critic.parameters": pass.model.parameters, "critic.first_moment": optimiser.firstMoments,
      "critic.second_moment": optimiser.secondMoments,
    ]
  }
}
