/// One key head's attention for consecutive queries, one query head of its group after the other.
///
/// Six consecutive queries make a register tile. For each tile all scores are computed (each a chain
/// over the head's elements), then each row's exact maximum, exponentials and their sum, then the
/// values' chain over the visible keys, ascending. Nothing of the length of the batch, the cache or the
/// tile enters a row.
struct AttentionForward {
  private let rule: Attention
  private let segment: AttentionSegment
  /// Of the segment, counted from its first.
  private let chosen: Range<Int>
  private let keyHead: Int
  private let queries: Matrix
  private let out: Matrix
  private let logSums: Floats?
  /// The first key packed, and keys packed, a multiple of 16.
  private let firstKey: Int
  private let keyCount: Int
  private let paddedKeys: Int
  private let paddedSize: Int

  init(
    _ rule: Attention, _ segment: AttentionSegment, _ chosen: Range<Int>, _ keyHead: Int,
    _ queries: Matrix, _ out: Matrix, _ logSums: Floats?
  ) {
    self.rule = rule
    self.segment = segment
    self.chosen = chosen
    self.keyHead = keyHead
    self.queries = queries
    self.out = out
    self.logSums = logSums
    let first = segment.firstPosition + chosen.lowerBound
    let end = segment.firstPosition + chosen.upperBound
    firstKey = rule.firstVisible(first) / tileColumns * tileColumns
    keyCount = end - firstKey
    paddedKeys = rounded(keyCount, to: tileColumns)
    paddedSize = rounded(rule.headSize, to: tileColumns)
  }

  func run() {
    switch segment.source {
    case .rows(let keys, let values): run(packing: keys, values)
    case .panels(let panels):
      run(
        keys: panels.keys(keyHead) + firstKey * rule.headSize,
        values: panels.values(keyHead) + firstKey * tileColumns, valueRows: panels.capacity)
    case .forked: preconditionFailure("forks are read by single queries")
    }
  }

  private func run(packing keys: Matrix, _ values: Matrix) {
    let keyFloats = paddedKeys * rule.headSize
    Scratch.with(keyFloats + paddedKeys * paddedSize) { memory in
      pack(keys, values, into: memory, memory + keyFloats)
      run(keys: memory, values: memory + keyFloats, valueRows: paddedKeys)
    }
  }

  private func run(keys: Pointer, values: Pointer, valueRows: Int) {
    Scratch.with(tileRows * (paddedKeys + paddedSize)) { scores in
      let work = TileMemory(
        keys: keys, values: values, valueRows: valueRows, scores: scores,
        sums: scores + tileRows * paddedKeys)
      for head in keyHead * rule.group..<(keyHead + 1) * rule.group {
        for first in stride(from: 0, to: chosen.count, by: tileRows) {
          run(first..<min(chosen.count, first + tileRows), head, work)
        }
      }
    }
  }

  /// Keys and values as panels from `firstKey` on, those of values `valueRows` long, and a tile's scores
  /// and results.
  private struct TileMemory {
    let keys, values: Pointer
    let valueRows: Int
    let scores, sums: Pointer
  }

  private func pack(_ k: Matrix, _ v: Matrix, into keys: Pointer, _ values: Pointer) {
    let size = rule.headSize
    let column = keyHead * size
    for panel in stride(from: 0, to: keyCount, by: tileColumns) {
      let source = k.floats.base + ((firstKey + panel) * k.stride + column)
      let count = min(tileColumns, keyCount - panel)
      packSixteenRows(source, k.stride, rows: count, depth: size, into: keys + panel * size)
    }
    for panel in stride(from: 0, to: size, by: tileColumns) {
      let source = v.floats.base + (firstKey * v.stride + column + panel)
      packSixteenColumns(
        source, v.stride, columns: min(tileColumns, size - panel), depth: keyCount,
        into: values + panel * paddedKeys)
    }
  }

  /// Position in the document of a row's query.
  @inline(__always)
  private func position(_ row: Int) -> Int {
    segment.firstPosition + chosen.lowerBound + row
  }

  /// Row of the query matrix.
  @inline(__always)
  private func place(_ row: Int) -> Int {
    segment.queries.lowerBound + chosen.lowerBound + row
  }

