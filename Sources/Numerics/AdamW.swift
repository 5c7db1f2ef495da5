/// AdamW (Loshchilov and Hutter 2019) with PyTorch's arithmetic in float32.
package struct AdamW: Sendable {
  package var beta1: Double
  package var beta2: Double
  package var epsilon: Double

  package init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// One step on views of equal counts. `step` counts from 1. `weightDecay` is per call, so that
  /// tensors without decay are one more call.
  package func update(
    _ parameters: Floats, gradients: Floats, firstMoments: Floats, secondMoments: Floats,
    step: Int, learningRate: Double, weightDecay: Double, on compute: Compute
  ) { fatalError("to be built") }
}
