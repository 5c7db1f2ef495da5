package import LanguageModel

/// A corpus as token ids, one document after the other.
package struct TokenStream: Sendable {
  package let tokens: [Int32]
  /// Where each document starts; ascending.
  package let documentStarts: [Int]

  /// Refuses offsets that do not ascend, and ids beyond a vocabulary.
  package init(
    tokens: [Int32], documentStarts: [Int], vocabularySize: Int
  ) throws(TrainingError) {
    for (index, token) in tokens.enumerated() where token < 0 || token >= vocabularySize {
      throw TrainingError(
        "token \(index) has id \(token), beyond the vocabulary of \(vocabularySize); tokenize the "
          + "text with the tokenizer that is connected here")
    }
    for (index, start) in documentStarts.enumerated() {
      guard start >= (index == 0 ? 0 : documentStarts[index - 1]), start <= tokens.count else {
        throw TrainingError("document \(index) starts at token \(start), out of order")
      }
    }
    self.tokens = tokens
    // An end marker or an empty document at the end starts nothing.
    self.documentStarts = documentStarts.filter { $0 < tokens.count }
  }

  /// How many whole rows of `length` tokens the stream has.
  package func rows(of length: Int) -> Int { tokens.count / length }

  /// Index of the document that holds a token.
  package func document(at token: Int) -> Int { firstStart(after: token) - 1 }

  /// Index of the first document that starts after a token.
  private func firstStart(after token: Int) -> Int {
    var (low, high) = (0, documentStarts.count)
    while low < high {
      let middle = (low + high) / 2
      if documentStarts[middle] <= token { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// A range cut where documents start.
  package func pieces(of range: Range<Int>) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = range.lowerBound
    for boundary in documentStarts[firstStart(after: start)...] {
      if boundary >= range.upperBound { break }
      if boundary > start { pieces.append(start..<boundary) }
      start = boundary
    }
    if start < range.upperBound { pieces.append(start..<range.upperBound) }
    return pieces
  }

  /// A batch of some ranges of the stream, one sequence each. A token predicts the next one of its
  /// document, which may lie just beyond its range; the last token of a document predicts nothing.
  package func batch(_ ranges: [Range<Int>]) -> TokenBatch {
    var builder = BatchBuilder()
    for range in ranges { builder.add(range, of: self) }
    return builder.batch
  }

  /// A batch that grows by sequences, of one stream or of several.
  struct BatchBuilder {
    private var (inputs, targets): ([Int32], [Int32]) = ([], [])
    private var (documents, sequences): ([Range<Int>], [Range<Int>]) = ([], [])

    mutating func add(_ range: Range<Int>, of stream: TokenStream) {
      let first = inputs.count
      for piece in stream.pieces(of: range) {
        documents.append(inputs.count..<inputs.count + piece.count)
        inputs += stream.tokens[piece]
        targets += stream.tokens[piece.dropFirst()]
        targets.append(stream.target(after: piece.upperBound - 1))
      }
      sequences.append(first..<inputs.count)
    }

    var batch: TokenBatch {
      TokenBatch(tokens: inputs, targets: targets, documents: documents, sequences: sequences)
    }
  }

  /// The token after this one in its document, or −1.
  private func target(after token: Int) -> Int32 {
    let next = token + 1
    guard next < tokens.count, document(at: next) == document(at: token) else { return -1 }
    return tokens[next]
  }
}
