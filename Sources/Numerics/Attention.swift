/// Queries that follow one another in one document, and the keys and values they may see.
package struct AttentionSegment: Sendable {
  /// Rows of the query matrix; consecutive positions.
  package var queries: Range<Int>
  /// Position in its document of the first query: 0 in training, the cache's length when decoding.
  package var firstPosition: Int
  /// From the document's first position to at least the last query's.
  package var source: KeyValueSource

  package init(queries: Range<Int>, firstPosition: Int, _ source: KeyValueSource) {
    self.queries = queries
    self.firstPosition = firstPosition
    self.source = source
  }

  package init(queries: Range<Int>, firstPosition: Int, keys: Matrix, values: Matrix) {
    self.init(queries: queries, firstPosition: firstPosition, .rows(keys: keys, values: values))
  }
}

/// Where the keys and values of a document lie.
package enum KeyValueSource: Sendable {
  /// A position a row, [positions, keyHeads · headSize] each.
  case rows(keys: Matrix, values: Matrix)
  /// In the kernel's order: nothing needs packing, however often they are read.
  case panels(KeyValuePanels)
  /// So too, but the first positions lie in whole panels that several documents share. For single queries:
  /// neighbours that share a prefix read it together.
  case forked(ForkedPanels)
}

extension KeyValueSource {
  fileprivate var isInPanels: Bool {
    if case .rows = self { false } else { true }
  }
}

