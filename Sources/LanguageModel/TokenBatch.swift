/// Sequences laid one after the other, with no padding: one row per token.
package struct TokenBatch: Hashable, Sendable {
  /// Input token of every row.
  package var tokens: [Int32]
  /// The token that each row predicts; −1 where there is none.
  package var targets: [Int32]
  /// Row ranges within which rows see one another; positions count from each range's start.
  package var documents: [Range<Int>]
  /// Row ranges that a micro-batch may not cut; each is a whole number of documents.
  package var sequences: [Range<Int>]
  /// Targets in the whole batch, of which this may be a part: what a mean divides by.
  package var targetCount: Int
  /// Sequences in the whole batch.
  package private(set) var sequenceCount: Int
  /// Where this part's first row stands in the whole batch, and how many rows that has.
  package private(set) var firstRow: Int
  package private(set) var batchRows: Int

  package init(
    tokens: [Int32], targets: [Int32], documents: [Range<Int>], sequences: [Range<Int>]? = nil,
    targetCount: Int? = nil, sequenceCount: Int? = nil, firstRow: Int = 0, batchRows: Int? = nil
  ) {
    precondition(tokens.count == targets.count, "a batch has one target per token")
    self.tokens = tokens
    self.targets = targets
    self.documents = documents
    self.sequences = sequences ?? documents
    self.targetCount = targetCount ?? targets.count { $0 >= 0 }
    self.sequenceCount = sequenceCount ?? self.sequences.count
    self.firstRow = firstRow
    self.batchRows = batchRows ?? tokens.count
  }

  /// A batch of documents, every token of which predicts the next.
  package init(documents: [[Int]]) {
    var tokens: [Int32] = []
    var targets: [Int32] = []
    var ranges: [Range<Int>] = []
    for document in documents where !document.isEmpty {
      ranges.append(tokens.count..<tokens.count + document.count)
      tokens += document.map(Int32.init)
      targets += document.dropFirst().map(Int32.init) + [-1]
    }
    self.init(tokens: tokens, targets: targets, documents: ranges)
  }

  /// Each row's position in its document.
  package var positions: [Int32] {
    var positions = [Int32](repeating: 0, count: tokens.count)
    for document in documents {
      for (position, row) in document.enumerated() { positions[row] = Int32(position) }
    }
    return positions
  }

  /// Some consecutive sequences as a batch that remembers its place in the whole batch.
  package func part(_ range: Range<Int>) -> TokenBatch {
    guard let first = sequences[range].first, let last = sequences[range].last else {
      return TokenBatch(
        tokens: [], targets: [], documents: [], targetCount: targetCount,
        sequenceCount: sequenceCount, batchRows: batchRows)
    }
    let rows = first.lowerBound..<last.upperBound
    func moved(_ ranges: some Collection<Range<Int>>) -> [Range<Int>] {
      ranges.map { $0.lowerBound - rows.lowerBound..<$0.upperBound - rows.lowerBound }
    }
    let inside = documents.filter { rows.contains($0.lowerBound) }
    return TokenBatch(
      tokens: Array(tokens[rows]), targets: Array(targets[rows]), documents: moved(inside),
      sequences: moved(sequences[range]), targetCount: targetCount,
      sequenceCount: sequenceCount, firstRow: firstRow + rows.lowerBound, batchRows: batchRows)
  }

  /// Parts of at most `rows` rows each (or one sequence, if that is longer), in order.
  package func parts(rows limit: Int) -> [TokenBatch] {
    var parts: [TokenBatch] = []
    var start = 0
    while start < sequences.count {
      var end = start + 1
      let first = sequences[start].lowerBound
      while end < sequences.count, sequences[end].upperBound - first <= limit { end += 1 }
      parts.append(part(start..<end))
      start = end
    }
    return parts
  }
}
