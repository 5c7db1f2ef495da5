/// Attention of single queries, all heads, to keys and values that lie in panels: the heads that share a key
/// head make a register tile, and queries that share a prefix of their documents make one over it together.
/// The chains are those of `AttentionForward`.
struct AttentionDecoding {
  private let rule: Attention
  private let queries: Matrix
  private let out: Matrix
  private let logSums: Floats?
  /// Each query's own panels.
  private let own: [KeyValuePanels]
  /// The panels that all share, and how many positions are read there.
  private let prefix: KeyValuePanels?
  private let shared: Int
  private let position: Int
  /// Of the first query; the others follow.
  private let row: Int
  /// The keys that the queries see, and the first panel's start.
  private let first: Int
  private let start: Int
  private let paddedKeys: Int
  private let paddedSize: Int

  /// The segments have a query each, at the same position and in consecutive rows; if there are several, they
  /// share a prefix.
  init(
    _ rule: Attention, _ segments: ArraySlice<AttentionSegment>, _ queries: Matrix, _ out: Matrix,
    _ logSums: Floats?
  ) {
    let leader = segments[segments.startIndex]
    if case .forked(let forked) = leader.source {
      (prefix, shared) = (forked.prefix, forked.length)
    } else {
      (prefix, shared) = (nil, 0)
    }
    own = segments.map { segment in
      switch segment.source {
      case .panels(let panels): panels
      case .forked(let forked): forked.own
      case .rows: preconditionFailure("decoding reads panels")
      }
    }
    self.rule = rule
    self.queries = queries
    self.out = out
    self.logSums = logSums
    position = leader.firstPosition
    row = leader.queries.lowerBound
    first = rule.firstVisible(position)
    start = first / tileColumns * tileColumns
    paddedKeys = rounded(position + 1 - start, to: tileColumns)
    paddedSize = rounded(rule.headSize, to: tileColumns)
  }

  func run() {
    let heads = own.count * rule.group
    Scratch.with(heads * (paddedKeys + paddedSize + rule.headSize)) { memory in
      let work = HeadRows(
        scores: memory, sums: memory + heads * paddedKeys,
        queries: memory + heads * (paddedKeys + paddedSize))
      for keyHead in 0..<rule.keyHeads { run(keyHead, work) }
    }
  }

  /// A row for each query's heads that read one key head, query by query.
  private struct HeadRows {
    let scores, sums, queries: Pointer
  }

  private func run(_ keyHead: Int, _ work: HeadRows) {
    let (group, size) = (rule.group, rule.headSize)
    for index in own.indices {
      let source = queries.floats.base + ((row + index) * queries.stride + keyHead * group * size)
      (work.queries + index * group * size).update(from: source, count: group * size)
    }
    score(keyHead, work)
    for index in own.indices {
      for head in 0..<group {
        normalise(index, keyHead * group + head, work, index * group + head)
      }
    }
    weigh(keyHead, work)
    for index in own.indices { write(index, keyHead, work) }
  }

  /// Calls `body` with each six rows, and the last ones, of a range.
  @inline(__always)
  private func tiles(_ rows: Range<Int>, _ body: (_ row: Int, _ count: Int) -> Void) {
    for row in stride(from: rows.lowerBound, to: rows.upperBound, by: tileRows) {
      body(row, min(tileRows, rows.upperBound - row))
    }
  }

  /// The rows of one query.
  @inline(__always)
  private func rows(_ index: Int) -> Range<Int> { index * rule.group..<(index + 1) * rule.group }

  /// Every query's products with the keys.
  private func score(_ keyHead: Int, _ work: HeadRows) {
    let size = rule.headSize
    if let prefix, start < shared {
      let keys = prefix.keys(keyHead) + start * size
      tiles(0..<own.count * rule.group) { row, count in
        panelRows(
          count, size, work.queries + row * size, size, keys, tileColumns * size,
          panels: (shared - start) / tileColumns, work.scores + row * paddedKeys, paddedKeys)
      }
    }
    let from = max(start, shared)
    for (index, panels) in own.enumerated() {
      let keys = panels.keys(keyHead) + (from - shared) * size
      tiles(rows(index)) { row, count in
        panelRows(
          count, size, work.queries + row * size, size, keys, tileColumns * size,
          panels: (start + paddedKeys - from) / tileColumns,
          work.scores + (row * paddedKeys + from - start), paddedKeys)
      }
    }
  }

  /// The sums of weighted values: over the prefix, and on from there.
  private func weigh(_ keyHead: Int, _ work: HeadRows) {
    let panelCount = paddedSize / tileColumns
    let isShared = prefix != nil && first < shared
    if let prefix, isShared {
      let values = prefix.values(keyHead) + first * tileColumns
      tiles(0..<own.count * rule.group) { row, count in
        panelRows(
          count, shared - first, work.scores + (row * paddedKeys + first - start), paddedKeys,
          values, prefix.capacity * tileColumns, panels: panelCount,
          work.sums + row * paddedSize, paddedSize)
      }
    }
    let from = max(first, shared)
    for (index, panels) in own.enumerated() {
      let values = panels.values(keyHead) + (from - shared) * tileColumns
      tiles(rows(index)) { row, count in
        panelRows(
          count, position + 1 - from, work.scores + (row * paddedKeys + from - start), paddedKeys,
          values, panels.capacity * tileColumns, panels: panelCount,
          work.sums + row * paddedSize, paddedSize, resuming: isShared)
      }
    }
  }

  /// Turns a head's visible scores into exponentials. What they must be divided by takes the place of the
  /// head's query, which is not needed any more.
  private func normalise(_ index: Int, _ head: Int, _ work: HeadRows, _ line: Int) {
    let scores = work.scores + (line * paddedKeys + first - start)
    let (sum, most) = rule.exponentials(scores, position + 1 - first)
    if let logSums {
      logSums.base[(row + index) * rule.queryHeads + head] = most + Elementary.log(sum)
    }
    work.queries[line * rule.headSize] = 1 / sum
  }

  private func write(_ index: Int, _ keyHead: Int, _ work: HeadRows) {
    let size = rule.headSize
    let target = out.floats.base + ((row + index) * out.stride + keyHead * rule.group * size)
    for head in 0..<rule.group {
      let line = index * rule.group + head
      let (sums, inverse) = (work.sums + line * paddedSize, work.queries[line * size])
      eachLanes(0..<size) { i, n in
        store(load(sums + i) * inverse, target + (head * size + i), n)
      }
    }
  }
}
