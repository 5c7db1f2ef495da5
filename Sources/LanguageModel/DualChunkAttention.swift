import Numerics

/// Dual chunk attention (An et al. 2024, "Training-Free Long-Context Scaling of Large Language Models"),
/// for inference. With c the chunk length, a key at position p turns as if at p mod c, and a query sees
///
/// - the keys of its own chunk from p mod c: inside one chunk this is plain attention, bit for bit;
/// - those of the chunk before from min(p mod c + c, chunkSize), which keeps near distances true;
/// - those of earlier chunks from min(2c − 1, chunkSize).
///
/// The three are plain attention each, joined by the logs of their sums. A query's result depends on its
/// position and the keys before it alone, so decoding from a cache gives the full pass's bits.
struct DualChunkAttention: Sendable {
  private let rule: DualChunk
  private let heads: Int
  private let keyHeads: Int
  private let headSize: Int

  init(_ rule: DualChunk, _ c: ModelConfiguration) {
    self.rule = rule
    (heads, keyHeads, headSize) = (c.heads, c.keyValueHeads, c.headSize)
  }

  /// The positions that keys turn by.
  func keyPositions(_ positions: [Int32]) -> [Int32] { positions.map { $0 % Int32(rule.length) } }

  /// Fills `out` from the unturned `queries`; the segments' keys are turned.
  func forward(
    _ queries: Matrix, segments: [AttentionSegment], _ attention: Attention, rotary: RotaryTable,
    into out: Matrix, on compute: Compute
  ) {
    let parts = segments.flatMap(parts)
    let sums = Floats(count: queries.rows * heads)
    let own = turned(queries, parts, rotary, compute) { Int32($0 % rule.length) }
    attention.forward(own, segments: parts.map(\.own), into: out, logSums: sums, on: compute)
    let far = Int32(min(2 * rule.length - 1, rule.chunkSize))
    add(parts.filter { $0.chunk >= 1 }, \.previous, queries, attention, rotary, out, sums, compute)
    {
      Int32(min($0 % rule.length + rule.length, rule.chunkSize))
    }
    add(parts.filter { $0.chunk >= 2 }, \.earlier, queries, attention, rotary, out, sums, compute) {
      _ in far
    }
  }

  /// A segment's queries in one chunk.
  private struct Part {
    /// Of the whole document.
    let keys: Matrix
    let values: Matrix
    let chunk: Int
    let rows: Range<Int>
    /// Of the first query.
    let position: Int
    let length: Int

    /// The queries and the keys of their own chunk.
    var own: AttentionSegment {
      let keys = chunk * length..<position + rows.count
      return AttentionSegment(
        queries: rows, firstPosition: position - chunk * length, keys: self.keys[rows: keys],
        values: values[rows: keys])
    }

    /// Positions of the chunk before, and of all earlier ones.
    var previous: Range<Int> { (chunk - 1) * length..<chunk * length }
    var earlier: Range<Int> { 0..<(chunk - 1) * length }
  }

  private func parts(of segment: AttentionSegment) -> [Part] {
    guard case .rows(let keys, let values) = segment.source else {
      preconditionFailure("dual chunk attention reads parts of rows")
    }
    let end = segment.firstPosition + segment.queries.count
    var parts: [Part] = []
    var position = segment.firstPosition
    while position < end {
      let chunk = position / rule.length
      let next = min(end, (chunk + 1) * rule.length)
      let first = segment.queries.lowerBound + position - segment.firstPosition
      parts.append(
        Part(
          keys: keys, values: values, chunk: chunk, rows: first..<first + next - position,
          position: position, length: rule.length))
      position = next
    }
    return parts
  }

  /// A copy of the queries, turned by a function of their positions.
  private func turned(
    _ queries: Matrix, _ parts: [Part], _ rotary: RotaryTable, _ compute: Compute,
    by position: (Int) -> Int32
  ) -> Matrix {
    let copy = Matrix(rows: queries.rows, columns: queries.columns)
    compute.copy(queries, to: copy)
    var positions = [Int32](repeating: 0, count: queries.rows)
    for part in parts {
      for (offset, row) in part.rows.enumerated() {
        positions[row] = position(part.position + offset)
      }
    }
    rotary.rotate(copy, rowPositions: positions, on: compute)
    return copy
  }

  /// Joins to `out` what the parts' queries see of keys that are all before them.
  private func add(
    _ parts: [Part], _ keys: (Part) -> Range<Int>, _ queries: Matrix, _ attention: Attention,
    _ rotary: RotaryTable, _ out: Matrix, _ sums: Floats, _ compute: Compute,
    by position: (Int) -> Int32
  ) {
    guard !parts.isEmpty else { return }
    let turned = turned(queries, parts, rotary, compute, by: position)
    for part in parts {
      for first in stride(from: part.rows.lowerBound, to: part.rows.upperBound, by: 64) {
        let rows = first..<min(part.rows.upperBound, first + 64)
        let (seen, seenSums) = seeAll(
          turned[rows: rows], part.keys[rows: keys(part)],
          part.values[rows: keys(part)], attention, compute)
        compute.mergeAttention(
          seen, logSums: seenSums, headSize: headSize, into: out[rows: rows],
          logSums: sums[rows.lowerBound * heads..<rows.upperBound * heads])
      }
    }
  }

  /// Attention of every row of `queries` to all of the keys: the rows are laid out as heads of one query
  /// that stands at the last key.
  private func seeAll(
    _ queries: Matrix, _ keys: Matrix, _ values: Matrix, _ attention: Attention, _ compute: Compute
  ) -> (Matrix, Floats) {
    let width = queries.columns
    var wide = attention
    wide.queryHeads = heads * queries.rows
    let laid = Matrix(rows: 1, columns: width * queries.rows)
    rearrange(queries, laid, compute) { compute.copy($0, to: $1) }
    let result = Matrix(rows: 1, columns: width * queries.rows)
    let sums = Floats(count: wide.queryHeads)
    wide.forward(
      laid,
      segments: [
        AttentionSegment(
          queries: 0..<1, firstPosition: keys.rows - 1, keys: keys, values: values)
      ], into: result, logSums: sums, on: compute)
    let out = Matrix(rows: queries.rows, columns: width)
    rearrange(out, result, compute) { compute.copy($1, to: $0) }
    return (out, logSums(sums, rows: queries.rows))
  }

  /// Pairs each key head's columns of `rows` with their place in `laid`, [key head][row][head of group].
  private func rearrange(
    _ rows: Matrix, _ laid: Matrix, _ compute: Compute, _ pair: (Matrix, Matrix) -> Void
  ) {
    let width = heads / keyHeads * headSize
    for head in 0..<keyHeads {
      let place = head * rows.rows * width
      pair(
        rows[columns: head * width..<(head + 1) * width],
        Matrix(
          laid.floats[place..<place + rows.rows * width], rows: rows.rows, columns: width))
    }
  }

  /// From [key head][row][head of group] to [row][head].
  private func logSums(_ sums: Floats, rows: Int) -> Floats {
    let group = heads / keyHeads
    let result = Floats(count: sums.count)
    for head in 0..<heads {
      for row in 0..<rows {
        result[row * heads + head] = sums[(head / group * rows + row) * group + head % group]
      }
    }
    return result
  }
}