extension AttentionSegment {
  /// Whether both are forks of one document that have come equally far.
  fileprivate func sharesPrefix(with other: AttentionSegment) -> Bool {
    guard case .forked(let mine) = source, case .forked(let theirs) = other.source else {
      return false
    }
    return firstPosition == other.firstPosition && mine.sharesPrefix(with: theirs)
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
  /// Factor on q · k, above 0; usually headSize^-½.
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

  /// queries and out are [rows, queryHeads · headSize] and must not overlap; logSums, [rows · queryHeads],
  /// gets the log of each row's sum of exponentials when given (training).
  package func forward(
    _ queries: Matrix, segments: [AttentionSegment], into out: Matrix, logSums: Floats? = nil,
    on compute: Compute
  ) {
    check(queries, out, logSums)
    for segment in segments { check(segment, queries) }
    let tasks = tasks(segments)
    compute.timed(
      .attention,
      operations: segments.reduce(0) {
        $0 + 4 * visiblePairs($1.firstPosition..<$1.firstPosition + $1.queries.count)
      }
    ) {
      // Tokens being decoded are many and short: a thread takes several at a time.
      let run = max(1, tasks.count / (64 * compute.threads))
      compute.share((tasks.count + run - 1) / run) { index in
        for task in tasks[index * run..<min(tasks.count, (index + 1) * run)] {
          if let keyHead = task.keyHead {
            let segment = segments[task.segment]
            AttentionForward(self, segment, task.queries, keyHead, queries, out, logSums).run()
          } else {
            let together = segments[task.segment..<task.segment + task.queries.count]
            AttentionDecoding(self, together, queries, out, logSums).run()
          }
        }
      }
    }
  }

  /// Training's form: `documents` are the row ranges of the packed documents, which do not see one another.
  package func forward(
    _ queries: Matrix, keys: Matrix, values: Matrix, documents: [Range<Int>], into out: Matrix,
    logSums: Floats, on compute: Compute
  ) {
    let segments = documents.map {
      AttentionSegment(
        queries: $0, firstPosition: 0, keys: keys[rows: $0], values: values[rows: $0])
    }
    forward(queries, segments: segments, into: out, logSums: logSums, on: compute)
  }

  /// Replaces the gradients of queries, keys and values in the documents' rows. Sums run over the
  /// heads of a group, their queries within, or over keys, ascending.
  package func backward(
    _ dOut: Matrix, queries: Matrix, keys: Matrix, values: Matrix, out: Matrix, logSums: Floats,
    documents: [Range<Int>], queryGradient: Matrix, keyGradient: Matrix, valueGradient: Matrix,
    on compute: Compute
  ) {
    for matrix in [dOut, queryGradient, out] { check(queries, matrix, logSums) }
    for matrix in [values, keyGradient, valueGradient, keys] {
      precondition(
        matrix.rows == queries.rows && matrix.columns == keyHeads * headSize,
        "attention of shapes that do not fit")
    }
    compute.timed(
      .attention, operations: documents.reduce(0) { $0 + 10 * visiblePairs(0..<$1.count) }
    ) {
      compute.share(documents.count * keyHeads) { index in
        AttentionBackward(
          rule: self, document: documents[index / keyHeads], keyHead: index % keyHeads, dOut: dOut,
          queries: queries, keys: keys, values: values, out: out, logSums: logSums,
          queryGradient: queryGradient, keyGradient: keyGradient, valueGradient: valueGradient
        ).run()
      }
    }
  }

  /// Pairs of a query at these positions and a key that it sees, of all heads, times the head's size.
  private func visiblePairs(_ positions: Range<Int>) -> Double {
    let pairs = positions.reduce(0) { $0 + $1 + 1 - firstVisible($1) }
    return Double(pairs) * Double(queryHeads * headSize)
  }

  /// Query heads that share a key head.
  var group: Int { queryHeads / keyHeads }

  /// The first key that the query at `position` sees.
  @inline(__always)
  func firstVisible(_ position: Int) -> Int {
    guard let window else { return 0 }
    return max(0, position - window + 1)
  }

  /// The last query that sees a key.
  @inline(__always)
  func lastSeeing(_ key: Int) -> Int {
    guard let window else { return .max - 1 }
    return key + window - 1
  }

  /// Single queries with all their heads, neighbours that share a prefix together; other segments by key
  /// head, cut so that long documents occupy all threads.
  private func tasks(_ segments: [AttentionSegment]) -> [AttentionTask] {
    var tasks: [AttentionTask] = []
    tasks.reserveCapacity(segments.count)
    // Few enough for a row of scores of each of their heads to stay in a core's cache.
    let most = max(1, 24 / group)
    for (index, segment) in segments.enumerated() {
      let count = segment.queries.count
      if count == 1, segment.source.isInPanels {
        if let last = tasks.last, last.keyHead == nil, last.queries.count < most,
          segments[last.segment].sharesPrefix(with: segment)
        {
          tasks[tasks.count - 1].queries = 0..<last.queries.count + 1
        } else {
          tasks.append(AttentionTask(segment: index, queries: 0..<1, keyHead: nil))
        }
        continue
      }
      for head in 0..<keyHeads {
        for first in stride(from: 0, to: count, by: 512) {
          let queries = first..<min(count, first + 512)
          tasks.append(AttentionTask(segment: index, queries: queries, keyHead: head))
        }
      }
    }
    return tasks
  }

  private func check(_ queries: Matrix, _ out: Matrix, _ logSums: Floats?) {
    precondition(
      keyHeads > 0 && queryHeads % keyHeads == 0 && queries.columns == queryHeads * headSize
        && out.columns == queries.columns && out.rows == queries.rows
        && logSums?.count ?? .max >= queries.rows * queryHeads && window ?? 1 > 0 && scale > 0,
      "attention of shapes that do not fit")
  }

  private func check(_ segment: AttentionSegment, _ queries: Matrix) {
    let end = segment.firstPosition + segment.queries.count
    let fits =
      switch segment.source {
      case .rows(let keys, let values):
        keys.rows >= end && values.rows >= end && keys.columns == keyHeads * headSize
          && values.columns == keyHeads * headSize
      case .panels(let panels): fit(panels, end)
      case .forked(let forked):
        segment.queries.count == 1 && fit(forked.prefix, forked.length)
          && fit(forked.own, end - forked.length)
      }
    precondition(
      fits && segment.firstPosition >= 0 && segment.queries.lowerBound >= 0
        && segment.queries.upperBound <= queries.rows,
      "attention segment of shapes that do not fit")
  }

  private func fit(_ panels: KeyValuePanels, _ positions: Int) -> Bool {
    panels.capacity >= positions && panels.heads == keyHeads && panels.headSize == headSize
  }
}

/// Some queries of a segment, counted from its first, and the key head they all read; nil for all heads
/// of a single query in each of as many segments from this one on.
private struct AttentionTask: Sendable {
  let segment: Int
  var queries: Range<Int>
  let keyHead: Int?
}
