import ContentStore
import Pipeline
import Training

/// A stretch of training with sizes, data and learning rate of its own. What is left out is the stage's.
struct PhaseParameters: StageParameters {
  /// The learning rate of a phase.
  enum Curve: String, CaseIterable, Sendable {
    /// The stage's schedule goes on.
    case stage
    case constant, linear, cosine, wsd
  }

  let tokens: Double?
  let steps: Int?
  let batch: Int?
  let batchTokens: Double?
  let sequence: Int?
  let ropeBase: Double?
  let mix: [String: Double]?
  let learningRate: Double?
  let schedule: Curve
  let warmupSteps: Int?
  let minimumRatio: Double?
  let decaySteps: Int?

  init(from reader: inout ParameterReader) throws(ParameterError) {
    tokens = try reader.optionalNumber(
      "tokens", in: 1...1e15, unit: "tokens",
      "Tokens of the phase, rounded up to whole steps; give this or steps.")
    steps = try reader.optionalInteger(
      "steps", in: 1...(1 << 40), unit: "steps", "Updates of the phase; give this or tokens.")
    batch = try reader.optionalInteger(
      "batch", in: 1...(1 << 20), unit: "sequences", "Sequences per step.")
    batchTokens = try reader.optionalNumber(
      "batchTokens", in: 1...1e12, unit: "tokens",
      "Tokens per step, rounded to whole sequences; instead of batch.")
    sequence = try reader.optionalInteger(
      "sequence", in: 1...(1 << 24), unit: "tokens", "Tokens per sequence.")
    ropeBase = try reader.optionalNumber(
      "ropeBase", in: 1...1e12, "Base of the rotary positions' frequencies.")
    mix = try reader.mix()
    learningRate = try reader.optionalNumber(
      "learningRate", in: 0...1e3, "Highest learning rate of the phase.")
    schedule = try reader.choice(
      "schedule", default: .stage,
      "stage: the stage's schedule goes on; the others run over the phase's own steps.")
    warmupSteps = try reader.optionalInteger(
      "warmupSteps", in: 0...(1 << 40), unit: "steps",
      "Steps of linear rise of the phase's own schedule; left out, none.")
    minimumRatio = try reader.optionalNumber(
      "minimumRatio", in: 0...1,
      "Last rate of the phase's own schedule as a fraction of its highest.")
    decaySteps = try reader.optionalInteger(
      "decaySteps", in: 1...(1 << 40), unit: "steps",
      "Steps of the fall of the phase's own wsd schedule.")
  }

  /// The phase's learning rates, when `start` steps come before it and `total` are made in all.
  func rates(
    _ stage: OptimiserParameters, start: Int, steps: Int, total: Int
  ) -> (schedule: Schedule, start: Int) {
    var schedule = stage.schedule(steps: total)
    schedule.peak = learningRate ?? schedule.peak
    guard let decay = Schedule.Decay(rawValue: self.schedule.rawValue) else {
      return (schedule, 0)
    }
    schedule.decay = decay
    schedule.steps = steps
    schedule.warmup = warmupSteps ?? 0
    schedule.minimumRatio = minimumRatio ?? schedule.minimumRatio
    schedule.decaySteps = decaySteps ?? 0
    return (schedule, start)
  }

  /// What fields must be to each other.
  func check(at path: String) throws(ParameterError) {
    if (tokens == nil) == (steps == nil) {
      throw ParameterError(path: path, message: "needs either tokens or steps")
    }
    if batch != nil, batchTokens != nil {
      throw ParameterError(
        path: "\(path).batchTokens", message: "cannot be given together with batch")
    }
    let own = [
      ("warmupSteps", warmupSteps != nil), ("minimumRatio", minimumRatio != nil),
      ("decaySteps", decaySteps != nil),
    ]
    if schedule == .stage, let wrong = own.first(where: { $0.1 })?.0 {
      throw ParameterError(
        path: "\(path).\(wrong)",
        message: "belongs to a schedule of the phase's own; give its schedule too")
    }
    if schedule == .wsd, decaySteps == nil {
      throw ParameterError(
        path: "\(path).decaySteps", message: "is needed with the wsd schedule")
    }
  }
}

extension ParameterReader {
  /// `mix`: the names of token inputs, and what part of the sequences comes from each; nil if left out.
  mutating func mix() throws(ParameterError) -> [String: Double]? {
    let value = try json(
      "mix", default: .null,
      "Token inputs by name and their parts of every step's sequences, such as {tokens: 0.8, math: "
        + "0.2}; the names other than tokens become inputs.")
    return value == .null ? nil : try Self.mix(value, at: at("mix"))
  }

  private static func mix(
    _ json: JSON, at path: String
  ) throws(ParameterError) -> [String: Double] {
    guard let members = json.objectValue else {
      throw ParameterError(
        path: path, message: "must be an object of weights, found \(describe(json))")
    }
    var weights: [String: Double] = [:]
    for (name, value) in members.sorted(by: { $0.key < $1.key }) {
      guard let weight = value.doubleValue, (0...1e9).contains(weight) else {
        throw ParameterError(
          path: "\(path).\(name)",
          message: "must be a number from 0 to 1e9, found \(describe(value))")
      }
      if ["tokenizer", "snapshot", "checkpoint"].contains(name) {
        throw ParameterError(path: "\(path).\(name)", message: "is no input of tokens")
      }
      weights[name] = weight
    }
    guard weights.values.contains(where: { $0 > 0 }) else {
      throw ParameterError(path: path, message: "needs a weight above 0")
    }
    return weights
  }
}
