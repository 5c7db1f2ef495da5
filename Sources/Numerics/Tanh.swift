extension Compute {
  /// x ← tanh x
  package func tanh(_ x: Matrix) {
    eachRow(x.rows, x.columns) { row in
      let p = x.floats.base + row * x.stride
      eachLanes(0..<x.columns) { i, n in store(laneTanh(load(p + i, n)), p + i, n) }
    }
  }

  /// dy ← dy · (1 − y²), given y = tanh x
  package func tanhBackward(_ dy: Matrix, y: Matrix) {
    precondition(dy.rows == y.rows && dy.columns == y.columns, "tanh of shapes that do not fit")
    eachRow(y.rows, y.columns) { row in
      let p = y.floats.base + row * y.stride
      let q = dy.floats.base + row * dy.stride
      eachLanes(0..<y.columns) { i, n in
        let value = load(p + i, n)
        store(load(q + i, n) * (1 - value * value), q + i, n)
      }
    }
  }
}
