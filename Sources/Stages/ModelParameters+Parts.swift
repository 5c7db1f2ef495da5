import LanguageModel
import Pipeline

/// The parameters of layers of experts.
struct ExpertParameters {
  let configuration: ExpertConfiguration

  /// nil when no count is given.
  static func read(from reader: inout ParameterReader) throws(ParameterError) -> ExpertParameters? {
    let count = try reader.integer(
      "count", default: 0, in: 0...65536, "Routed experts per layer; 0 for none.")
    let active = try reader.integer(
      "active", default: 1, in: 1...65536, "Routed experts that see a token, the most likely.")
    let intermediate = try reader.integer(
      "intermediate", default: 1, in: 1...1_048_576, "Width of a routed expert.")
    let shared = try reader.integer(
      "sharedIntermediate", default: 1, in: 1...1_048_576, "Width of the shared expert.")
    let normalises = try reader.boolean(
      "normalise", default: false,
      "Whether the chosen experts' probabilities are divided by their sum.")
    let lossWeight = try reader.number(
      "lossWeight", default: 0.001, in: 0...1e6,
      "Factor on the loss that keeps experts evenly used; 0 for none.")
    let step = try reader.integer(
      "step", default: 1, in: 1...1024,
      "Every step-th layer has experts, the others a gated MLP.")
    let dense = try reader.numbers(
      "denseLayers", default: [], "Layers, from 0, that have a gated MLP all the same.")
    guard count > 0 else { return nil }
    guard active <= count else {
      throw ParameterError(
        path: "model.experts.active",
        message: "must be at most the count (\(count)), found \(active)")
    }
    let layers = dense.compactMap { Int(exactly: $0) }
    guard layers.count == dense.count else {
      throw ParameterError(
        path: "model.experts.denseLayers", message: "must be whole numbers, found \(dense)")
    }
    return ExpertParameters(
      configuration: ExpertConfiguration(
        count: count, active: active, intermediate: intermediate, sharedIntermediate: shared,
        normalises: normalises, lossWeight: lossWeight, sparseStep: step,
        denseLayers: Array(Set(layers)).sorted()))
  }
}

/// The parameters of rotary scaling.
struct RopeScalingParameters {
  enum Kind: String, CaseIterable { case none, linear, llama3, yarn }

  let scaling: RotaryScaling?

  init(from reader: inout ParameterReader) throws(ParameterError) {
    let kind: Kind = try reader.choice(
      "kind", default: Kind.none,
      "none; linear divides every frequency; llama3 is Llama 3.1's; yarn.")
    let factor = try reader.number(
      "factor", default: 1, in: 1e-6...1e6, "How many times longer sequences become.")
    let original = try reader.integer(
      "originalPositions", default: 8192, in: 1...(1 << 30), unit: "tokens",
      "The sequence that the frequencies were made for; llama3 and yarn.")
    let low = try reader.number(
      "lowFactor", default: 1, in: 1e-6...1e6,
      "llama3: wavelengths above originalPositions / lowFactor are stretched by factor.")
    let high = try reader.number(
      "highFactor", default: 4, in: 1e-6...1e6,
      "llama3: wavelengths below originalPositions / highFactor are kept.")
    let fast = try reader.number(
      "betaFast", default: 32, in: 1e-6...1e6,
      "yarn: dimensions that turn more often in originalPositions are kept.")
    let slow = try reader.number(
      "betaSlow", default: 1, in: 1e-6...1e6,
      "yarn: dimensions that turn less often are divided by factor.")
    try Self.check("highFactor", high, above: "lowFactor", low)
    try Self.check("betaFast", fast, above: "betaSlow", slow)
    scaling =
      switch kind {
      case .none: nil
      case .linear: .linear(factor: factor)
      case .llama3:
        .llama3(factor: factor, lowFactor: low, highFactor: high, originalPositions: original)
      case .yarn:
        .yarn(factor: factor, originalPositions: original, betaFast: fast, betaSlow: slow)
      }
  }

  private static func check(
    _ name: String, _ value: Double, above other: String, _ bound: Double
  ) throws(ParameterError) {
    guard value > bound else {
      throw ParameterError(
        path: "model.ropeScaling.\(name)",
        message: "must be above model.ropeScaling.\(other) (\(bound)), found \(value)")
    }
  }
}
