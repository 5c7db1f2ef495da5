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

extension Extend {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    Estimates.surgery(inputs.model("checkpoint"))
  }
}

extension FilterRecords {
  /// How many stay is not known before: as if all did.
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let amounts = (inputs["records"] ?? []).compactMap(\.data)
    return DataAmount(joining: amounts).map { Estimate(outputs: ["kept": $0]) }
  }
}

extension MixRecords {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let amounts = inputs.sorted { $0.key < $1.key }.flatMap { $0.value.compactMap(\.data) }
    guard let all = DataAmount(joining: amounts) else { return nil }
    let mixed = parameters.size.map { all.with(items: Double($0)) } ?? all
    return Estimate(outputs: ["records": mixed])
  }
}

extension Upcycle {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    guard let dense = inputs.model("checkpoint") else { return nil }
    return Estimates.surgery(dense, result: parameters.shape(of: dense))
  }
}

extension Upcycle.Parameters {
  /// The mixture's sizes: in place of the MLP a shared expert with its gate, routed ones, and a router.
  fileprivate func shape(of dense: ModelShape) -> ModelShape {
    var shape = dense
    let beside = dense.bodyParameters - dense.layers * 3 * dense.hidden * dense.mlpWidth
    let always =
      dense.hidden * (3 * Double(sharedIntermediate) + 1 + Double(experts))
    let each = 3 * dense.hidden * Double(expertIntermediate)
    shape.bodyParameters = beside + dense.layers * (always + Double(experts) * each)
    shape.activeBodyParameters = beside + dense.layers * (always + Double(perToken) * each)
    shape.mlpWidth = Double(perToken * expertIntermediate + sharedIntermediate)
    return shape
  }
}

extension Quantise {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    Estimates.surgery(
      inputs.model("checkpoint"),
      bits: parameters.dequantise ? 32 : Double(parameters.bits))
  }
}

extension Teach {
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    // How many tokens there are, the data say.
    Estimates.scoring(inputs.model("teacher"), tokens: nil, sequence: parameters.sequence)
  }
}
