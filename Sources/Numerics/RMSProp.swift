import CLinux

/// RMSProp with momentum, the optimiser of Apple's foundation models (Gunter et al. 2024) as AXLearn's
/// `adastar_optimizer` carries it out: with g a gradient,
///
///     s ← β₂ s + (1 − β₂)(g² + ε)          u = g / √(s / (1 − β₂ᵗ))
///     u ← u · min(1, clip / rms(u))         per tensor
///     m ← β₁ m + (1 − β₁) u                 without bias correction
///     p ← p − decay · p − rate · m
///
/// β = 0.95, ε = 1e-30 and a clip of 1 are what AXLearn's configuration for it uses; the report as we
/// have it does not state them. Scalars are computed in double and rounded once.
package struct RMSProp: UpdateRule {
  /// Decay of the update's mean.
  package var beta1: Double
  /// Decay of the squared gradient's mean.
  package var beta2: Double
  package var epsilon: Double
  /// The largest root mean square of a tensor's update; nil for no limit.
  package var updateClip: Double?

  package init(
    beta1: Double = 0.95, beta2: Double = 0.95, epsilon: Double = 1e-30, updateClip: Double? = 1
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.updateClip = updateClip
  }

  package var name: String { "rmsprop" }
  package var isElementwise: Bool { updateClip == nil }

  /// `firstMoments` are the means of updates, `secondMoments` those of squared gradients; `gradients`
  /// becomes the update before it is clipped.
  package func update(
    _ parameters: Floats, gradients: Floats, firstMoments: Floats, secondMoments: Floats,
    step: Int, learningRate: Double, decay: Double, on compute: Compute
  ) {
    let count = parameters.count
    precondition(
      gradients.count == count && firstMoments.count == count && secondMoments.count == count,
      "an optimiser's views differ in size")
    let scaling = Scaling(self, step: step)
    compute.split(count, grain: 8192) { range in
      scaling.apply(range, gradients.base, secondMoments.base)
    }
    let move = Move(self, clip(gradients, on: compute), learningRate: learningRate, decay: decay)
    compute.split(count, grain: 8192) { range in
      move.apply(range, parameters.base, gradients.base, firstMoments.base)
    }
  }

  /// What a tensor's update is multiplied by so that its root mean square keeps the limit.
  private func clip(_ updates: Floats, on compute: Compute) -> Double {
    guard let updateClip, updates.count > 0 else { return 1 }
    let size = (compute.sumOfSquares(updates) / Double(updates.count)).squareRoot()
    return size > updateClip ? updateClip / size : 1
  }

  /// Squared gradients into their mean, and gradients into updates.
  private struct Scaling: Sendable {
    let beta2: Float
    let weight2: Float
    let epsilon: Float
    let root2: Float

    init(_ rule: RMSProp, step: Int) {
      beta2 = Float(rule.beta2)
      weight2 = Float(1 - rule.beta2)
      epsilon = Float(rule.epsilon)
      root2 = Float((1 - Elementary.pow(rule.beta2, Double(step))).squareRoot())
    }

    func apply(_ range: Range<Int>, _ gradients: Pointer, _ seconds: Pointer) {
      eachLanes(range) { i, n in
        let g = load(gradients + i, n)
        let s = load(seconds + i, n) * beta2 + weight2 * (g * g + epsilon)
        store(s, seconds + i, n)
        // Lanes beyond the end hold zeros; their quotient is never stored.
        store(g * root2 / exp_square_roots(s), gradients + i, n)
      }
    }
  }

  /// Updates into their mean, and that into the parameters.
  private struct Move: Sendable {
    let beta1: Float
    let weight1: Float
    let keep: Float
    let size: Float

    init(_ rule: RMSProp, _ clip: Double, learningRate: Double, decay: Double) {
      beta1 = Float(rule.beta1)
      weight1 = Float((1 - rule.beta1) * clip)
      keep = Float(1 - decay)
      size = Float(-learningRate)
    }

    func apply(_ range: Range<Int>, _ parameters: Pointer, _ updates: Pointer, _ firsts: Pointer) {
      eachLanes(range) { i, n in
        let m = load(firsts + i, n) * beta1 + weight1 * load(updates + i, n)
        store(m, firsts + i, n)
        store(load(parameters + i, n) * keep + size * m, parameters + i, n)
      }
    }
  }
}
