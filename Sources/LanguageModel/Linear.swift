import Numerics

/// A linear map y = x Wᵀ + b. W is `[out, in]`, b `[out]`.
struct Linear: Sendable {
  let weights: Matrix
  /// nil in maps without.
  let bias: Floats?
  /// The weights in the kernel's order, of W and of Wᵀ where there is a way back; the same bits.
  private var packed: PackedWeights?
  private var packedBack: PackedWeights?

  init(_ weights: Matrix, bias: Floats? = nil) {
    self.weights = weights
    self.bias = bias
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

  /// The same map, quicker to apply again and again while the weights stay as they are; with a way
  /// back, for training.
  func prepared(withBack: Bool = false, on compute: Compute) -> Linear {
    var copy = self
    copy.packed = PackedWeights(weights, on: compute)
    if withBack { copy.packedBack = PackedWeights(weights, .asTheyLie, on: compute) }
    return copy
  }

  /// Reads the weights of a prepared map anew.
  func refresh(on compute: Compute) {
    packed?.refresh(on: compute)
    packedBack?.refresh(on: compute)
  }

  /// y ← x Wᵀ + b
  func forward(_ x: Matrix, into y: Matrix, on compute: Compute) {
    if let packed {
      compute.multiply(x, packed: packed, into: y)
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
    if let packedBack {
      compute.multiply(dy, packed: packedBack, into: dx)
    } else {
      compute.multiply(dy, weights, into: dx)
    }
    compute.multiply(transposed: dy, x, into: gradient.weights, from: .existing)
    if let bias = gradient.bias { compute.addColumnSums(of: dy, to: bias) }
  }
}
