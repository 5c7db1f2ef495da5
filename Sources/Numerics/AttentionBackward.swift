/// One key head's gradients in one document, block of keys by block of keys, recomputing the weights
/// from the rows' log sums (Dao et al. 2022).
///
/// With P the weights, dP = dO Vᵀ, D = rowsum(dO ∘ O) and dS = P ∘ (dP − D) · scale:
/// dV = Pᵀ dO, dK = dSᵀ Q, dQ = dS K. Scores lie transposed, a row for each key, so that two of the three
/// read them as they lie. Chains run over the group's heads, queries ascending within, or over keys: a
/// function of the document alone.
struct AttentionBackward {
  let rule: Attention
  let document: Range<Int>
  let keyHead: Int
  let dOut: Matrix
  let queries: Matrix
  let keys: Matrix
  let values: Matrix
  let out: Matrix
  let logSums: Floats
  let queryGradient: Matrix
  let keyGradient: Matrix
  let valueGradient: Matrix

  private var size: Int { rule.headSize }
  private var paddedSize: Int { rounded(rule.headSize, to: tileColumns) }

  func run() {
    guard !document.isEmpty else { return }
    let memory = BackwardMemory(length: document.count, group: rule.group, size: size)
    defer { Scratch.give(memory.arena) }
    for index in 0..<rule.group { prepare(memory.head(index), keyHead * rule.group + index) }
    for first in stride(from: 0, to: document.count, by: keyBlock) {
      run(keys: first..<min(document.count, first + keyBlock), memory)
    }
    for index in 0..<rule.group {
      writeQueryGradients(memory.head(index), keyHead * rule.group + index)
    }
  }

  /// A head's first element in a matrix of the queries' shape.
  private func start(_ matrix: Matrix, _ head: Int) -> Pointer {
    matrix.floats.base + (document.lowerBound * matrix.stride + head * size)
  }

  /// Lays a head's queries and slopes out as right operands, and computes D.
  private func prepare(_ memory: HeadMemory, _ head: Int) {
    let length = document.count
    memory.queryGradients.update(repeating: 0, count: rounded(length, to: tileRows) * paddedSize)
    let (query, slope) = (start(queries, head), start(dOut, head))
    for first in stride(from: 0, to: length, by: tileColumns) {
      let count = min(tileColumns, length - first)
      packSixteenRows(
        query + first * queries.stride, queries.stride, rows: count, depth: size,
        into: memory.queriesTurned + first * size)
      packSixteenRows(
        slope + first * dOut.stride, dOut.stride, rows: count, depth: size,
        into: memory.slopesTurned + first * size)
    }
    for column in stride(from: 0, to: size, by: tileColumns) {
      let count = min(tileColumns, size - column)
      packSixteenColumns(
        query + column, queries.stride, columns: count, depth: length,
        into: memory.queryPanels + column * length)
      packSixteenColumns(
        slope + column, dOut.stride, columns: count, depth: length,
        into: memory.slopePanels + column * length)
    }
    let result = start(out, head)
    for row in 0..<length {
      memory.deltas[row] = laneDot(slope + row * dOut.stride, result + row * out.stride, size)
      memory.logSums[row] =
        logSums.base[(document.lowerBound + row) * rule.queryHeads + head]
    }
  }

  private func run(keys block: Range<Int>, _ memory: BackwardMemory) {
    let row = document.lowerBound + block.lowerBound
    let k = keys.floats.base + (row * keys.stride + keyHead * size)
    let v = values.floats.base + (row * values.stride + keyHead * size)
    for panel in stride(from: 0, to: size, by: tileColumns) {
      packSixteenColumns(
        k + panel, keys.stride, columns: min(tileColumns, size - panel), depth: block.count,
        into: memory.keyPanels + panel * keyBlock)
    }
    memory.keyGradients.update(repeating: 0, count: keyBlock * paddedSize)
    memory.valueGradients.update(repeating: 0, count: keyBlock * paddedSize)
    for index in 0..<rule.group {
      let head = memory.head(index)
      // A block's first query that sees any of the keys, and the last.
      let first = block.lowerBound / queryBlock * queryBlock
      let end = rule.window.map { min(document.count, block.upperBound - 1 + $0) }
      for query in stride(from: first, to: end ?? document.count, by: queryBlock) {
        run(query..<min(document.count, query + queryBlock), block, k, v, head, memory)
      }
    }
    write(memory.keyGradients, block, to: keyGradient)
    write(memory.valueGradients, block, to: valueGradient)
  }

