import LanguageModel
import Numerics
import Pipeline
import Training

/// The parameters of optimiser and schedule, shared by every op that trains a decoder.
struct OptimiserParameters: StageParameters {
  enum Rule: String, CaseIterable, Sendable { case adamw, rmsprop }

  let rule: Rule
  let learningRate: Double
  let minimumRatio: Double
  let warmupSteps: Int
  let schedule: Schedule.Decay
  let scheduleSteps: Int?
  let decaySteps: Int
  let decayShape: Schedule.Fall
  let weightDecay: Double
  let weightDecayForm: WeightDecayForm
  let betas: [Double]
  let epsilon: Double
  let updateClip: Double
  let clip: Double
  let baseWidth: Int?
  let dropout: Double

  /// What is taken where the experiment says nothing; pre-training's, unless an op says otherwise.
  struct Defaults {
    var learningRate = 1e-3
    var schedule = Schedule.Decay.cosine
    var minimumRatio = 0.1
    var weightDecay = 0.1
    var betas = [0.9, 0.95]

    /// TRL's trainers': AdamW with PyTorch's betas, a line to 0, no weight decay (reference of
    /// transformers' `TrainingArguments`).
    static func tuning(_ learningRate: Double) -> Defaults {
      Defaults(
        learningRate: learningRate, schedule: .linear, minimumRatio: 0, weightDecay: 0,
        betas: [0.9, 0.999])
    }
  }

  init(from reader: inout ParameterReader) throws(ParameterError) {
    try self.init(from: &reader, Defaults())
  }

  init(from reader: inout ParameterReader, _ defaults: Defaults) throws(ParameterError) {
    rule = try reader.choice(
      "optimiser", default: .adamw,
      "adamw, as PyTorch has it, or rmsprop: Apple's RMSProp with momentum.")
    learningRate = try reader.number(
      "learningRate", default: defaults.learningRate, in: 0...1e3, "Highest learning rate.")
    minimumRatio = try reader.number(
      "minimumRatio", default: defaults.minimumRatio, in: 0...1,
      "Last learning rate as a fraction of the highest (not for the constant schedule).")
    warmupSteps = try reader.integer(
      "warmupSteps", default: 0, unit: "steps",
      "Steps of linear rise; with any, the first step's rate is 0.")
    schedule = try reader.choice(
      "schedule", default: defaults.schedule,
      "Learning rate after the warm-up; wsd stays at the highest until the last decaySteps steps.")
    scheduleSteps = try reader.optionalInteger(
      "scheduleSteps", in: 1...(1 << 40), unit: "steps",
      "The step at which the schedule ends; left out, the last.")
    decaySteps = try reader.integer(
      "decaySteps", default: 0, unit: "steps", "Steps of the wsd schedule's fall.")
    decayShape = try reader.choice(
      "decayShape", default: .cosine, "How the wsd schedule falls.")
    weightDecay = try reader.number(
      "weightDecay", default: defaults.weightDecay, in: 0...1e3,
      "Share of matrices and embeddings (not norms) taken off per step, times what its form says.")
    weightDecayForm = try reader.choice(
      "weightDecayForm", default: .rate,
      "rate: weightDecay times the learning rate of the step, as PyTorch; independent: times the "
        + "schedule's factor only, from 0 to 1.")
    let isRMSProp = rule == .rmsprop
    betas = try reader.numbers(
      "betas", default: isRMSProp ? [0.95, 0.95] : defaults.betas, in: 0...0.999_999_999,
      "Decay rates of the first moment (rmsprop: of the update) and of the squared gradient; left "
        + "out, 0.95 and 0.95 with rmsprop.")
    epsilon = try reader.number(
      "epsilon", default: isRMSProp ? 1e-30 : 1e-8, in: 0...1,
      "adamw: added to the root; rmsprop: added to the squared gradient, 1e-30 if left out.")
    updateClip = try reader.number(
      "updateClip", default: 1, in: 0...1e12,
      "rmsprop: largest root mean square of a tensor's update before momentum; 0 does not clip.")
    clip = try reader.number(
      "clip", default: 1, in: 0...1e12, "Largest joint L2 norm of the gradients; 0 does not clip.")
    baseWidth = try reader.optionalInteger(
      "baseWidth", in: 1...65536,
      "µParam-simple: the model.hidden that learningRate was tuned for; scales the initial values "
        + "and rates of linear layers by width. Left out, none is scaled.")
    dropout = try reader.number(
      "dropout", default: 0, in: 0...0.99,
      "Probability with which training zeroes an element of the embeddings and of what every block "
        + "gives to the residual stream.")
    try check()
  }

  private func check() throws(ParameterError) {
    guard betas.count == 2 else {
      throw ParameterError(path: "betas", message: "must be two numbers, found \(betas.count)")
    }
    // Below float32's range it would be 0, and a gradient of 0 divided by 0.
    guard rule == .adamw || epsilon >= 1e-37 else {
      throw ParameterError(path: "epsilon", message: "must be at least 1e-37 with rmsprop")
    }
    guard schedule != .wsd || decaySteps > 0 else {
      throw ParameterError(
        path: "decaySteps", message: "must be at least 1 with the wsd schedule, found 0")
    }
  }

  /// What the schedule must be to the number of steps.
  func check(steps: Int) throws(ParameterError) {
    try schedule(steps: steps).checkFall("decaySteps", "there are")
  }

  /// The optimiser's arithmetic.
  var update: any UpdateRule {
    switch rule {
    case .adamw: AdamW(beta1: betas[0], beta2: betas[1], epsilon: epsilon)
    case .rmsprop:
      RMSProp(
        beta1: betas[0], beta2: betas[1], epsilon: epsilon,
        updateClip: updateClip > 0 ? updateClip : nil)
    }
  }

  /// The joint L2 norm that gradients are clipped to.
  var clipNorm: Double? { clip > 0 ? clip : nil }

  /// How the model is run, with dropout's random numbers of a seed.
  func passOptions(seed: UInt64) -> PassOptions { PassOptions(dropout: dropout, seed: seed) }

  /// What a width changes; nil when nothing is scaled.
  func widths(_ hidden: Int) -> WidthScaling? {
    baseWidth.map { WidthScaling(base: $0, width: hidden) }
  }

  /// The schedule over some steps.
  func schedule(steps: Int) -> Schedule {
    Schedule(
      peak: learningRate, decay: schedule, warmup: warmupSteps, steps: scheduleSteps ?? steps,
      minimumRatio: minimumRatio, decaySteps: decaySteps, fall: decayShape)
  }

  /// A training plan of these, without phases' particulars.
  func plan(phases: [TrainingPlan.Phase], hidden: Int) -> TrainingPlan {
    TrainingPlan(
      phases: phases, optimiser: update, weightDecay: weightDecay,
      weightDecayForm: weightDecayForm, widths: widths(hidden), clip: clipNorm)
  }
}

extension Schedule {
  /// Refuses a fall that the warm-up leaves no room for.
  /// - Parameters:
  ///   - path: of its length.
  ///   - whole: whose steps they are: "there are".
  func checkFall(_ path: String, _ whole: String) throws(ParameterError) {
    guard decay != .wsd || warmup + decaySteps <= steps else {
      throw ParameterError(
        path: path,
        message: "is \(decaySteps), and warmupSteps \(warmup), but \(whole) \(steps) steps")
    }
  }
}
