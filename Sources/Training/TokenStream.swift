package import LanguageModel

/// Where documents lie in tokens that are packed into rows of one length. What no document holds is
/// padding, which nothing sees and which predicts nothing.
package struct PackedRows: Hashable, Sendable {
  /// Tokens per row.
  package var length: Int
  /// How many tokens of each document there are, from its start on.
  package var documentLengths: [Int]
  /// Whether a token sees all before it in its row, or its document only.
  package var seesRows: Bool

  package init(length: Int, documentLengths: [Int], seesRows: Bool) {
    self.length = length
    self.documentLengths = documentLengths
    self.seesRows = seesRows
  }
}

/// A corpus as token ids, one document after the other or packed into rows.
package struct TokenStream: Sendable {
  package let tokens: [Int32]
  /// Where each document starts; ascending.
  package let documentStarts: [Int]
  /// Nil when documents simply follow each other.
  package let rows: PackedRows?

  /// Refuses offsets that do not ascend, lengths that reach into the next document, and ids beyond a
  /// vocabulary.
  package init(
    tokens: [Int32], documentStarts: [Int], rows: PackedRows? = nil, vocabularySize: Int
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
    if let rows { try Self.check(rows, tokens.count, documentStarts) }
    self.tokens = tokens
    self.rows = rows
    // An end marker or an empty document at the end starts nothing.
    self.documentStarts = documentStarts.filter { $0 < tokens.count }
  }

  private static func check(
    _ rows: PackedRows, _ count: Int, _ starts: [Int]
  ) throws(TrainingError) {
    guard rows.length > 0, count % rows.length == 0, rows.documentLengths.count == starts.count
    else {
      throw TrainingError(
        "\(count) packed tokens and \(rows.documentLengths.count) lengths of \(starts.count) "
          + "documents do not make rows of \(rows.length)")
    }
    for (index, length) in rows.documentLengths.enumerated() {
      let end = index + 1 < starts.count ? starts[index + 1] : count
      guard length >= 0, length <= end - starts[index] else {
        throw TrainingError(
          "document \(index) of the packed tokens has length \(length), beyond the next one's start"
        )
      }
    }
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

  /// A range cut where documents start; without padding.
  package func pieces(of range: Range<Int>) -> [Range<Int>] {
    if let rows { return pieces(of: range, in: rows) }
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

  private func pieces(of range: Range<Int>, in rows: PackedRows) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    for document in max(0, document(at: range.lowerBound))..<documentStarts.count {
      let start = documentStarts[document]
      if start >= range.upperBound { break }
      let piece = (start..<start + rows.documentLengths[document]).clamped(to: range)
      if !piece.isEmpty { pieces.append(piece) }
    }
    return pieces
  }

  /// Tokens that are no padding.
  var documentTokens: [ArraySlice<Int32>] {
    rows == nil ? [tokens[...]] : pieces(of: tokens.indices).map { tokens[$0] }
  }

  /// A batch of some ranges of the stream, one sequence each. A token predicts the next one of its
  /// document, which may lie just beyond its range; the last token of a document predicts nothing.
  /// The last token of a packed row predicts nothing either.
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
      if let rows = stream.rows { return addPacked(range, of: stream, rows) }
      for piece in stream.pieces(of: range) {
        documents.append(inputs.count..<inputs.count + piece.count)
        inputs += stream.tokens[piece]
        targets += stream.tokens[piece.dropFirst()]
        targets.append(stream.target(after: piece.upperBound - 1))
      }
      sequences.append(first..<inputs.count)
    }

    /// Padding sees itself alone.
    private mutating func addPacked(
      _ range: Range<Int>, of stream: TokenStream, _ rows: PackedRows
    ) {
      let first = inputs.count
      var pieces = stream.pieces(of: range)
      if rows.seesRows, let start = pieces.first?.lowerBound, let end = pieces.last?.upperBound {
        pieces = [start..<end]
      }
      var next = range.lowerBound
      for piece in pieces + [range.upperBound..<range.upperBound] {
        for padding in next..<piece.lowerBound { add(tokens: stream.tokens[padding...padding]) }
        if !piece.isEmpty { add(tokens: stream.tokens[piece]) }
        next = piece.upperBound
      }
      sequences.append(first..<inputs.count)
    }

    /// One document, whose last token predicts nothing.
    private mutating func add(tokens: ArraySlice<Int32>) {
      documents.append(inputs.count..<inputs.count + tokens.count)
      inputs += tokens
      targets += tokens.dropFirst() + [-1]
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
