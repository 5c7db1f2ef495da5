/// One key head's gradients in one document, block of keys by block of keys, recomputing the weights
/// from the rows' log sums (Dao et al. 2022). Rows are pairs (query, head of the group), queries first.
///
/// With P the weights, dP = dO Vᵀ, D = rowsum(dO ∘ O) and dS = P ∘ (dP − D) · scale:
/// dV = Pᵀ dO, dK = dSᵀ Q, dQ = dS K. The order is a function of the document alone.
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

  private var group: Int { rule.group }
  private var rows: Int { document.count * rule.group }
  private var size: Int { rule.headSize }
  private var paddedSize: Int { rounded(rule.headSize, to: tileColumns) }

  func run() {
    guard !document.isEmpty else { return }
    let memory = BackwardMemory(rows: rows, size: size)
    defer { Scratch.give(memory.arena) }
    prepare(memory)
    for first in stride(from: 0, to: document.count, by: backwardBlock) {
      run(keys: first..<min(document.count, first + backwardBlock), memory)
    }
    writeQueryGradients(memory)
  }

  /// Offset of a row's head in the query matrix and those of its shape.
  @inline(__always)
  private func place(_ row: Int, _ matrix: Matrix) -> Pointer {
    matrix.floats.base
      + ((document.lowerBound + row / group) * matrix.stride
        + (keyHead * group + row % group) * size)
  }

  /// Lays all rows out for the tiles, and computes D.
  private func prepare(_ memory: BackwardMemory) {
    memory.queryGradients.update(repeating: 0, count: rounded(rows, to: tileRows) * paddedSize)
    for first in stride(from: 0, to: rows, by: tileRows) where rows - first < tileRows {
      (memory.queryTiles + first * size).update(repeating: 0, count: tileRows * size)
      (memory.outTiles + first * size).update(repeating: 0, count: tileRows * size)
    }
    for row in 0..<rows {
      let query = place(row, queries)
      let slope = place(row, dOut)
      let tile = row / tileRows * tileRows * size + row % tileRows
      scatter(query, into: memory.queryTiles + tile)
      scatter(slope, into: memory.outTiles + tile)
      spread(query, into: memory.queryPanels + row * tileColumns)
      spread(slope, into: memory.outPanels + row * tileColumns)
      memory.deltas[row] = laneDot(slope, place(row, out), size)
    }
  }

  /// A row as a column of a tile, [size][6].
  private func scatter(_ source: Pointer, into target: Pointer) {
    for k in 0..<size { target[k * tileRows] = source[k] }
  }

  /// A row as a row of each panel, [panels][rows][16].
  private func spread(_ source: Pointer, into target: Pointer) {
    for panel in stride(from: 0, to: size, by: tileColumns) {
      packSixteenColumns(
        source + panel, 0, columns: min(tileColumns, size - panel), depth: 1,
        into: target + panel * rows)
    }
  }

  private func run(keys block: Range<Int>, _ memory: BackwardMemory) {
    pack(block, memory)
    memory.keyGradients.update(repeating: 0, count: backwardBlock * paddedSize)
    memory.valueGradients.update(repeating: 0, count: backwardBlock * paddedSize)
    for first in stride(from: 0, to: rows, by: backwardBlock) {
      let part = first..<min(rows, first + backwardBlock)
      let lastPosition = (part.upperBound - 1) / group
      let isSeen =
        lastPosition >= block.lowerBound
        && rule.firstVisible(first / group) < block.upperBound
      if isSeen { run(part, block.lowerBound..<min(block.upperBound, lastPosition + 1), memory) }
    }
    write(memory.keyGradients, block, to: keyGradient)
    write(memory.valueGradients, block, to: valueGradient)
  }

  private func pack(_ block: Range<Int>, _ memory: BackwardMemory) {
    let row = document.lowerBound + block.lowerBound
    let k = keys.floats.base + (row * keys.stride + keyHead * size)
    let v = values.floats.base + (row * values.stride + keyHead * size)
    for panel in stride(from: 0, to: block.count, by: tileColumns) {
      let count = min(tileColumns, block.count - panel)
      let (kSource, vSource) = (k + panel * keys.stride, v + panel * values.stride)
      packSixteenRows(
        kSource, keys.stride, rows: count, depth: size, into: memory.keyRows + panel * size)
      packSixteenRows(
        vSource, values.stride, rows: count, depth: size, into: memory.valueRows + panel * size)
    }
    for panel in stride(from: 0, to: size, by: tileColumns) {
      packSixteenColumns(
        k + panel, keys.stride, columns: min(tileColumns, size - panel), depth: block.count,
        into: memory.keyPanels + panel * backwardBlock)
    }
  }

  /// What a block of rows gives to a block of keys, and takes from it.
  private func run(_ part: Range<Int>, _ block: Range<Int>, _ memory: BackwardMemory) {
    for key in stride(from: 0, to: block.count, by: tileColumns) {
      for row in stride(from: part.lowerBound, to: part.upperBound, by: tileRows) {
        let target = (row - part.lowerBound) * backwardBlock + key
        packedTile(
          size, memory.queryTiles + row * size, memory.keyRows + key * size,
          memory.weights + target, backwardBlock, resuming: false)
        packedTile(
          size, memory.outTiles + row * size, memory.valueRows + key * size,
          memory.slopes + target, backwardBlock, resuming: false)
      }
    }
    for row in part { weigh(row, row - part.lowerBound, block, memory) }
    addKeyGradients(
      part, block.count, memory.weights, memory.outPanels, to: memory.valueGradients, memory)
    addKeyGradients(
      part, block.count, memory.slopes, memory.queryPanels, to: memory.keyGradients, memory)
    for column in stride(from: 0, to: size, by: tileColumns) {
      for row in stride(from: part.lowerBound, to: part.upperBound, by: tileRows) {
        rowTile(
          block.count, memory.slopes + (row - part.lowerBound) * backwardBlock, backwardBlock,
          memory.keyPanels + column * backwardBlock,
          memory.queryGradients + (row * paddedSize + column), paddedSize, resuming: true)
      }
    }
  }

  /// Scores and dP of one row become P and dS; keys that it does not see get zeros.
  private func weigh(_ row: Int, _ line: Int, _ block: Range<Int>, _ memory: BackwardMemory) {
    let position = row / group
    let weights = memory.weights + line * backwardBlock
    let slopes = memory.slopes + line * backwardBlock
    let end = max(0, min(block.upperBound, position + 1) - block.lowerBound)
    let first = min(end, max(0, rule.firstVisible(position) - block.lowerBound))
    let place = (document.lowerBound + position) * rule.queryHeads + keyHead * group + row % group
    let logSum = logSums.base[place]
    let delta = memory.deltas[row]
    eachLanes(first..<end) { i, n in
      var score = load(weights + i, n) * rule.scale
      var slope = Lanes(repeating: rule.scale)
      if let cap = rule.softCap {
        let share = laneTanh(score / cap)
        score = cap * share
        slope *= 1 - share * share
      }
      let weight = laneExp(score - logSum)
      store(weight, weights + i, n)
      store(weight * (load(slopes + i, n) - delta) * slope, slopes + i, n)
    }
    for target in [weights, slopes] {
      target.update(repeating: 0, count: first)
      (target + end).update(repeating: 0, count: backwardBlock - end)
    }
  }

  /// gradients[key] += Σ factors[row, key] · panels[row], rows ascending.
  private func addKeyGradients(
    _ part: Range<Int>, _ keyCount: Int, _ factors: Pointer, _ panels: Pointer,
    to gradients: Pointer, _ memory: BackwardMemory
  ) {
    for key in stride(from: 0, to: keyCount, by: tileRows) {
      packSixColumns(
        factors + key, backwardBlock, columns: tileRows, depth: part.count, into: memory.columns)
      for column in stride(from: 0, to: size, by: tileColumns) {
        packedTile(
          part.count, memory.columns, panels + (column * rows + part.lowerBound * tileColumns),
          gradients + (key * paddedSize + column), paddedSize, resuming: true)
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

  private func writeQueryGradients(_ memory: BackwardMemory) {
    for row in 0..<rows {
      place(row, queryGradient).update(from: memory.queryGradients + row * paddedSize, count: size)
    }
  }
}

/// Rows and keys of a block: a multiple of 6 and of 16.
private let backwardBlock = 96

/// One task's working memory.
private struct BackwardMemory {
  let arena: Arena
  /// Queries and dO as the left operand's tiles and as the right operand's panels.
  let queryTiles, outTiles, queryPanels, outPanels: Pointer
  /// dQ of all rows, padded, and D.
  let queryGradients, deltas: Pointer
  /// A block of keys and values as panels over the head's elements, and of keys over the keys.
  let keyRows, valueRows, keyPanels: Pointer
  let keyGradients, valueGradients: Pointer
  /// Scores, then P; dP, then dS. And six columns of them as a tile.
  let weights, slopes, columns: Pointer

  init(rows: Int, size: Int) {
    let padded = rounded(size, to: tileColumns)
    let tiles = rounded(rows, to: tileRows)
    let square = backwardBlock * backwardBlock
    let perRow = 2 * tiles * size + 2 * rows * padded + tiles * padded + rounded(rows, to: 16)
    let perKey = 2 * backwardBlock * size + 3 * backwardBlock * padded
    arena = Scratch.take(perRow + perKey + 2 * square + backwardBlock * tileRows)
    var next = arena.base
    func take(_ count: Int) -> Pointer {
      defer { next += count }
      return next
    }
    queryTiles = take(tiles * size)
    outTiles = take(tiles * size)
    queryPanels = take(rows * padded)
    outPanels = take(rows * padded)
    queryGradients = take(tiles * padded)
    deltas = take(rounded(rows, to: 16))
    keyRows = take(backwardBlock * size)
    valueRows = take(backwardBlock * size)
    keyPanels = take(backwardBlock * padded)
    keyGradients = take(backwardBlock * padded)
    valueGradients = take(backwardBlock * padded)
    weights = take(square)
    slopes = take(square)
    columns = take(backwardBlock * tileRows)
  }
}
