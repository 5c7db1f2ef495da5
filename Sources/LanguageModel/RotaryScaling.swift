import Numerics

/// How rotary frequencies are changed so that a model reads further than it was trained to.
package enum RotaryScaling: Hashable, Sendable {
  /// Every frequency divided by `factor` (Chen et al. 2023, §3).
  case linear(factor: Double)
  /// Llama 3.1's: wavelengths above `originalPositions / lowFactor` are stretched by `factor`, those
  /// below `originalPositions / highFactor` kept, those between mixed.
  case llama3(factor: Double, lowFactor: Double, highFactor: Double, originalPositions: Int)
  /// YaRN (Peng et al. 2023, §3.2): dimensions that turn more than `betaFast` times in the original
  /// positions are kept, those below `betaSlow` are divided by `factor`, with a ramp between; cos and
  /// sin are multiplied by `attentionFactor`, 0.1 ln(factor) + 1 when nil.
  case yarn(
    factor: Double, originalPositions: Int, betaFast: Double = 32, betaSlow: Double = 1,
    attentionFactor: Double? = nil)

  /// Hugging Face's `rope_type`.
  var name: String {
    switch self {
    case .linear: "linear"
    case .llama3: "llama3"
    case .yarn: "yarn"
    }
  }

  /// What cos and sin are multiplied by.
  var amplitude: Double {
    guard case .yarn(let factor, _, _, _, let given) = self else { return 1 }
    return given ?? (factor <= 1 ? 1 : 0.1 * Elementary.log(factor) + 1)
  }

  /// The scaled form of `frequencies`, θ^(−2i/D) with θ = `base`, in radians per position.
  func apply(to frequencies: [Double], base: Double) -> [Double] {
    switch self {
    case .linear(let factor): return frequencies.map { $0 / factor }
    case .llama3(let factor, let low, let high, let positions):
      return frequencies.map { Self.llama3($0, factor, low, high, Double(positions)) }
    case .yarn(let factor, let positions, let fast, let slow, _):
      let size = Double(2 * frequencies.count)
      // The dimension that turns `turns` times in the original positions.
      func dimension(_ turns: Double) -> Double {
        size * Elementary.log(Double(positions) / (turns * 2 * .pi)) / (2 * Elementary.log(base))
      }
      let start = max(dimension(fast).rounded(.down), 0)
      var end = min(dimension(slow).rounded(.up), size - 1)
      if start == end { end += 0.001 }
      return frequencies.enumerated().map { index, frequency in
        let stretched = min(max((Double(index) - start) / (end - start), 0), 1)
        return frequency / factor * stretched + frequency * (1 - stretched)
      }
    }
  }

  private static func llama3(
    _ frequency: Double, _ factor: Double, _ low: Double, _ high: Double, _ positions: Double
  ) -> Double {
    let length = 2 * .pi / frequency
    if length < positions / high { return frequency }
    if length > positions / low { return frequency / factor }
    let kept = (positions / length - low) / (high - low)
    return (1 - kept) * frequency / factor + kept * frequency
  }

  /// Throws what makes the scaling impossible, in one sentence.
  func validate() throws(CheckpointError) {
    let numbers: [Double] =
      switch self {
      case .linear(let factor): [factor]
      case .llama3(let factor, let low, let high, let positions):
        [factor, low, high - low, Double(positions)]
      case .yarn(let factor, let positions, let fast, let slow, let amplitude):
        [factor, Double(positions), slow, fast - slow, amplitude ?? 1]
      }
    guard numbers.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw CheckpointError(
        "the numbers of rotary scaling \"\(name)\" must be above 0, and its higher bound above "
          + "its lower one")
    }
  }
}
