import Numerics
import Pipeline
import Training

/// The parameters of optimiser and schedule, shared by every op that trains a decoder.
struct OptimiserParameters: StageParameters {
  let learningRate: Double
  let minimumRatio: Double
  let warmupSteps: Int
  let schedule: Schedule.Decay
  let weightDecay: Double
  let betas: [Double]
  let epsilon: Double
  let clip: Double

  init(from reader: inout ParameterReader) throws(ParameterError) {
    learningRate = try reader.number(
      "learningRate", default: 1e-3, in: 0...1e3, "Highest learning rate.")
    minimumRatio = try reader.number(
      "minimumRatio", default: 0.1, in: 0...1,
      "Last learning rate as a fraction of the highest (linear and cosine schedules).")
    warmupSteps = try reader.integer(
      "warmupSteps", default: 0, unit: "steps",
      "Steps of linear rise; with any, the first step's rate is 0.")
    schedule = try reader.choice(
      "schedule", default: .cosine, "Learning rate after the warm-up.")
    weightDecay = try reader.number(
      "weightDecay", default: 0.1, in: 0...1e3,
      "AdamW's decay of matrices and embeddings (not norms), times the learning rate per step.")
    betas = try reader.numbers(
      "betas", default: [0.9, 0.95], in: 0...0.999_999_999,
      "AdamW's decay rates of the first and second moment.")
    epsilon = try reader.number(
      "epsilon", default: 1e-8, in: 0...1, "AdamW's ε, outside the root.")
    clip = try reader.number(
      "clip", default: 1, in: 0...1e12, "Largest joint L2 norm of the gradients; 0 does not clip.")
    guard betas.count == 2 else {
      throw ParameterError(path: "betas", message: "must be two numbers, found \(betas.count)")
    }
  }

  var adam: AdamW { AdamW(beta1: betas[0], beta2: betas[1], epsilon: epsilon) }

  /// The schedule over some steps.
  func schedule(steps: Int) -> Schedule {
    Schedule(
      peak: learningRate, decay: schedule, warmup: warmupSteps, steps: steps,
      minimumRatio: minimumRatio)
  }
}
