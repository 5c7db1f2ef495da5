package import Pipeline

// The costs of ops whose files say nothing of them.

extension TrainTokenizer {
  /// Says how many tokens there will be, so that models downstream can count their embeddings.
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    Estimate(vocabularySize: Double(parameters.vocabularySize))
  }
}

extension Evaluate {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    Estimates.scoring(inputs.model("checkpoint"), tokens: nil)
  }
}

extension ClassifyTrain {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    Estimates.training(inputs.model("checkpoint"), tokens: nil, sequence: 512)
  }
}

extension Synthesize {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    Estimates.sampling(
      inputs.model("checkpoint"), samples: nil, tokens: 0,
      judges: [inputs.model("judge")])
  }
}

// Tuning on records: at most `steps` batches of sequences as long as they may be; nil tokens where the data say how
// long it takes.

extension TuningParameters {
  /// Tokens of so many sequences an item, and how long a sequence may be.
  fileprivate func most(_ sequences: Double, length: Int? = nil) -> (tokens: Double?, length: Int) {
    guard let length = length ?? maximumLength, let steps else { return (nil, length ?? 1024) }
    return (sequences * Double(steps) * Double(batch) * Double(length), length)
  }
}

extension FineTune {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let most = parameters.tuning.most(1, length: parameters.packedLength)
    return Estimates.training(
      inputs.model("checkpoint"), tokens: most.tokens, sequence: most.length,
      batchTokens: Double(parameters.tuning.batch * most.length))
  }
}

extension RewardModel {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let most = parameters.tuning.most(2)
    return Estimates.training(
      inputs.model("checkpoint"), tokens: most.tokens, sequence: most.length,
      batchTokens: Double(2 * parameters.tuning.batch * most.length))
  }
}

extension PreferenceTuning {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let most = parameters.tuning.most(2)
    let policy = inputs.model("checkpoint")
    return Estimates.training(
      policy, tokens: most.tokens, sequence: most.length,
      batchTokens: Double(2 * parameters.tuning.batch * most.length),
      beside: parameters.objective.isReferenceFree ? [] : [inputs.model("reference") ?? policy])
  }
}

extension Extend {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    Estimates.surgery(inputs.model("checkpoint"))
  }
}
