/// Rows of a table by token id.
extension Compute {
  /// out[r] = table[ids[r]] · scale. table is [vocabulary, d], out is [ids.count, d].
  package func gatherRows(_ ids: [Int32], of table: Matrix, into out: Matrix, scale: Float = 1) {
    check(ids, table, out)
    eachRow(ids.count, table.columns) { row in
      let p = table.floats.base + Int(ids[row]) * table.stride
      let q = out.floats.base + row * out.stride
      eachLanes(0..<table.columns) { i, n in store(load(p + i, n) * scale, q + i, n) }
    }
  }

  /// tableGradient[ids[r]] += gradient[r] · scale, rows ascending, whatever the thread count: each
  /// token's row of the table has one owner.
  package func scatterRows(
    _ gradient: Matrix, by ids: [Int32], addingTo tableGradient: Matrix, scale: Float = 1
  ) {
    check(ids, tableGradient, gradient)
    // Sorted by token, then by row.
    let order = ids.indices.map { UInt64(ids[$0]) << 32 | UInt64($0) }.sorted()
    let starts = order.indices.filter { $0 == 0 || order[$0] >> 32 != order[$0 - 1] >> 32 }
    eachRow(starts.count, gradient.columns) { group in
      let end = group + 1 < starts.count ? starts[group + 1] : order.count
      for entry in order[starts[group]..<end] {
        let p = gradient.floats.base + Int(entry & 0xFFFF_FFFF) * gradient.stride
        let q = tableGradient.floats.base + Int(entry >> 32) * tableGradient.stride
        eachLanes(0..<gradient.columns) { i, n in
          store(fma(load(p + i, n), Lanes(repeating: scale), load(q + i, n)), q + i, n)
        }
      }
    }
  }

  private func check(_ ids: [Int32], _ table: Matrix, _ rows: Matrix) {
    precondition(
      rows.rows == ids.count && rows.columns == table.columns, "embedding of shapes that do not fit"
    )
    precondition(ids.allSatisfy { $0 >= 0 && $0 < table.rows }, "token id beyond the table")
  }

  /// Every row of y ← that row + x: a bias. x is [y.columns].
  package func add(row x: Floats, toRowsOf y: Matrix) {
    precondition(x.count == y.columns, "bias of a shape that does not fit")
    eachRow(y.rows, y.columns) { row in
      let (p, q) = (x.base, y.floats.base + row * y.stride)
      eachLanes(0..<y.columns) { i, n in store(load(q + i, n) + load(p + i, n), q + i, n) }
    }
  }

  /// sums[c] += the column's values, one add per row, rows ascending: a bias's gradient.
  package func addColumnSums(of x: Matrix, to sums: Floats) {
    precondition(sums.count == x.columns, "column sums of shapes that do not fit")
    split(x.columns, grain: 64) { columns in
      for row in 0..<x.rows {
        let p = x.floats.base + row * x.stride
        let s = sums.base
        eachLanes(columns) { i, n in store(load(s + i, n) + load(p + i, n), s + i, n) }
      }
    }
  }
}
