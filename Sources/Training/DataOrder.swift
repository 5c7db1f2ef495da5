import Numerics

/// Which tokens a step sees: a function of (seed, step), so that nothing need be logged to know it.
/// The stream is cut into rows of `sequence` tokens; every epoch is a permutation of all rows.
package struct DataOrder: Sendable {
  package let rows: Int
  /// Sequences per step.
  package let batch: Int
  /// Tokens per sequence.
  package let sequence: Int
  private let stream: RandomStream

  /// Refuses a stream with less than one row.
  package init(
    _ tokens: TokenStream, batch: Int, sequence: Int, seed: UInt64
  ) throws(TrainingError) {
    rows = tokens.rows(of: sequence)
    guard rows > 0 else {
      throw TrainingError(
        "there are \(tokens.tokens.count) training tokens, fewer than one sequence of \(sequence); "
          + "give more text or a shorter sequence")
    }
    self.batch = batch
    self.sequence = sequence
    stream = RandomStream(seed: seed, purpose: "data order")
  }

  /// Token ranges of the update that follows `step` earlier ones.
  package func ranges(after step: Int) -> [Range<Int>] {
    (step * batch..<(step + 1) * batch).map { index in
      let epoch = stream.substream(UInt64(index / rows))
      let row = Int(epoch.permuted(UInt64(index % rows), of: UInt64(rows)))
      return row * sequence..<(row + 1) * sequence
    }
  }
}