  private func run(_ rows: Range<Int>, _ head: Int, _ work: TileMemory) {
    let size = rule.headSize
    let source =
      queries.floats.base + (place(rows.lowerBound) * queries.stride + head * size)
    let first = rule.firstVisible(position(rows.lowerBound)) - firstKey
    let end = position(rows.upperBound - 1) + 1 - firstKey
    for key in stride(from: first / tileColumns * tileColumns, to: end, by: tileColumns) {
      stridedRows(
        rows.count, size, source, queries.stride, work.keys + key * size, work.scores + key,
        paddedKeys, resuming: false)
    }
    var inverses = Lanes(repeating: 0)
    for row in rows {
      inverses[row - rows.lowerBound] = normalise(row, head, work.scores, rows.lowerBound)
    }
    weigh(rows, work)
    write(rows, head, work.sums, inverses)
  }

  /// Turns a row's visible scores into exponentials; 1 / their sum.
  private func normalise(_ row: Int, _ head: Int, _ scores: Pointer, _ firstRow: Int) -> Float {
    let first = rule.firstVisible(position(row))
    let count = position(row) + 1 - first
    let line = scores + ((row - firstRow) * paddedKeys + first - firstKey)
    let (sum, most) = rule.exponentials(line, count)
    if let logSums {
      logSums.base[place(row) * rule.queryHeads + head] = most + Elementary.log(sum)
    }
    return 1 / sum
  }

  /// Σ weight · value over each row's visible keys, ascending: keys that all rows of the tile see go
  /// through the register tile, the ragged ends row by row.
  private func weigh(_ rows: Range<Int>, _ work: TileMemory) {
    let (scores, sums) = (work.scores, work.sums)
    sums.update(repeating: 0, count: rows.count * paddedSize)
    let commonFirst = rule.firstVisible(position(rows.upperBound - 1)) - firstKey
    let commonEnd = max(commonFirst, position(rows.lowerBound) + 1 - firstKey)
    for column in stride(from: 0, to: rule.headSize, by: tileColumns) {
      let panel = work.values + column * work.valueRows
      if rule.window != nil {
        for row in rows {
          let first = rule.firstVisible(position(row)) - firstKey
          let end = min(commonFirst, position(row) + 1 - firstKey)
          chain(row - rows.lowerBound, first..<max(first, end), panel, scores, sums + column)
        }
      }
      stridedRows(
        rows.count, commonEnd - commonFirst, scores + commonFirst, paddedKeys,
        panel + commonFirst * tileColumns, sums + column, paddedSize, resuming: true)
      for row in rows {
        let end = position(row) + 1 - firstKey
        chain(row - rows.lowerBound, commonEnd..<max(commonEnd, end), panel, scores, sums + column)
      }
    }
  }

  @inline(__always)
  private func chain(
    _ row: Int, _ keys: Range<Int>, _ panel: Pointer, _ scores: Pointer, _ sums: Pointer
  ) {
    if keys.isEmpty { return }
    chainRow(
      keys.count, scores + (row * paddedKeys + keys.lowerBound),
      panel + keys.lowerBound * tileColumns, sums + row * paddedSize)
  }

  private func write(_ rows: Range<Int>, _ head: Int, _ sums: Pointer, _ inverses: Lanes) {
    let start = out.floats.base + head * rule.headSize
    for row in rows {
      let target = start + place(row) * out.stride
      let source = sums + (row - rows.lowerBound) * paddedSize
      let inverse = inverses[row - rows.lowerBound]
      eachLanes(0..<rule.headSize) { i, n in store(load(source + i) * inverse, target + i, n) }
    }
  }
}

extension Attention {
  /// Turns a row's raw scores into exponentials of (capped and) scaled scores less their largest; their
  /// sum, and the largest.
  func exponentials(_ line: Pointer, _ count: Int) -> (sum: Float, most: Float) {
    if let softCap { capRow(line, count, softCap, scale: scale) }
    let scale = softCap == nil ? scale : 1
    // Rounding keeps order: the largest score, scaled, is the largest scaled score.
    let most = rowMaximum(line, count) * scale
    return (replaceByExponentials(line, count, scale: scale, shift: most), most)
  }
}

/// `value` rounded up to a multiple.
@inline(__always)
func rounded(_ value: Int, to multiple: Int) -> Int { (value + multiple - 1) / multiple * multiple }