  /// What a block of queries gives to a block of keys, and takes from it.
  private func run(
    _ part: Range<Int>, _ block: Range<Int>, _ k: Pointer, _ v: Pointer, _ head: HeadMemory,
    _ memory: BackwardMemory
  ) {
    for key in stride(from: 0, to: block.count, by: tileRows) {
      let height = min(tileRows, block.count - key)
      // Panels of sixteen queries that come before the first key of the tile see none of it.
      let seen = max(0, block.lowerBound + key - part.lowerBound) / tileColumns * tileColumns
      for query in stride(from: seen, to: part.count, by: tileColumns) {
        let source = (part.lowerBound + query) * size
        let target = key * queryBlock + query
        stridedRows(
          height, size, k + key * keys.stride, keys.stride, head.queriesTurned + source,
          memory.weights + target, queryBlock, resuming: false)
        stridedRows(
          height, size, v + key * values.stride, values.stride, head.slopesTurned + source,
          memory.slopes + target, queryBlock, resuming: false)
      }
    }
    for key in 0..<block.count { weigh(block.lowerBound + key, key, part, head, memory) }
    addKeyGradients(part, block, head, memory)
    addQueryGradients(part, block, head, memory)
  }

  /// Scores and dP of one key become P and dS; queries that do not see it get zeros.
  private func weigh(
    _ key: Int, _ line: Int, _ part: Range<Int>, _ head: HeadMemory, _ memory: BackwardMemory
  ) {
    let weights = memory.weights + line * queryBlock
    let slopes = memory.slopes + line * queryBlock
    let end = max(0, min(part.upperBound, rule.lastSeeing(key) + 1) - part.lowerBound)
    let first = min(end, max(0, key - part.lowerBound))
    let logSums = head.logSums + part.lowerBound
    let deltas = head.deltas + part.lowerBound
    // Whole vectors to both sides of what is visible, then zeros over the rest: lanes are apart.
    var i = first / 8 * 8
    while i < end {
      var score = load(weights + i) * rule.scale
      var slope = Lanes(repeating: rule.scale)
      if let cap = rule.softCap {
        let share = laneTanh(score / cap)
        score = cap * share
        slope *= 1 - share * share
      }
      let weight = laneExp(score - load(logSums + i))
      store(weight, weights + i)
      store(weight * (load(slopes + i) - load(deltas + i)) * slope, slopes + i)
      i &+= 8
    }
    let width = rounded(part.count, to: tileColumns)
    for target in [weights, slopes] {
      target.update(repeating: 0, count: first)
      (target + end).update(repeating: 0, count: width - end)
    }
  }

  /// dV += Pᵀ dO and dK += dSᵀ Q, queries ascending.
  private func addKeyGradients(
    _ part: Range<Int>, _ block: Range<Int>, _ head: HeadMemory, _ memory: BackwardMemory
  ) {
    for key in stride(from: 0, to: block.count, by: tileRows) {
      let height = min(tileRows, block.count - key)
      let seen = min(part.count, max(0, block.lowerBound + key - part.lowerBound))
      for column in stride(from: 0, to: size, by: tileColumns) {
        let panel = column * document.count + (part.lowerBound + seen) * tileColumns
        let target = key * paddedSize + column
        stridedRows(
          height, part.count - seen, memory.weights + (key * queryBlock + seen), queryBlock,
          head.slopePanels + panel, memory.valueGradients + target, paddedSize, resuming: true)
        stridedRows(
          height, part.count - seen, memory.slopes + (key * queryBlock + seen), queryBlock,
          head.queryPanels + panel, memory.keyGradients + target, paddedSize, resuming: true)
      }
    }
  }

