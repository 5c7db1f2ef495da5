/// Attention to disjoint sets of keys, put together.
extension Compute {
  /// Joins attention's result over some keys with `other`'s over others: with a and b the logs of the sums
  /// of exponentials, out ← (eᵃ · out + eᵇ · other) / (eᵃ + eᵇ), and logSums ← log (eᵃ + eᵇ). Matrices are
  /// [rows, heads · headSize], sums [rows · heads].
  package func mergeAttention(
    _ other: Matrix, logSums otherSums: Floats, headSize: Int, into out: Matrix, logSums: Floats
  ) {
    let heads = out.columns / headSize
    precondition(
      other.rows == out.rows && other.columns == out.columns && out.columns == heads * headSize
        && logSums.count >= out.rows * heads && otherSums.count >= out.rows * heads,
      "attention of shapes that do not fit")
    eachRow(out.rows, out.columns) { row in
      for head in 0..<heads {
        let place = row * heads + head
        let (a, b) = (Double(logSums.base[place]), Double(otherSums.base[place]))
        // The smaller of the two weighs e^−|a − b| of the larger.
        let both = max(a, b) + Elementary.softplus(-(a - b).magnitude)
        let (share, rest) = (Float(Elementary.exp(a - both)), Float(Elementary.exp(b - both)))
        let q = out.floats.base + (row * out.stride + head * headSize)
        let p = other.floats.base + (row * other.stride + head * headSize)
        eachLanes(0..<headSize) { i, n in
          store(fma(load(p + i, n), Lanes(repeating: rest), load(q + i, n) * share), q + i, n)
        }
        logSums.base[place] = Float(both)
      }
    }
  }
}
