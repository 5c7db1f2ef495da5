/// One pass over memory, element by element; views of equal counts.
extension Compute {
  /// Elements per part: large enough that handing it out costs nothing.
  private static let grain = 8192

  /// x ← x · factor
  package func scale(_ x: Floats, by factor: Float) {
    each(x.count) { range in
      let p = x.base
      eachLanes(range) { i, n in store(load(p + i, n) * factor, p + i, n) }
    }
  }

  /// y ← y + x
  package func add(_ x: Floats, to y: Floats) {
    precondition(x.count == y.count, "sum of different sizes")
    each(x.count) { range in
      let (p, q) = (x.base, y.base)
      eachLanes(range) { i, n in store(load(q + i, n) + load(p + i, n), q + i, n) }
    }
  }

  /// y ← fma(factor, x, y)
  package func add(_ x: Floats, times factor: Float, to y: Floats) {
    precondition(x.count == y.count, "sum of different sizes")
    each(x.count) { range in
      let (p, q) = (x.base, y.base)
      let factors = Lanes(repeating: factor)
      eachLanes(range) { i, n in store(fma(load(p + i, n), factors, load(q + i, n)), q + i, n) }
    }
  }

  /// y ← y + weight · (x − y), and from the other end for weights of ½ and more, as torch.lerp.
  package func interpolate(_ y: Floats, towards x: Floats, by weight: Float) {
    precondition(x.count == y.count, "mixture of different sizes")
    each(x.count) { range in
      let (p, q) = (x.base, y.base)
      eachLanes(range) { i, n in
        store(interpolated(load(q + i, n), load(p + i, n), weight), q + i, n)
      }
    }
  }

  /// Row by row: y ← y + x
  package func add(_ x: Matrix, to y: Matrix) {
    precondition(x.rows == y.rows && x.columns == y.columns, "sum of different shapes")
    eachRow(x.rows, x.columns) { row in
      let p = x.floats.base + row * x.stride
      let q = y.floats.base + row * y.stride
      eachLanes(0..<x.columns) { i, n in store(load(q + i, n) + load(p + i, n), q + i, n) }
    }
  }

  /// y ← x, for matrices of any strides
  package func copy(_ x: Matrix, to y: Matrix) {
    precondition(x.rows == y.rows && x.columns == y.columns, "copy between different shapes")
    eachRow(x.rows, x.columns) { row in
      (y.floats.base + row * y.stride).update(
        from: x.floats.base + row * x.stride, count: x.columns)
    }
  }

  /// Scales gradients so that their joint L2 norm is at most `limit`, as torch's `clip_grad_norm_`:
  /// factor min(1, limit / (norm + 1e-6)). Returns the norm before.
  package func clip(_ gradients: Floats, norm limit: Double) -> Double {
    let norm = sumOfSquares(gradients).squareRoot()
    // Written so that a NaN norm reaches the gradients, as in torch.
    let factor = limit / (norm + 1e-6)
    if !(factor >= 1) { scale(gradients, by: Float(factor)) }
    return norm
  }

  private func each(_ count: Int, _ body: @Sendable (Range<Int>) -> Void) {
    split(count, grain: Self.grain, body)
  }

  /// Rows in parts of at least `grain` elements.
  func eachRow(_ rows: Int, _ columns: Int, _ body: @Sendable (Int) -> Void) {
    split(rows, grain: max(1, Self.grain / max(1, columns))) { range in
      for row in range { body(row) }
    }
  }
}

/// torch.lerp's two formulas, which meet the far end exactly.
@inline(__always)
func interpolated(_ y: Lanes, _ x: Lanes, _ weight: Float) -> Lanes {
  let difference = x - y
  return weight.magnitude < 0.5
    ? fma(difference, Lanes(repeating: weight), y)
    : fma(negated(difference), Lanes(repeating: 1 - weight), x)
}
