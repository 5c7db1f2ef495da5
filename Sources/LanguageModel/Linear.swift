import Numerics

/// A linear map y = x Wᵀ. W is `[out, in]`.
struct Linear: Sendable {
  let weights: Matrix
  /// The weights in the kernel's order, for inference; the same bits.
  private let packed: PackedWeights?

  init(_ weights: Matrix) {
    self.weights = weights
    packed = nil
  }

  private init(_ weights: Matrix, packed: PackedWeights) {
    self.weights = weights
    self.packed = packed
  }

  /// The same map, quicker to apply to few rows again and again.
  func prepared(on compute: Compute) -> Linear {
    Linear(weights, packed: PackedWeights(weights, on: compute))
  }

  /// y ← x Wᵀ
  func forward(_ x: Matrix, into y: Matrix, on compute: Compute) {
    if let packed {
      compute.multiply(x, transposed: packed, into: y)
    } else {
      compute.multiply(x, transposed: weights, into: y)
    }
  }

  /// dx ← dy W and dW ← dW + dyᵀ x, whose chains go on from one micro-batch to the next.
  func backward(
    _ dy: Matrix, x: Matrix, into dx: Matrix, gradient: Matrix, on compute: Compute
  ) {
    compute.multiply(dy, weights, into: dx)
    compute.multiply(transposed: dy, x, into: gradient, from: .existing)
  }
}
