import Numerics

/// What a gated MLP computes for some rows; its arithmetic, forward beside backward:
/// y = Wdown · (f(Wgate · x) ⊙ Wup · x).
struct MLPActivations {
  /// `[rows, 2 · width]`
  let gateUp: Matrix
  /// `[rows, width]`
  let gated: Matrix

  /// New memory.
  init(rows: Int, width: Int) {
    gateUp = Matrix(rows: rows, columns: 2 * width)
    gated = Matrix(rows: rows, columns: width)
  }

  private init(gateUp: Matrix, gated: Matrix) {
    self.gateUp = gateUp
    self.gated = gated
  }

  /// Some rows of this memory.
  func rows(_ range: Range<Int>) -> MLPActivations {
    MLPActivations(gateUp: gateUp[rows: range], gated: gated[rows: range])
  }

  private var gate: Matrix { gateUp[columns: 0..<gated.columns] }
  private var up: Matrix { gateUp[columns: gated.columns..<2 * gated.columns] }

  /// y may be nil when only what `backward` needs is wanted.
  func forward(
    _ x: Matrix, _ w: MLPWeights, _ function: Gate, into y: Matrix?, on compute: Compute
  ) {
    w.gateUp.forward(x, into: gateUp, on: compute)
    function.forward(gate, up: up, into: gated, on: compute)
    if let y { w.down.forward(gated, into: y, on: compute) }
  }

  /// Replaces dx, which may be the memory of dy, and adds to the weights' gradients `g`. Overwrites
  /// `gateUp`. `scratch` is `[rows, width]`.
  func backward(
    _ dy: Matrix, x: Matrix, _ w: MLPWeights, gradient g: MLPWeights, _ function: Gate,
    scratch: Matrix, into dx: Matrix, on compute: Compute
  ) {
    w.down.backward(dy, x: gated, into: scratch, gradient: g.down, on: compute)
    function.backward(
      scratch, gate: gate, up: up, gateGradient: gate, upGradient: up, on: compute)
    w.gateUp.backward(gateUp, x: x, into: dx, gradient: g.gateUp, on: compute)
  }
}
