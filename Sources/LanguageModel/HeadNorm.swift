import Numerics

/// RMSNorm over every head of queries or keys (Henry et al. 2020), all heads with the same gains.
struct HeadNorm: Sendable {
  let norm: RMSNorm
  let headSize: Int

  /// Normalises every head of `x`, `[rows, heads · headSize]`, in place. Keeps what came in `kept`.
  /// `scratch` has room for as many floats.
  func forward(
    _ x: Matrix, weight: Floats, kept: NormActivations, scratch: Floats, on compute: Compute
  ) {
    compute.copy(x, to: kept.input)
    let result = Matrix(scratch, rows: x.rows, columns: x.columns)
    norm.forward(
      heads(kept.input), weight: weight, into: heads(result), inverseRoots: kept.roots, on: compute)
    compute.copy(result, to: x)
  }

  /// Turns the gradient of the result into that of what came, in place. The gains' gradient is one
  /// chain over rows, and over the heads of a row.
  func backward(
    _ gradient: Matrix, weight: Floats, kept: NormActivations, weightGradient: Floats,
    scratch: Floats, on compute: Compute
  ) {
    let result = Matrix(scratch, rows: gradient.rows, columns: gradient.columns)
    compute.copy(gradient, to: result)
    norm.backward(
      heads(result), x: heads(kept.input), weight: weight, inverseRoots: kept.roots,
      into: heads(result), weightGradient: weightGradient, on: compute)
    compute.copy(result, to: gradient)
  }

  /// A head a row.
  private func heads(_ x: Matrix) -> Matrix {
    x.reshaped(rows: x.rows * x.columns / headSize, columns: headSize)
  }
}

/// What came to a norm, kept for its backward pass; a norm of the whole width has one head.
struct NormActivations {
  /// `[rows, heads · headSize]`, contiguous.
  let input: Matrix
  /// 1/√(mean x² + ε) of every head of every row.
  let roots: Floats

  /// New memory.
  init(rows: Int, heads: Int, headSize: Int) {
    input = Matrix(rows: rows, columns: heads * headSize)
    roots = Floats(count: rows * heads)
  }

  /// The first `rows` rows of another's memory.
  init(_ other: NormActivations, rows: Int) {
    input = other.input[rows: 0..<rows]
    roots = other.roots
  }
}
