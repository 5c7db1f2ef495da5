import Numerics

/// Which rows of a token stream come when: a function of (seed, index), so that nothing need be logged
/// to know it. The stream is cut into rows of `sequence` tokens; every epoch is a permutation of all
/// rows.
package struct DataOrder: Sendable {
  package let rows: Int
  /// Tokens per sequence.
  package let sequence: Int
  private let stream: RandomStream

  /// Refuses a stream with less than one row.
  /// - Parameter name: of the source, which has an order of its own; `tokens` for the main one.
  package init(
    _ tokens: TokenStream, name: String = mainSource, sequence: Int, seed: UInt64
  ) throws(TrainingError) {
    rows = tokens.rows(of: sequence)
    guard rows > 0 else {
      let place = name == mainSource ? "there are" : "the source \"\(name)\" has"
      throw TrainingError(
        "\(place) \(tokens.tokens.count) training tokens, fewer than one sequence of \(sequence); "
          + "give more text or a shorter sequence")
    }
    self.sequence = sequence
    stream = RandomStream(
      seed: seed, purpose: name == mainSource ? "data order" : "data order of \(name)")
  }

  /// The tokens of row number `index` in order, over all epochs.
  package func range(at index: Int) -> Range<Int> {
    let epoch = stream.substream(UInt64(index / rows))
    let row = Int(epoch.permuted(UInt64(index % rows), of: UInt64(rows)))
    return row * sequence..<(row + 1) * sequence
  }
}

/// The source that is always there.
package let mainSource = "tokens"
