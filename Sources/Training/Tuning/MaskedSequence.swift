package import LanguageModel

/// A conversation or text as tokens, and which of them training acts on.
package struct MaskedSequence: Hashable, Sendable {
  package var tokens: [Int32]
  /// Whether each token is to be predicted. The first never is: nothing comes before it.
  package var isTarget: [Bool]

  package init(tokens: [Int32], isTarget: [Bool]) {
    precondition(tokens.count == isTarget.count, "a mask has a value per token")
    self.tokens = tokens
    self.isTarget = isTarget
    if !isTarget.isEmpty { self.isTarget[0] = false }
  }

  /// A prompt and a response, all of which is to be predicted.
  package init(prompt: [Int32], response: [Int32]) {
    self.init(
      tokens: prompt + response,
      isTarget: prompt.map { _ in false } + response.map { _ in true })
  }

  package var targetCount: Int { isTarget.count { $0 } }

  /// The first `length` tokens (TRL's `keep_start`).
  package func prefix(_ length: Int) -> MaskedSequence {
    MaskedSequence(tokens: Array(tokens.prefix(length)), isTarget: Array(isTarget.prefix(length)))
  }
}

extension TokenBatch {
  /// Sequences laid one after the other, each a document of its own. A row predicts the next token where
  /// that is a target.
  ///
  /// - Parameter groups: how many sequences in turn a micro-batch may not cut apart, such as the two
  ///   of a pair; one each when left out.
  package init(_ sequences: [MaskedSequence], groups: [Int]? = nil) {
    var (tokens, targets): ([Int32], [Int32]) = ([], [])
    var documents: [Range<Int>] = []
    for sequence in sequences where !sequence.tokens.isEmpty {
      documents.append(tokens.count..<tokens.count + sequence.tokens.count)
      tokens += sequence.tokens
      targets += zip(sequence.tokens, sequence.isTarget).dropFirst().map { $1 ? $0 : -1 } + [-1]
    }
    guard let groups else {
      self.init(tokens: tokens, targets: targets, documents: documents)
      return
    }
    precondition(
      groups.reduce(0, +) == documents.count, "groups are of whole, non-empty sequences")
    var (units, next): ([Range<Int>], Int) = ([], 0)
    for group in groups {
      units.append(documents[next].lowerBound..<documents[next + group - 1].upperBound)
      next += group
    }
    self.init(tokens: tokens, targets: targets, documents: documents, sequences: units)
  }

  /// A value per document, given to each of its target rows; 0 for other rows.
  package func spread(_ values: [Double]) -> [Float] {
    var rows = [Float](repeating: 0, count: tokens.count)
    for (document, value) in zip(documents, values) {
      for row in document where targets[row] >= 0 { rows[row] = Float(value) }
    }
    return rows
  }
}
