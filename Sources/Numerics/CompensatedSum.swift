/// Sums over many steps that lose nothing that a float32 would.
extension Compute {
  /// Adds x to the sum that `high` and `low` hold together: Knuth's exact two-sum of `high` and x,
  /// whose rounding error goes to `low`.
  package func add(_ x: Floats, high: Floats, low: Floats) {
    precondition(x.count == high.count && x.count == low.count, "sum of different sizes")
    split(x.count, grain: 8192) { range in
      let (p, q, r) = (x.base, high.base, low.base)
      eachLanes(range) { i, n in
        let (a, b) = (load(q + i, n), load(p + i, n))
        let sum = a + b
        let part = sum - a
        let error = (a - (sum - part)) + (b - part)
        store(sum, q + i, n)
        store(load(r + i, n) + error, r + i, n)
      }
    }
  }

  /// y ← (high + low) / count, computed in double and rounded once.
  package func divide(high: Floats, low: Floats, by count: Int, into y: Floats) {
    precondition(y.count == high.count && y.count == low.count, "quotient of different sizes")
    split(y.count, grain: 8192) { range in
      for i in range {
        y.base[i] = Float((Double(high.base[i]) + Double(low.base[i])) / Double(count))
      }
    }
  }
}
