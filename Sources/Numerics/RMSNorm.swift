/// Root-mean-square normalisation (Zhang and Sennrich 2019): `y = x / √(mean x² + ε) · (offset + w)`.
package struct RMSNorm: Sendable {
  package var epsilon: Float
  /// 0 for Llama and Qwen, 1 for Gemma, whose weights start at 0.
  package var offset: Float

  package init(epsilon: Float, offset: Float = 0) {
    self.epsilon = epsilon
    self.offset = offset
  }

  /// x and y are [rows, d], weight is [d]; keeps 1/√(mean x² + ε) of each row for `backward`.
  package func forward(
    _ x: Matrix, weight: Floats, into y: Matrix, inverseRoots: Floats, on compute: Compute
  ) { fatalError("to be built") }

  /// dx is replaced, or added to when `adding`; the weight's gradient is always added to, row by row
  /// in ascending order.
  package func backward(
    _ dy: Matrix, x: Matrix, weight: Floats, inverseRoots: Floats, into dx: Matrix,
    adding: Bool = false, weightGradient: Floats, on compute: Compute
  ) { fatalError("to be built") }
}
