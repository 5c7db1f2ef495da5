package import Numerics

// Weighted sums of parameters: soups, interpolations, averages over training.

extension Merging {
  /// Σ wᵢ xᵢ, divided by Σ wᵢ when normalising (mergekit 0.1.5 `linear`; model soups, Wortsman et al. 2022). With
  /// equal weights the plain mean: WARM (papers.md §6.13), and an average of checkpoints (Polyak).
  ///
  /// - Precondition: as many weights as inputs, at least one; normalising, they do not add up to 0.
  package func linear(
    _ inputs: [Floats], weights: [Double], normalizing: Bool = true
  ) -> Floats {
    precondition(inputs.count == weights.count && !inputs.isEmpty, "a weight for every input")
    let sum = weights.reduce(0, +)
    precondition(!normalizing || sum != 0, "weights that add up to 0")
    return weightedSum(
      Array(zip(inputs, weights)).map { ($0, $1) }, dividedBy: normalizing ? sum : 1)
  }

  /// (1 − η) · start + η · end: linear interpolation towards initialisation, WARP's third stage
  /// (papers.md §6.12).
  package func interpolation(from start: Floats, to end: Floats, by share: Double) -> Floats {
    linear([start, end], weights: [1 - share, share], normalizing: false)
  }

  /// e ← decay · e + (1 − decay) · x over the inputs, beginning with the first, with torch.lerp's arithmetic.
  /// WARP's anchor has decay 1 − μ (papers.md §6.12).
  package func exponentialAverage(_ inputs: [Floats], decay: Double) -> Floats {
    let result = Floats(count: inputs[0].count)
    result.copy(from: inputs[0])
    for input in inputs.dropFirst() {
      compute.interpolate(result, towards: input, by: Float(1 - decay))
    }
    return result
  }
}
