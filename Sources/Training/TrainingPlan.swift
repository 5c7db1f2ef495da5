package import Numerics

/// How a model is trained. Everything here decides the result.
package struct TrainingPlan: Sendable {
  package var steps: Int
  /// Sequences per step.
  package var batch: Int
  /// Tokens per sequence.
  package var sequence: Int
  package var schedule: Schedule
  package var optimiser: AdamW
  package var weightDecay: Double
  /// The joint L2 norm that gradients are scaled down to; nil leaves them.
  package var clip: Double?
  package var seed: UInt64
  /// Steps between validations; 0 validates after the last step only.
  package var validationEvery: Int
  /// The most validation sequences that are looked at.
  package var validationSequences: Int
  /// Steps between lines of the trace; 0 writes one for the last step only.
  package var traceEvery: Int

  package init(
    steps: Int, batch: Int, sequence: Int, schedule: Schedule, optimiser: AdamW = AdamW(),
    weightDecay: Double = 0, clip: Double? = 1, seed: UInt64, validationEvery: Int = 0,
    validationSequences: Int = 64, traceEvery: Int = 0
  ) {
    self.steps = steps
    self.batch = batch
    self.sequence = sequence
    self.schedule = schedule
    self.optimiser = optimiser
    self.weightDecay = weightDecay
    self.clip = clip
    self.seed = seed
    self.validationEvery = validationEvery
    self.validationSequences = validationSequences
    self.traceEvery = traceEvery
  }

  func validates(after step: Int) -> Bool { isDue(step, every: validationEvery) }
  func traces(after step: Int) -> Bool { isDue(step, every: traceEvery) }

  private func isDue(_ step: Int, every interval: Int) -> Bool {
    step == steps || (interval > 0 && step % interval == 0)
  }
}

/// What one step was like.
package struct StepRecord: Hashable, Sendable {
  /// From 1 after the first update.
  package var step: Int
  /// The batch's loss before the update.
  package var loss: Double
  package var learningRate: Double
  /// L2 norm of the gradient before clipping.
  package var gradientNorm: Double
  /// Tokens seen so far, this step's included.
  package var tokens: Int
  /// Loss on the validation tokens after the update, when this step measured it.
  package var validationLoss: Double?
}
