import CLinux

/// AdamW (Loshchilov and Hutter 2019) with the arithmetic of PyTorch's for-loop implementation in
/// float32: scalars are computed in double, then rounded once.
package struct AdamW: UpdateRule {
  package var beta1: Double
  package var beta2: Double
  package var epsilon: Double

  package init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  package var name: String { "adamw" }
  package var isElementwise: Bool { true }

  /// One step as torch has it: the decay of a step is `learningRate` · `weightDecay`.
  package func update(
    _ parameters: Floats, gradients: Floats, firstMoments: Floats, secondMoments: Floats,
    step: Int, learningRate: Double, weightDecay: Double, on compute: Compute
  ) {
    update(
      parameters, gradients: gradients, firstMoments: firstMoments, secondMoments: secondMoments,
      step: step, learningRate: learningRate, decay: learningRate * weightDecay, on: compute)
  }

  package func update(
    _ parameters: Floats, gradients: Floats, firstMoments: Floats, secondMoments: Floats,
    step: Int, learningRate: Double, decay: Double, on compute: Compute
  ) {
    let count = parameters.count
    precondition(
      gradients.count == count && firstMoments.count == count && secondMoments.count == count,
      "an optimiser's views differ in size")
    let factors = Factors(self, step: step, learningRate: learningRate, decay: decay)
    compute.split(count, grain: 8192) { range in
      factors.update(range, parameters.base, gradients.base, firstMoments.base, secondMoments.base)
    }
  }

  /// The scalars of one step, rounded to float32 as torch passes them to its kernels.
  private struct Factors: Sendable {
    let keep: Float
    let weight1: Float
    let beta2: Float
    let weight2: Float
    let root2: Float
    let epsilon: Float
    let size: Float

    init(_ rule: AdamW, step: Int, learningRate: Double, decay: Double) {
      let correction1 = 1 - Elementary.pow(rule.beta1, Double(step))
      let correction2 = 1 - Elementary.pow(rule.beta2, Double(step))
      keep = Float(1 - decay)
      weight1 = Float(1 - rule.beta1)
      beta2 = Float(rule.beta2)
      weight2 = Float(1 - rule.beta2)
      root2 = Float(correction2.squareRoot())
      epsilon = Float(rule.epsilon)
      size = Float(-(learningRate / correction1))
    }

    func update(
      _ range: Range<Int>, _ parameters: Pointer, _ gradients: Pointer, _ firsts: Pointer,
      _ seconds: Pointer
    ) {
      eachLanes(range) { i, n in
        let g = load(gradients + i, n)
        let m = interpolated(load(firsts + i, n), g, weight1)
        let v = load(seconds + i, n) * beta2 + weight2 * g * g
        let denominator = exp_square_roots(v) / root2 + epsilon
        let p = load(parameters + i, n) * keep
        store(m, firsts + i, n)
        store(v, seconds + i, n)
        store(p + size * m / denominator, parameters + i, n)
      }
    }
  }
}
