/// The gated half of a feed-forward layer: `y = f(gate) · up`.
package enum Gate: Sendable {
  /// x · sigmoid(x): Llama, Qwen.
  case silu
  /// GELU by its tanh formula: Gemma.
  case tanhGELU

  /// All are [rows, width].
  package func forward(_ gate: Matrix, up: Matrix, into y: Matrix, on compute: Compute) {
    fatalError("to be built")
  }

  /// Replaces the gradients of gate and up; they may be the same memory as `gate` and `up`.
  package func backward(
    _ dy: Matrix, gate: Matrix, up: Matrix, gateGradient: Matrix, upGradient: Matrix,
    on compute: Compute
  ) { fatalError("to be built") }
}
