import LanguageModel
import Pipeline

/// The parameters that say what a new decoder is made of.
struct ModelParameters: StageParameters {
  /// The families by the names that experiment files use.
  enum Architecture: String, CaseIterable {
    case llama, qwen2, qwen3, gemma2, qwen2moe

    var family: ModelConfiguration.Architecture {
      switch self {
      case .llama: .llama
      case .qwen2: .qwen2
      case .qwen3: .qwen3
      case .gemma2: .gemma2
      case .qwen2moe: .qwen2MoE
      }
    }
  }

  let architecture: Architecture
  let layers: Int
  let hidden: Int
  let heads: Int
  let keyValueHeads: Int?
  let headSize: Int?
  let intermediate: Int
  let experts: ExpertParameters?
  let tied: Bool
  let ropeBase: Double
  let ropeScaling: RotaryScaling?
  let queryScalar: Double?
  let scoreCap: Double?
  let logitCap: Double?
  let slidingWindow: Int?
  let normEpsilon: Double
  let positions: Int?

  init(from reader: inout ParameterReader) throws(ParameterError) {
    architecture = try reader.choice(
      "architecture", default: .llama,
      "The family: llama; qwen2 has biases on query, key and value; qwen3 normalises every head of "
        + "queries and keys (AFM's form, with tied true); gemma2 has four norms, a tanh-GELU gate, and what "
        + "queryScalar, scoreCap, logitCap and slidingWindow say; qwen2moe has experts.")
    layers = try reader.integer("layers", in: 1...1024, "Decoder layers.")
    hidden = try reader.integer("hidden", in: 2...65536, "Width of the residual stream.")
    heads = try reader.integer("heads", in: 1...1024, "Query heads per layer.")
    keyValueHeads = try reader.optionalInteger(
      "keyValueHeads", in: 1...1024,
      "Key and value heads per layer, a divisor of heads; left out, as many as heads.")
    headSize = try reader.optionalInteger(
      "headSize", in: 2...1024, "Width of a head; left out, hidden / heads.")
    intermediate = try reader.integer(
      "intermediate", in: 1...1_048_576, "Width of the gated MLP, in layers without experts.")
    experts = try reader.object("experts", "Routed and shared experts; qwen2moe only.") {
      (reader) throws(ParameterError) in try ExpertParameters.read(from: &reader)
    }
    tied = try reader.boolean(
      "tied", default: true, "Whether the embedding is the output matrix too.")
    ropeBase = try reader.number(
      "ropeBase", default: 10_000, in: 1...1e12, "Base of the rotary positions' frequencies.")
    ropeScaling = try reader.object(
      "ropeScaling", "How rotary frequencies are changed for longer sequences."
    ) { (reader) throws(ParameterError) in
      try RopeScalingParameters(from: &reader).scaling
    }
    queryScalar = try reader.optionalNumber(
      "queryScalar", in: 1e-6...1e12,
      "Scores are divided by this number's root; left out, the head size. gemma2 only.")
    scoreCap = try reader.optionalNumber(
      "scoreCap", in: 1e-6...1e12, "Attention's scores become cap · tanh(score / cap). gemma2 only."
    )
    logitCap = try reader.optionalNumber(
      "logitCap", in: 1e-6...1e12, "Logits become cap · tanh(logit / cap). gemma2 only.")
    slidingWindow = try reader.optionalInteger(
      "slidingWindow", in: 1...(1 << 30), unit: "tokens",
      "Tokens, itself included, that a token sees in layers 0, 2, …; left out, all. gemma2 only.")
    normEpsilon = try reader.number(
      "normEpsilon", default: 1e-5, in: 0...1, "Added to the mean square in RMSNorm.")
    positions = try reader.optionalInteger(
      "positions", in: 1...(1 << 30), unit: "tokens",
      "Longest sequence the model is meant for; left out, the training sequence.")
    try check()
  }

  /// What the fields must be to each other; their lowest values fit.
  private func check() throws(ParameterError) {
    if let keyValueHeads, heads % keyValueHeads != 0 {
      throw ParameterError(
        path: "model.keyValueHeads",
        message: "must divide model.heads (\(heads)), found \(keyValueHeads)")
    }
    guard headSize != nil || hidden % heads == 0 else {
      throw ParameterError(
        path: "model.hidden",
        message: "must be a multiple of model.heads (\(heads)), found \(hidden); or "
          + "give model.headSize")
    }
    guard headWidth % 2 == 0 else {
      throw ParameterError(
        path: "model.headSize",
        message: "must be even for rotary positions, found \(headWidth); change model.hidden, "
          + "model.heads or model.headSize")
    }
    try checkFamily()
  }

  /// What only some families have.
  private func checkFamily() throws(ParameterError) {
    let gemmaOnly: [(String, Bool)] = [
      ("queryScalar", queryScalar != nil), ("scoreCap", scoreCap != nil),
      ("logitCap", logitCap != nil), ("slidingWindow", slidingWindow != nil),
    ]
    for (name, isGiven) in gemmaOnly where isGiven && architecture != .gemma2 {
      throw ParameterError(
        path: "model.\(name)",
        message: "is for architecture gemma2, found \(architecture.rawValue)")
    }
    guard (experts != nil) == (architecture == .qwen2moe) else {
      throw ParameterError(
        path: "model.experts.count",
        message: experts == nil
          ? "is required for architecture qwen2moe"
          : "is for architecture qwen2moe, found \(architecture.rawValue)")
    }
    let dense = experts?.configuration.denseLayers ?? []
    guard dense.allSatisfy({ $0 >= 0 && $0 < layers }) else {
      throw ParameterError(
        path: "model.experts.denseLayers",
        message: "must name layers from 0 to \(layers - 1), found \(dense)")
    }
  }

  private var headWidth: Int { headSize ?? hidden / heads }

  /// The configuration for a tokenizer's vocabulary.
  func configuration(vocabularySize: Int, sequence: Int, endToken: Int?) -> ModelConfiguration {
    ModelConfiguration(
      architecture: architecture.family, vocabularySize: vocabularySize, hidden: hidden,
      layers: layers, heads: heads, keyValueHeads: keyValueHeads, headSize: headSize,
      intermediate: intermediate, isTied: tied, experts: experts?.configuration,
      ropeBase: ropeBase, ropeScaling: ropeScaling, queryScalar: queryScalar, scoreCap: scoreCap,
      logitCap: logitCap, slidingWindow: slidingWindow, normEpsilon: Float(normEpsilon),
      maximumPositions: positions ?? sequence, endTokens: endToken.map { [$0] } ?? [])
  }

  /// The sizes that its cost follows from.
  func shape(vocabularySize: Double?) -> ModelShape {
    configuration(vocabularySize: 1, sequence: 1, endToken: nil)
      .shape(vocabularySize: vocabularySize)
  }
}
