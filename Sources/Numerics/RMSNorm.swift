/// Root-mean-square normalisation (Zhang and Sennrich 2019): `y = x / √(mean x² + ε) · (offset + w)`.
package struct RMSNorm: Sendable {
  package var epsilon: Float
  /// 0 for Llama and Qwen, 1 for Gemma, whose weights start at 0.
  package var offset: Float

  package init(epsilon: Float, offset: Float = 0) {
    self.epsilon = epsilon
    self.offset = offset
  }

  /// x and y are [rows, d] and may be the same memory, weight is [d]; keeps 1/√(mean x² + ε) of each
  /// row for `backward`.
  package func forward(
    _ x: Matrix, weight: Floats, into y: Matrix, inverseRoots: Floats, on compute: Compute
  ) {
    check(x, y, weight, inverseRoots)
    compute.timed(.norms) { normalise(x, weight, y, inverseRoots, compute) }
  }

  private func normalise(
    _ x: Matrix, _ weight: Floats, _ y: Matrix, _ inverseRoots: Floats, _ compute: Compute
  ) {
    compute.eachRow(x.rows, x.columns) { row in
      let p = x.floats.base + row * x.stride
      let q = y.floats.base + row * y.stride
      let mean = laneDot(p, p, x.columns) / Float(x.columns)
      let inverse = 1 / (mean + epsilon).squareRoot()
      inverseRoots.base[row] = inverse
      let w = weight.base
      eachLanes(0..<x.columns) { i, n in
        store(load(p + i, n) * inverse * (load(w + i, n) + offset), q + i, n)
      }
    }
  }

  /// dx is replaced, or added to when `adding`; the weight's gradient is always added to: one chain
  /// of fused multiply-adds, rows ascending. dx may be the memory of dy unless `adding`.
  package func backward(
    _ dy: Matrix, x: Matrix, weight: Floats, inverseRoots: Floats, into dx: Matrix,
    adding: Bool = false, weightGradient: Floats, on compute: Compute
  ) {
    check(x, dy, weight, inverseRoots)
    check(x, dx, weightGradient, inverseRoots)
    compute.timed(.norms) {
      compute.split(x.columns, grain: 64) { columns in
        addWeightGradient(dy, x, inverseRoots, columns, to: weightGradient)
      }
      compute.eachRow(x.rows, x.columns) { row in
        inputGradient(dy, x, weight, inverseRoots, row, into: dx, adding: adding)
      }
    }
  }

  /// Thirty-two columns at a time stay in registers while the rows go by.
  private func addWeightGradient(
    _ dy: Matrix, _ x: Matrix, _ inverseRoots: Floats, _ columns: Range<Int>, to sums: Floats
  ) {
    let (g, p) = (dy.floats.base, x.floats.base)
    var column = columns.lowerBound
    while column + 32 <= columns.upperBound {
      addFourLanes(
        x.rows, g + column, dy.stride, p + column, x.stride, inverseRoots.base, sums.base + column)
      column += 32
    }
    if column >= columns.upperBound { return }
    for row in 0..<x.rows {
      let inverse = inverseRoots.base[row]
      let (g, p, s) = (g + row * dy.stride, p + row * x.stride, sums.base)
      eachLanes(column..<columns.upperBound) { i, n in
        store(fma(load(g + i, n), load(p + i, n) * inverse, load(s + i, n)), s + i, n)
      }
    }
  }

  /// With h = x / rms and g = dy · (offset + w): dx = (g − h · mean(g · h)) / rms.
  private func inputGradient(
    _ dy: Matrix, _ x: Matrix, _ weight: Floats, _ inverseRoots: Floats, _ row: Int,
    into dx: Matrix, adding: Bool
  ) {
    let p = x.floats.base + row * x.stride
    let g = dy.floats.base + row * dy.stride
    let q = dx.floats.base + row * dx.stride
    let w = weight.base
    let (inverse, offset) = (inverseRoots.base[row], offset)
    let mean = scaledDot(g, w, offset, p, x.columns) * inverse / Float(x.columns)
    eachLanes(0..<x.columns) { i, n in
      let scaled = load(g + i, n) * (load(w + i, n) + offset)
      let gradient = (scaled - load(p + i, n) * inverse * mean) * inverse
      store(adding ? load(q + i, n) + gradient : gradient, q + i, n)
    }
  }

  private func check(_ x: Matrix, _ y: Matrix, _ weight: Floats, _ inverseRoots: Floats) {
    precondition(
      x.rows == y.rows && x.columns == y.columns && weight.count == x.columns
        && inverseRoots.count >= x.rows, "normalisation of shapes that do not fit")
  }
}

/// s[i] ← fma(g[r][i], p[r][i] · inverse[r], s[i]) for 32 columns, rows ascending.
@inline(never)
private func addFourLanes(
  _ rows: Int, _ g: ConstPointer, _ gStride: Int, _ p: ConstPointer, _ pStride: Int,
  _ inverses: ConstPointer, _ s: Pointer
) {
  var (a, b, c, d) = (load(s), load(s + 8), load(s + 16), load(s + 24))
  var (g, p) = (g, p)
  for row in 0..<rows {
    let inverse = Lanes(repeating: inverses[row])
    a = fma(load(g), load(p) * inverse, a)
    b = fma(load(g + 8), load(p + 8) * inverse, b)
    c = fma(load(g + 16), load(p + 16) * inverse, c)
    d = fma(load(g + 24), load(p + 24) * inverse, d)
    g += gStride
    p += pStride
  }
  store(a, s)
  store(b, s + 8)
  store(c, s + 16)
  store(d, s + 24)
}

/// Σ (g · (w + offset)) · p over `count` floats with the shape of `LaneSums`.
@inline(never)
private func scaledDot(
  _ g: ConstPointer, _ w: ConstPointer, _ offset: Float, _ p: ConstPointer, _ count: Int
) -> Float {
  laneSums(count) { i, n, sum in
    fma(load(g + i, n) * (load(w + i, n) + offset), load(p + i, n), sum)
  }
}
