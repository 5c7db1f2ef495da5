import Pipeline
import Training

/// Reads what is trained on: `phases`, or the short form for one phase.
enum PhaseReader {
  static func read(
    _ reader: inout ParameterReader
  ) throws(ParameterError) -> [Pretrain.Parameters.Phase] {
    let batch = try reader.integer(
      "batch", default: 16, in: 1...(1 << 20), unit: "sequences", "Sequences per step.")
    let sequence = try reader.integer(
      "sequence", default: 256, in: 1...(1 << 24), unit: "tokens", "Tokens per sequence.")
    let mix = try reader.mix()
    let tokens = try reader.optionalNumber(
      "tokens", in: 1...1e15, unit: "tokens",
      "Tokens to train on, rounded up to whole steps; give this, steps or phases.")
    let steps = try reader.optionalInteger(
      "steps", in: 1...(1 << 40), unit: "steps", "Updates to make; give this, tokens or phases.")
    let own = try reader.objects(
      "phases",
      "Stretches of training, each with its tokens or steps, in order; what one leaves "
        + "out is as above."
    ) { (reader) throws(ParameterError) in try PhaseParameters(from: &reader) }
    if reader.isListing { return [] }
    let defaults = SourceMix(mix ?? [mainSource: 1])
    let phases: [Pretrain.Parameters.Phase]
    if own.isEmpty {
      let count = try single(tokens, steps, perStep: batch * sequence)
      phases = [
        .init(data: DataPhase(steps: count, batch: batch, sequence: sequence, mix: defaults))
      ]
    } else {
      try checkShort(tokens, steps)
      phases = try resolve(own, batch: batch, sequence: sequence, mix: defaults)
    }
    try checkSize(phases)
    return phases
  }

  /// The steps of the short form.
  private static func single(
    _ tokens: Double?, _ steps: Int?, perStep: Int
  ) throws(ParameterError) -> Int {
    switch (tokens, steps) {
    case (nil, nil):
      var missing = ParameterError(
        path: "steps", message: "is required: updates to make; or give tokens or phases")
      missing.isMissing = true
      throw missing
    case (nil, let steps?): return steps
    case (let tokens?, nil): return wholeSteps(tokens, perStep: perStep)
    default:
      throw ParameterError(path: "tokens", message: "cannot be given together with steps")
    }
  }

  private static func checkShort(_ tokens: Double?, _ steps: Int?) throws(ParameterError) {
    guard tokens == nil, steps == nil else {
      throw ParameterError(
        path: tokens == nil ? "steps" : "tokens",
        message: "cannot be given together with phases; give every phase its own")
    }
  }

  private static func resolve(
    _ own: [PhaseParameters], batch: Int, sequence: Int, mix: SourceMix
  ) throws(ParameterError) -> [Pretrain.Parameters.Phase] {
    var phases: [Pretrain.Parameters.Phase] = []
    for (index, phase) in own.enumerated() {
      try phase.check(at: "phases[\(index)]")
      let length = phase.sequence ?? sequence
      let tokens = phase.batchTokens.map { max(1, Int(($0 / Double(length)).rounded())) }
      let size = phase.batch ?? tokens ?? batch
      let steps = phase.steps ?? wholeSteps(phase.tokens ?? 1, perStep: size * length)
      phases.append(
        .init(
          data: DataPhase(
            steps: steps, batch: size, sequence: length,
            mix: phase.mix.map { SourceMix($0) } ?? mix),
          own: phase))
    }
    return phases
  }

  private static func wholeSteps(_ tokens: Double, perStep: Int) -> Int {
    max(1, Int((tokens / Double(perStep)).rounded(.up)))
  }

  private static func checkSize(
    _ phases: [Pretrain.Parameters.Phase]
  ) throws(ParameterError) {
    let tokens = phases.reduce(0.0) {
      $0 + Double($1.data.steps) * Double($1.data.batch) * Double($1.data.sequence)
    }
    guard tokens < 9e15 else {
      throw ParameterError(
        path: "steps", message: "times batch and sequence is beyond 9e15 tokens")
    }
  }
}
