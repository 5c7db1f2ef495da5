/// Rotary position embedding (Su et al. 2021) in Hugging Face's pairing: element i of a head turns
/// with element i + d/2.
package struct RotaryTable: Sendable {
  package let positions: Int
  package let headSize: Int
  /// Per position: headSize/2 cosines, then as many sines.
  private let table: Floats

  /// cos and sin of `position · frequencies[i]`, times `scale` (YaRN), for every position;
  /// `frequencies` has headSize / 2 entries in radians per position. Angles are computed in double.
  package init(positions: Int, frequencies: [Double], scale: Double = 1) {
    self.positions = positions
    headSize = frequencies.count * 2
    table = Floats(count: positions * headSize)
    let half = frequencies.count
    for position in 0..<positions {
      for i in 0..<half {
        let angle = Double(position) * frequencies[i]
        table.base[position * headSize + i] = Float(Elementary.cos(angle) * scale)
        table.base[position * headSize + half + i] = Float(Elementary.sin(angle) * scale)
      }
    }
  }

  /// Turns every head of every row in place. x is [rows, heads · headSize]; `rowPositions[r]` is row r's
  /// position. `inverse` turns back (exactly the gradient, also under a scale).
  package func rotate(
    _ x: Matrix, rowPositions: [Int32], inverse: Bool = false, on compute: Compute
  ) {
    precondition(
      x.columns % headSize == 0 && rowPositions.count == x.rows,
      "rotation of shapes that do not fit")
    precondition(
      rowPositions.allSatisfy { $0 >= 0 && $0 < positions }, "position beyond the rotary table")
    compute.timed(.rotation) {
      compute.eachRow(x.rows, x.columns) { row in
        let cosines = table.base + Int(rowPositions[row]) * headSize
        var head = x.floats.base + row * x.stride
        for _ in 0..<x.columns / headSize {
          rotate(head, cosines, inverse ? -1 : 1)
          head += headSize
        }
      }
    }
  }

  private func rotate(_ head: Pointer, _ cosines: Pointer, _ sign: Float) {
    let half = headSize / 2
    eachLanes(0..<half) { i, n in
      let a = load(head + i, n)
      let b = load(head + (half + i), n)
      let c = load(cosines + i, n)
      let s = load(cosines + (half + i), n) * sign
      store(a * c - b * s, head + i, n)
      store(b * c + a * s, head + (half + i), n)
    }
  }
}
