import LanguageModel
import Pipeline

/// The parameters that say what a new decoder is made of.
struct ModelParameters: StageParameters {
  let layers: Int
  let hidden: Int
  let heads: Int
  let keyValueHeads: Int?
  let headSize: Int?
  let intermediate: Int
  let tied: Bool
  let ropeBase: Double
  let normEpsilon: Double
  let positions: Int?

  init(from reader: inout ParameterReader) throws(ParameterError) {
    layers = try reader.integer("layers", in: 1...1024, "Decoder layers.")
    hidden = try reader.integer("hidden", in: 2...65536, "Width of the residual stream.")
    heads = try reader.integer("heads", in: 1...1024, "Query heads per layer.")
    keyValueHeads = try reader.optionalInteger(
      "keyValueHeads", in: 1...1024,
      "Key and value heads per layer, a divisor of heads; left out, as many as heads.")
    headSize = try reader.optionalInteger(
      "headSize", in: 2...1024, "Width of a head; left out, hidden / heads.")
    intermediate = try reader.integer("intermediate", in: 1...1_048_576, "Width of the gated MLP.")
    tied = try reader.boolean(
      "tied", default: true, "Whether the embedding is the output matrix too.")
    ropeBase = try reader.number(
      "ropeBase", default: 10_000, in: 1...1e12, "Base of the rotary positions' frequencies.")
    normEpsilon = try reader.number(
      "normEpsilon", default: 1e-5, in: 0...1, "Added to the mean square in RMSNorm.")
    positions = try reader.optionalInteger(
      "positions", in: 1...(1 << 30), unit: "tokens",
      "Longest sequence the model is meant for; left out, the training sequence.")
    try Self.check(self)
  }

  /// What the fields must be to each other; their lowest values fit.
  private static func check(_ model: ModelParameters) throws(ParameterError) {
    if let keyValueHeads = model.keyValueHeads, model.heads % keyValueHeads != 0 {
      throw ParameterError(
        path: "model.keyValueHeads",
        message: "must divide model.heads (\(model.heads)), found \(keyValueHeads)")
    }
    guard model.headSize != nil || model.hidden % model.heads == 0 else {
      throw ParameterError(
        path: "model.hidden",
        message: "must be a multiple of model.heads (\(model.heads)), found \(model.hidden); or "
          + "give model.headSize")
    }
    let headSize = model.headSize ?? model.hidden / model.heads
    guard headSize % 2 == 0 else {
      throw ParameterError(
        path: "model.headSize",
        message: "must be even for rotary positions, found \(headSize); change model.hidden, "
          + "model.heads or model.headSize")
    }
  }

  /// The configuration for a tokenizer's vocabulary.
  func configuration(vocabularySize: Int, sequence: Int, endToken: Int?) -> ModelConfiguration {
    ModelConfiguration(
      vocabularySize: vocabularySize, hidden: hidden, layers: layers, heads: heads,
      keyValueHeads: keyValueHeads, headSize: headSize, intermediate: intermediate, isTied: tied,
      ropeBase: ropeBase, normEpsilon: Float(normEpsilon),
      maximumPositions: positions ?? sequence, endTokens: endToken.map { [$0] } ?? [])
  }

  /// Parameters without the embedding and output matrices, whose size is the tokenizer's.
  var bodyParameters: Int {
    let width = headSize ?? hidden / heads
    let attention = hidden * width * (2 * heads + 2 * (keyValueHeads ?? heads))
    return layers * (attention + 3 * hidden * intermediate + 2 * hidden) + hidden
  }
}
