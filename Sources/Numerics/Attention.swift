/// Queries that follow one another in one document, and the keys and values they may see.
package struct AttentionSegment: Sendable {
  /// Rows of the query matrix; consecutive positions.
  package var queries: Range<Int>
  /// Position in its document of the first query: 0 in training, the cache's length when decoding.
  package var firstPosition: Int
  /// [positions, keyHeads · headSize], from the document's first position to at least the last query's.
  package var keys: Matrix
  package var values: Matrix

  package init(queries: Range<Int>, firstPosition: Int, keys: Matrix, values: Matrix) {
    self.queries = queries
    self.firstPosition = firstPosition
    self.keys = keys
    self.values = values
  }
}

/// Causal attention with grouped key heads: query head h reads key head h / (queryHeads / keyHeads).
///
/// A query's result is a fixed-order function of its own document's keys up to its position: the
/// same bits alone or in a batch, in a packed row, from a cache or in a full pass.
package struct Attention: Sendable {
  package var queryHeads: Int
  package var keyHeads: Int
  package var headSize: Int
  /// Factor on q · k, usually headSize^-½.
  package var scale: Float
  /// Gemma's cap on scores: `cap · tanh(score / cap)`.
  package var softCap: Float?
  /// Key j is visible to query i iff i − window < j ≤ i.
  package var window: Int?

  package init(
    queryHeads: Int, keyHeads: Int, headSize: Int, scale: Float, softCap: Float? = nil,
    window: Int? = nil
  ) {
    self.queryHeads = queryHeads
    self.keyHeads = keyHeads
    self.headSize = headSize
    self.scale = scale
    self.softCap = softCap
    self.window = window
  }

  /// queries and out are [rows, queryHeads · headSize]; logSums, [rows · queryHeads], gets the log of
  /// each row's sum of exponentials when given (training).
  package func forward(
    _ queries: Matrix, segments: [AttentionSegment], into out: Matrix, logSums: Floats? = nil,
    on compute: Compute
  ) { fatalError("to be built") }

  /// Training's form: `documents` are the row ranges of the packed documents, which do not see one another.
  package func forward(
    _ queries: Matrix, keys: Matrix, values: Matrix, documents: [Range<Int>], into out: Matrix,
    logSums: Floats, on compute: Compute
  ) { fatalError("to be built") }

  /// Replaces the gradients of queries, keys and values in the documents' rows.
  package func backward(
    _ dOut: Matrix, queries: Matrix, keys: Matrix, values: Matrix, out: Matrix, logSums: Floats,
    documents: [Range<Int>], queryGradient: Matrix, keyGradient: Matrix, valueGradient: Matrix,
    on compute: Compute
  ) { fatalError("to be built") }
}
