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
        case .silu: siluRow(g, u, q, gate.columns)
        case .tanhGELU: geluRow(g, u, q, gate.columns)
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
        case .silu: siluBackwardRow(d, g, u, dg, du, gate.columns)
        case .tanhGELU: geluBackwardRow(d, g, u, dg, du, gate.columns)
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

// A function with a loop of its own for each kind of row: with loops that share a closure, or that ask which
// kind it is, the compiler calls the elementary functions instead of laying them out.

@inline(never)
private func siluRow(_ g: ConstPointer, _ u: ConstPointer, _ y: Pointer, _ count: Int) {
  var i = 0
  while i < count {
    let n = count &- i
    let x = load(g + i, n)
    store(x * laneSigmoid(x) * load(u + i, n), y + i, n)
    i &+= 8
  }
}

@inline(never)
private func geluRow(_ g: ConstPointer, _ u: ConstPointer, _ y: Pointer, _ count: Int) {
  var i = 0
  while i < count {
    let n = count &- i
    let x = load(g + i, n)
    store(0.5 * x * (1 + laneTanh(inner(x))) * load(u + i, n), y + i, n)
    i &+= 8
  }
}

@inline(never)
private func siluBackwardRow(
  _ d: ConstPointer, _ g: ConstPointer, _ u: ConstPointer, _ dg: Pointer, _ du: Pointer,
  _ count: Int
) {
  var i = 0
  while i < count {
    let n = count &- i
    let (x, slope, factor) = (load(g + i, n), load(d + i, n), load(u + i, n))
    let s = laneSigmoid(x)
    let value = x * s
    store(slope * factor * (s + value * (1 - s)), dg + i, n)
    store(slope * value, du + i, n)
    i &+= 8
  }
}

@inline(never)
private func geluBackwardRow(
  _ d: ConstPointer, _ g: ConstPointer, _ u: ConstPointer, _ dg: Pointer, _ du: Pointer,
  _ count: Int
) {
  var i = 0
  while i < count {
    let n = count &- i
    let (x, slope, factor) = (load(g + i, n), load(d + i, n), load(u + i, n))
    let t = laneTanh(inner(x))
    let half = 0.5 * (1 + t)
    let curve = fma(x * x, 0.7978845608 * 3 * 0.044715, 0.7978845608)
    store(slope * factor * (half + 0.5 * x * (1 - t * t) * curve), dg + i, n)
    store(slope * (x * half), du + i, n)
    i &+= 8
  }
}

/// √(2/π) · (x + 0.044715 x³)
@inline(__always)
private func inner(_ x: Lanes) -> Lanes {
  x * fma(x * x, 0.7978845608 * 0.044715, 0.7978845608)
}
