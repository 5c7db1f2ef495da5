/// Rows of a table by token id.
extension Compute {
  /// out[r] = table[ids[r]] · scale. table is [vocabulary, d], out is [ids.count, d].
  package func gatherRows(_ ids: [Int32], of table: Matrix, into out: Matrix, scale: Float = 1) {
    fatalError("to be built")
  }

  /// tableGradient[ids[r]] += gradient[r] · scale, rows ascending, whatever the thread count.
  package func scatterRows(
    _ gradient: Matrix, by ids: [Int32], addingTo tableGradient: Matrix, scale: Float = 1
  ) { fatalError("to be built") }

  /// sums[c] += the column's values, one add per row, rows ascending: a bias's gradient.
  package func addColumnSums(of x: Matrix, to sums: Floats) { fatalError("to be built") }
}