  /// dQ += dS K, keys ascending.
  private func addQueryGradients(
    _ part: Range<Int>, _ block: Range<Int>, _ head: HeadMemory, _ memory: BackwardMemory
  ) {
    packSixes(
      memory.slopes, queryBlock, columns: rounded(part.count, to: tileRows), depth: block.count,
      into: memory.turned)
    for query in stride(from: 0, to: part.count, by: tileRows) {
      for column in stride(from: 0, to: size, by: tileColumns) {
        packedTile(
          block.count, memory.turned + query * block.count, memory.keyPanels + column * keyBlock,
          head.queryGradients + ((part.lowerBound + query) * paddedSize + column), paddedSize,
          resuming: true)
      }
    }
  }

  private func write(_ gradients: Pointer, _ block: Range<Int>, to target: Matrix) {
    for key in block {
      let row = document.lowerBound + key
      (target.floats.base + (row * target.stride + keyHead * size)).update(
        from: gradients + (key - block.lowerBound) * paddedSize, count: size)
    }
  }

  private func writeQueryGradients(_ memory: HeadMemory, _ head: Int) {
    let target = start(queryGradient, head)
    for row in 0..<document.count {
      (target + row * queryGradient.stride).update(
        from: memory.queryGradients + row * paddedSize, count: size)
    }
  }
}

/// Keys of a block: a multiple of 6. Queries of a block: a multiple of 6 and of 16.
private let keyBlock = 48
private let queryBlock = 96

/// A query head's rows as the operands of tiles.
private struct HeadMemory {
  /// Queries and dO as [panels of 16 rows][size][16].
  let queriesTurned, slopesTurned: Pointer
  /// Queries and dO as [panels of 16 columns][rows][16].
  let queryPanels, slopePanels: Pointer
  /// dQ of all rows, padded; D; the rows' log sums.
  let queryGradients, deltas, logSums: Pointer

  /// Floats for `length` rows.
  static func count(_ length: Int, _ size: Int) -> Int {
    let padded = rounded(size, to: tileColumns)
    let rows = rounded(length, to: queryBlock)
    return 2 * rows * size + 2 * length * padded + rows * padded + 2 * rows
  }

  init(_ memory: Pointer, _ length: Int, _ size: Int) {
    let padded = rounded(size, to: tileColumns)
    let rows = rounded(length, to: queryBlock)
    queriesTurned = memory
    slopesTurned = queriesTurned + rows * size
    queryPanels = slopesTurned + rows * size
    slopePanels = queryPanels + length * padded
    queryGradients = slopePanels + length * padded
    deltas = queryGradients + rows * padded
    logSums = deltas + rows
  }
}

/// One task's working memory.
private struct BackwardMemory {
  let arena: Arena
  private let length: Int
  private let size: Int
  private let heads: Pointer
  /// A block of keys as panels over the keys, and its gradients.
  let keyPanels, keyGradients, valueGradients: Pointer
  /// [keys][queries]: scores, then P; dP, then dS. And dS as tiles of six queries.
  let weights, slopes, turned: Pointer

  init(length: Int, group: Int, size: Int) {
    self.length = length
    self.size = size
    let padded = rounded(size, to: tileColumns)
    let square = keyBlock * queryBlock
    let headCount = group * HeadMemory.count(length, size)
    arena = Scratch.take(headCount + 3 * keyBlock * padded + 3 * square)
    heads = arena.base
    keyPanels = heads + headCount
    keyGradients = keyPanels + keyBlock * padded
    valueGradients = keyGradients + keyBlock * padded
    weights = valueGradients + keyBlock * padded
    slopes = weights + square
    turned = slopes + square
  }

  func head(_ index: Int) -> HeadMemory {
    HeadMemory(heads + index * HeadMemory.count(length, size), length, size)
  }
}
