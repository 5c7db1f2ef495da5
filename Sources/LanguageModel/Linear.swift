import Numerics

/// A linear map y = x Wᵀ + b. W is `[out, in]`, b `[out]`.
struct Linear: Sendable {
  let weights: Matrix
  /// nil in maps without.
  let bias: Floats?
  /// The weights in the kernel's order, for inference; the same bits.
  private let packed: PackedWeights?

  init(_ weights: Matrix, bias: Floats? = nil) {
    self.weights = weights
    self.bias = bias
    packed = nil
  }

  /// The map of consecutive matrices of equal width, one above the other, in an arena of parameters or
  /// gradients, with their consecutive biases; none of those for no bias.
  init(_ views: [ParameterView], biases: [ParameterView] = [], in arena: Floats) {
    let rows = views.reduce(0) { $0 + $1.shape[0] }
    let range = views[0].offset..<views[views.count - 1].range.upperBound
    let bias: Floats? =
      if let first = biases.first, let last = biases.last {
        arena[first.offset..<last.range.upperBound]
      } else { nil }
    self.init(Matrix(arena[range], rows: rows, columns: views[0].shape[1]), bias: bias)
  }

  private init(_ weights: Matrix, bias: Floats?, packed: PackedWeights) {
    self.weights = weights
    self.bias = bias
    self.packed = packed
  }

  /// The same map, quicker to apply to few rows again and again.
  func prepared(on compute: Compute) -> Linear {
    Linear(weights, bias: bias, packed: PackedWeights(weights, on: compute))
  }

  /// y ← x Wᵀ + b
  func forward(_ x: Matrix, into y: Matrix, on compute: Compute) {
    if let packed {
      compute.multiply(x, transposed: packed, into: y)
    } else {
      compute.multiply(x, transposed: weights, into: y)
    }
    if let bias { compute.add(row: bias, toRowsOf: y) }
  }

  /// dx ← dy W, dW ← dW + dyᵀ x and db ← db + Σ dy, whose chains go on from one micro-batch to the
  /// next. `gradient` holds dW and db.
  func backward(
    _ dy: Matrix, x: Matrix, into dx: Matrix, gradient: Linear, on compute: Compute
  ) {
    compute.multiply(dy, weights, into: dx)
    compute.multiply(transposed: dy, x, into: gradient.weights, from: .existing)
    if let bias = gradient.bias { compute.addColumnSums(of: dy, to: bias) }
  }
}
