package import LanguageModel

/// What one update sees: tokens, and what an objective must know of their rows beside them.
package struct Batch: Hashable, Sendable {
  package var tokens: TokenBatch
  /// One value per row, by name, such as a reference model's log-probabilities or advantages.
  package var columns: [String: [Float]]
  /// Which items of the source it is made of, and how many updates came before: what an objective goes by
  /// that samples for itself. Empty and 0 where nobody asks.
  package var items: [Int]
  package var step: Int

  package init(
    _ tokens: TokenBatch, columns: [String: [Float]] = [:], items: [Int] = [], step: Int = 0
  ) {
    precondition(
      columns.values.allSatisfy { $0.count == tokens.tokens.count },
      "a batch's columns have a value per row")
    self.tokens = tokens
    self.columns = columns
    self.items = items
    self.step = step
  }

  /// Parts of at most `limit` rows (or one sequence, if that is longer), in order.
  package func parts(rows limit: Int) -> [Batch] {
    var start = 0
    return tokens.parts(rows: limit).map { part in
      let rows = start..<start + part.tokens.count
      start = rows.upperBound
      return Batch(part, columns: columns.mapValues { Array($0[rows]) })
    }
  }
}

/// Where training gets its batches from.
package protocol BatchSource: Sendable {
  /// The batch of the update that follows `step` earlier ones: a function of the source and `step`
  /// alone, so that a run may go on anywhere and nothing need be logged.
  func batch(after step: Int) throws -> Batch
  /// What the batches of the first `steps` updates are made of, but for the seed; two sources that say
  /// the same may share a training state of that step. Empty when there is nothing to hold to.
  func description(of steps: Int) -> String
}

extension BatchSource {
  package func description(of steps: Int) -> String { "" }
}
