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
