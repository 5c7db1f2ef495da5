import LanguageModel
import Pipeline

/// How responses are drawn from a policy.
struct SamplingParameters: StageParameters {
  let samples: Int
  let temperature: Double
  let topK: Int?
  let topP: Double?
  let maximumTokens: Int

  init(from reader: inout ParameterReader) throws(ParameterError) {
    try self.init(from: &reader, samples: 4, least: 1, temperature: 1)
  }

  /// - Parameter least: the fewest samples that the op can do with.
  init(
    from reader: inout ParameterReader, samples: Int, least: Int, temperature: Double
  ) throws(ParameterError) {
    self.samples = try reader.integer(
      "samples", default: samples, in: least...4096, unit: "responses",
      "K, the responses drawn for each prompt.")
    self.temperature = try reader.number(
      "temperature", default: temperature, in: 0...100,
      "What logits are divided by before a token is drawn; 0 takes the likeliest each time. "
        + "Log-probabilities are always those at 1.")
    topK = try reader.optionalInteger(
      "topK", in: 1...1 << 30, unit: "tokens", "Only the likeliest tokens, this many.")
    topP = try reader.optionalNumber(
      "topP", in: 0...1, "Only the likeliest tokens that make up this probability.")
    maximumTokens = try reader.integer(
      "maxTokens", default: 64, in: 1...(1 << 20), unit: "tokens", "The longest response.")
  }

  package func check(
    goingOnFrom parent: SamplingParameters, after step: Int
  ) throws(ParameterError) {
    try checkSame(
      "maxTokens", maximumTokens, as: parent.maximumTokens,
      because: "it says which prompts are short enough, before the snapshot too")
  }

  func options(ends: [Int], seed: UInt64) -> SamplingOptions {
    SamplingOptions(
      temperature: temperature, topK: topK, topP: topP, maximumTokens: maximumTokens,
      stopTokens: ends, seed: seed)
  }
}
