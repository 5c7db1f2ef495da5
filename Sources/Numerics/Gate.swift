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
        case .silu: forwardRow(SiLU.self, g, u, q, gate.columns)
        case .tanhGELU: forwardRow(TanhGELU.self, g, u, q, gate.columns)
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
        case .silu: backwardRow(SiLU.self, d, g, u, dg, du, gate.columns)
        case .tanhGELU: backwardRow(TanhGELU.self, d, g, u, dg, du, gate.columns)
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

// Loops made anew for each function, which they ask for by its type: where a loop asks which one it is, or is
// handed a closure, the compiler calls the elementary functions instead of laying them out.

@inline(never)
private func forwardRow<F: GateFunction>(
  _: F.Type, _ g: ConstPointer, _ u: ConstPointer, _ y: Pointer, _ count: Int
) {
  var i = 0
  while i < count {
    let n = count &- i
    store(F.value(load(g + i, n)) * load(u + i, n), y + i, n)
    i &+= 8
  }
}

@inline(never)
private func backwardRow<F: GateFunction>(
  _: F.Type, _ d: ConstPointer, _ g: ConstPointer, _ u: ConstPointer, _ dg: Pointer,
  _ du: Pointer, _ count: Int
) {
  var i = 0
  while i < count {
    let n = count &- i
    let (slope, factor) = (load(d + i, n), load(u + i, n))
    let (value, derivative) = F.valueAndDerivative(load(g + i, n))
    store(slope * factor * derivative, dg + i, n)
    store(slope * value, du + i, n)
    i &+= 8
  }
}

/// What a gate's values go through.
private protocol GateFunction {
  static func value(_ x: Lanes) -> Lanes
  static func valueAndDerivative(_ x: Lanes) -> (Lanes, Lanes)
}

private enum SiLU: GateFunction {
  @inline(__always)
  static func value(_ x: Lanes) -> Lanes { x * laneSigmoid(x) }

  @inline(__always)
  static func valueAndDerivative(_ x: Lanes) -> (Lanes, Lanes) {
    let s = laneSigmoid(x)
    let value = x * s
    return (value, s + value * (1 - s))
  }
}

private enum TanhGELU: GateFunction {
  @inline(__always)
  static func value(_ x: Lanes) -> Lanes { 0.5 * x * (1 + laneTanh(inner(x))) }

  @inline(__always)
  static func valueAndDerivative(_ x: Lanes) -> (Lanes, Lanes) {
    let t = laneTanh(inner(x))
    let half = 0.5 * (1 + t)
    let slope = fma(x * x, 0.7978845608 * 3 * 0.044715, 0.7978845608)
    return (x * half, half + 0.5 * x * (1 - t * t) * slope)
  }

  /// √(2/π) · (x + 0.044715 x³)
  @inline(__always)
  private static func inner(_ x: Lanes) -> Lanes {
    x * fma(x * x, 0.7978845608 * 0.044715, 0.7978845608)
  }
}
