/// The gated half of a feed-forward layer: `y = f(gate) · up`.
package enum Gate: Sendable {
  /// x · sigmoid(x): Llama, Qwen.
  case silu
  /// GELU by its tanh formula (Hendrycks and Gimpel 2016): Gemma.
  case tanhGELU

  /// All are [rows, width]; y may be the memory of gate or up.
  package func forward(_ gate: Matrix, up: Matrix, into y: Matrix, on compute: Compute) {
    check(gate, up, y)
    compute.timed(.gates) {
      compute.eachRow(gate.rows, gate.columns) { row in
        let g = gate.floats.base + row * gate.stride
        let u = up.floats.base + row * up.stride
        let q = y.floats.base + row * y.stride
        eachLanes(0..<gate.columns) { i, n in
          store(value(load(g + i, n)) * load(u + i, n), q + i, n)
        }
      }
    }
  }

  /// Replaces the gradients of gate and up; they may be the memory of `gate`, `up` or `dy`.
  package func backward(
    _ dy: Matrix, gate: Matrix, up: Matrix, gateGradient: Matrix, upGradient: Matrix,
    on compute: Compute
  ) {
    check(gate, up, dy)
    check(gate, gateGradient, upGradient)
    compute.timed(.gates) {
      compute.eachRow(gate.rows, gate.columns) { row in
        let d = dy.floats.base + row * dy.stride
        let g = gate.floats.base + row * gate.stride
        let u = up.floats.base + row * up.stride
        let dg = gateGradient.floats.base + row * gateGradient.stride
        let du = upGradient.floats.base + row * upGradient.stride
        eachLanes(0..<gate.columns) { i, n in
          let slope = load(d + i, n)
          let factor = load(u + i, n)
          let (value, derivative) = valueAndDerivative(load(g + i, n))
          store(slope * factor * derivative, dg + i, n)
          store(slope * value, du + i, n)
        }
      }
    }
  }

  private func check(_ a: Matrix, _ b: Matrix, _ c: Matrix) {
    precondition(
      a.rows == b.rows && a.rows == c.rows && a.columns == b.columns && a.columns == c.columns,
      "gate of shapes that do not fit")
  }

  @inline(__always)
  private func value(_ x: Lanes) -> Lanes {
    switch self {
    case .silu: x * laneSigmoid(x)
    case .tanhGELU: 0.5 * x * (1 + laneTanh(Self.inner(x)))
    }
  }

  @inline(__always)
  private func valueAndDerivative(_ x: Lanes) -> (Lanes, Lanes) {
    switch self {
    case .silu:
      let s = laneSigmoid(x)
      let value = x * s
      return (value, s + value * (1 - s))
    case .tanhGELU:
      let t = laneTanh(Self.inner(x))
      let half = 0.5 * (1 + t)
      let slope = fma(x * x, 0.7978845608 * 3 * 0.044715, 0.7978845608)
      return (x * half, half + 0.5 * x * (1 - t * t) * slope)
    }
  }

  /// √(2/π) · (x + 0.044715 x³)
  @inline(__always)
  private static func inner(_ x: Lanes) -> Lanes {
    x * fma(x * x, 0.7978845608 * 0.044715, 0.7978845608)
  }
}
