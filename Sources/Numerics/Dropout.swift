/// Dropout (Srivastava et al. 2014): every element is set to 0 with probability `rate` and divided by
/// 1 − rate else. Whether an element stays depends on the stream, its row in the whole batch and its
/// column alone, so that micro-batches and threads change nothing.
package struct DropoutMask: Sendable {
  private let threshold: UInt32
  private let factor: Float
  private let stream: RandomStream
  private let firstRow: Int

  /// - Parameters:
  ///   - rate: at least 0 and below 1.
  ///   - stream: one of its own for every place in the model and every step.
  ///   - firstRow: the matrix's first row's number in the whole batch.
  package init(rate: Double, stream: RandomStream, firstRow: Int) {
    precondition(rate >= 0 && rate < 1, "a dropout rate is at least 0 and below 1")
    threshold = UInt32((rate * 0x1p32).rounded(.down))
    factor = Float(1 / (1 - rate))
    self.stream = stream
    self.firstRow = firstRow
  }

  /// Drops elements of `x` in place; applied to a gradient, the backward pass.
  package func apply(to x: Matrix, on compute: Compute) {
    let words = UInt64((x.columns + 3) / 4)
    compute.eachRow(x.rows, x.columns) { row in
      let p = x.floats.base + row * x.stride
      let first = UInt64(firstRow + row) * words
      for column in stride(from: 0, to: x.columns, by: 4) {
        let bits = stream.block(first + UInt64(column / 4))
        for i in column..<min(column + 4, x.columns) {
          p[i] = bits[i - column] < threshold ? 0 : p[i] * factor
        }
      }
    }
  }
}
