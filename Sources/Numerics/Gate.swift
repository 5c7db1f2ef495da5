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
        switch self {
        case .silu: gateRow(g, u, q, gate.columns, siluValue)
        case .tanhGELU: gateRow(g, u, q, gate.columns, tanhGELUValue)
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
        switch self {
        case .silu: gateRowBackward(d, g, u, dg, du, gate.columns, siluSlope)
        case .tanhGELU: gateRowBackward(d, g, u, dg, du, gate.columns, tanhGELUSlope)
        }
      }
    }
  }

  private func check(_ a: Matrix, _ b: Matrix, _ c: Matrix) {
    precondition(
      a.rows == b.rows && a.rows == c.rows && a.columns == b.columns && a.columns == c.columns,
      "gate of shapes that do not fit")
  }
}

// The loops are compiled apart for each function: one that chooses within calls it for every eight.

@inline(__always)
private func gateRow(
  _ gate: Pointer, _ up: Pointer, _ y: Pointer, _ count: Int, _ value: (Lanes) -> Lanes
) {
  eachLanes(0..<count) { i, n in store(value(load(gate + i, n)) * load(up + i, n), y + i, n) }
}

@inline(__always)
private func gateRowBackward(
  _ dy: Pointer, _ gate: Pointer, _ up: Pointer, _ gateGradient: Pointer, _ upGradient: Pointer,
  _ count: Int, _ valueAndDerivative: (Lanes) -> (Lanes, Lanes)
) {
  eachLanes(0..<count) { i, n in
    let slope = load(dy + i, n)
    let factor = load(up + i, n)
    let (value, derivative) = valueAndDerivative(load(gate + i, n))
    store(slope * factor * derivative, gateGradient + i, n)
    store(slope * value, upGradient + i, n)
  }
}

@inline(__always)
private func siluValue(_ x: Lanes) -> Lanes { x * laneSigmoid(x) }

/// The value and its derivative.
@inline(__always)
private func siluSlope(_ x: Lanes) -> (Lanes, Lanes) {
  let s = laneSigmoid(x)
  let value = x * s
  return (value, s + value * (1 - s))
}

@inline(__always)
private func tanhGELUValue(_ x: Lanes) -> Lanes { 0.5 * x * (1 + laneTanh(tanhGELUInner(x))) }

@inline(__always)
private func tanhGELUSlope(_ x: Lanes) -> (Lanes, Lanes) {
  let t = laneTanh(tanhGELUInner(x))
  let half = 0.5 * (1 + t)
  let slope = fma(x * x, 0.7978845608 * 3 * 0.044715, 0.7978845608)
  return (x * half, half + 0.5 * x * (1 - t * t) * slope)
}

/// √(2/π) · (x + 0.044715 x³)
@inline(__always)
private func tanhGELUInner(_ x: Lanes) -> Lanes {
  x * fma(x * x, 0.7978845608 * 0.044715, 0.7978845608)
}
