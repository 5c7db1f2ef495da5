/// What the chain of a product's element starts from.
package enum ProductStart: Sendable {
  /// +0: the product replaces what was there.
  case zero
  /// The element's present value: the chain goes on where it stopped. Products of consecutive row
  /// blocks, each continuing the last, give the bits of one product over all rows; so gradients
  /// accumulated over micro-batches equal those of one large batch.
  case existing
  /// One value per column (a layer's bias).
  case bias(Floats)
}

/// Matrix products `portable/1`. Every element of the result is one chain of fused multiply-adds over
/// the inner index, ascending: `c ← fma(a, b, c)`, from `start`. Blocking, vector width, thread count
/// and the other rows never change it. c must not overlap a or b.
extension Compute {
  /// c = a · bᵀ. a is [m, k], b is [n, k], c is [m, n]: a layer's output `x Wᵀ`.
  package func multiply(
    _ a: Matrix, transposed b: Matrix, into c: Matrix, from start: ProductStart = .zero
  ) {
    if case .openBLAS(let library) = engine {
      return library.multiply(a, false, b, true, into: c, from: start, on: self)
    }
    multiply(Left(a, transposed: false), Right(b, transposed: true), into: c, from: start)
  }

  /// c = a · b. a is [m, k], b is [k, n], c is [m, n]: a gradient of inputs `dY W`.
  package func multiply(
    _ a: Matrix, _ b: Matrix, into c: Matrix, from start: ProductStart = .zero
  ) {
    if case .openBLAS(let library) = engine {
      return library.multiply(a, false, b, false, into: c, from: start, on: self)
    }
    multiply(Left(a, transposed: false), Right(b, transposed: false), into: c, from: start)
  }

  /// c = aᵀ · b. a is [k, m], b is [k, n], c is [m, n]: a gradient of weights `dYᵀ X`.
  package func multiply(
    transposed a: Matrix, _ b: Matrix, into c: Matrix, from start: ProductStart = .zero
  ) {
    if case .openBLAS(let library) = engine {
      return library.multiply(a, true, b, false, into: c, from: start, on: self)
    }
    multiply(Left(a, transposed: true), Right(b, transposed: false), into: c, from: start)
  }

  /// c = a · bᵀ with weights packed once, for decoding, where few rows meet the same weights often.
  /// The bits are those of `multiply(_:transposed:)`. The weights must not change meanwhile.
  package func multiply(
    _ a: Matrix, transposed b: PackedWeights, into c: Matrix, from start: ProductStart = .zero
  ) {
    precondition(a.columns == b.columns && c.columns == b.rows, "product of shapes that do not fit")
    // The library packs for itself, and only the weights as they were are its to read.
    if case .openBLAS = engine { return multiply(a, transposed: b.source, into: c, from: start) }
    multiply(Left(a, transposed: false), packed: b.panels, into: c, from: start)
  }

  private func multiply(_ a: Left, _ b: Right, into c: Matrix, from start: ProductStart) {
    precondition(a.depth == b.depth && c.columns == b.columns, "product of shapes that do not fit")
    let arena = Scratch.take(b.packedCount)
    defer { Scratch.give(arena) }
    let panels = Floats(arena: arena, offset: 0, count: b.packedCount)
    b.pack(into: panels, on: self)
    multiply(a, packed: panels, into: c, from: start)
  }

  private func multiply(_ a: Left, packed b: Floats, into c: Matrix, from start: ProductStart) {
    precondition(a.rows == c.rows, "product of shapes that do not fit")
    if case .bias(let bias) = start {
      precondition(bias.count == c.columns, "a bias has one value per column")
    }
    guard c.rows > 0, c.columns > 0 else { return }
    let blocks = ProductBlocks(rows: c.rows, columns: c.columns, threads: threads)
    share(blocks.count) { index in
      ProductBlock(a: a, b: b, c: c, start: start).run(blocks.rows(index), blocks.panels(index))
    }
  }
}

/// Weights [n, k] in the order in which the product kernel reads them.
package struct PackedWeights: Sendable {
  package let rows: Int
  package let columns: Int
  let panels: Floats
  /// The weights themselves, for the engine that packs for itself.
  let source: Matrix

  package init(_ weights: Matrix, on compute: Compute) {
    rows = weights.rows
    columns = weights.columns
    source = weights
    let right = Right(weights, transposed: true)
    panels = Floats(count: right.packedCount)
    right.pack(into: panels, on: compute)
  }
}

/// The left operand, [rows, depth], stored so or transposed.
struct Left: Sendable {
  let matrix: Matrix
  let transposed: Bool
  let rows: Int
  let depth: Int

  init(_ matrix: Matrix, transposed: Bool) {
    self.matrix = matrix
    self.transposed = transposed
    rows = transposed ? matrix.columns : matrix.rows
    depth = transposed ? matrix.rows : matrix.columns
  }

  /// Rows `first..<first + 6` (fewer at the edge) over `steps` as [depth][6].
  func pack(_ first: Int, _ steps: Range<Int>, into target: Pointer) {
    let count = min(tileRows, rows - first)
    let base = matrix.floats.base
    let stride = matrix.stride
    if transposed {
      let source = base + (steps.lowerBound * stride + first)
      packSixColumns(source, stride, columns: count, depth: steps.count, into: target)
    } else {
      let source = base + (first * stride + steps.lowerBound)
      packSixRows(source, stride, rows: count, depth: steps.count, into: target)
    }
  }
}

/// The right operand, [depth, columns], stored so or transposed.
struct Right: Sendable {
  let matrix: Matrix
  let transposed: Bool
  let columns: Int
  let depth: Int

  init(_ matrix: Matrix, transposed: Bool) {
    self.matrix = matrix
    self.transposed = transposed
    columns = transposed ? matrix.rows : matrix.columns
    depth = transposed ? matrix.columns : matrix.rows
  }

  var panelCount: Int { (columns + tileColumns - 1) / tileColumns }
  var packedCount: Int { panelCount * depth * tileColumns }

  /// All panels of sixteen columns, each [depth][16], one after the other.
  func pack(into target: Floats, on compute: Compute) {
    compute.split(panelCount) { panels in
      for panel in panels { pack(panel, into: target.base + panel * depth * tileColumns) }
    }
  }

  private func pack(_ panel: Int, into target: Pointer) {
    let first = panel * tileColumns
    let count = min(tileColumns, columns - first)
    let base = matrix.floats.base
    let stride = matrix.stride
    if transposed {
      packSixteenRows(base + first * stride, stride, rows: count, depth: depth, into: target)
    } else {
      packSixteenColumns(base + first, stride, columns: count, depth: depth, into: target)
    }
  }
}

/// How the result is cut into blocks for threads and caches. Bears on speed alone.
struct ProductBlocks: Sendable {
  private let rowCount: Int
  private let panelCount: Int
  private let blockRows: Int
  private let blockPanels: Int
  private let across: Int
  let count: Int

  init(rows: Int, columns: Int, threads: Int) {
    rowCount = rows
    panelCount = (columns + tileColumns - 1) / tileColumns
    // 144 rows by 256 steps are 147 kB of the left operand: they stay in a core's second-level cache.
    let down = threads * ((rows + threads * 144 - 1) / (threads * 144))
    let tiles = (rows + tileRows - 1) / tileRows
    blockRows = max(1, (tiles + down - 1) / down) * tileRows
    let downCount = (rows + blockRows - 1) / blockRows
    // Cut columns too where rows are few, but keep 128 columns: each block packs its rows again.
    let wanted = threads == 1 ? 1 : (4 * threads + downCount - 1) / downCount
    blockPanels = max(min(8, panelCount), (panelCount + wanted - 1) / wanted)
    across = (panelCount + blockPanels - 1) / blockPanels
    count = downCount * across
  }

  func rows(_ index: Int) -> Range<Int> {
    let first = index / across * blockRows
    return first..<min(rowCount, first + blockRows)
  }

  func panels(_ index: Int) -> Range<Int> {
    let first = index % across * blockPanels
    return first..<min(panelCount, first + blockPanels)
  }
}

/// One thread's block of the result.
struct ProductBlock {
  let a: Left
  let b: Floats
  let c: Matrix
  let start: ProductStart
  /// Steps of the inner index between which sums rest in c: 256 steps of sixteen columns fill half
  /// of the first-level cache. A sum stored and loaded again is the same sum.
  private let depthBlock = 256

  init(a: Left, b: Floats, c: Matrix, start: ProductStart) {
    self.a = a
    self.b = b
    self.c = c
    self.start = start
  }

  func run(_ rows: Range<Int>, _ panels: Range<Int>) {
    let tiles = (rows.count + tileRows - 1) / tileRows
    let packed = tiles * tileRows * depthBlock
    Scratch.with(packed + tileRows * tileColumns) { memory in
      var step = 0
      repeat {
        let steps = step..<min(a.depth, step + depthBlock)
        for tile in 0..<tiles {
          let first = rows.lowerBound + tile * tileRows
          a.pack(first, steps, into: memory + tile * tileRows * steps.count)
        }
        for panel in panels { run(rows, panel, steps, left: memory, edge: memory + packed) }
        step += depthBlock
      } while step < a.depth
    }
  }

  /// All tiles of one panel over some steps.
  private func run(
    _ rows: Range<Int>, _ panel: Int, _ steps: Range<Int>, left: Pointer, edge: Pointer
  ) {
    let right = b.base + (panel * a.depth + steps.lowerBound) * tileColumns
    let column = panel * tileColumns
    let width = min(tileColumns, c.columns - column)
    var left = left
    var row = rows.lowerBound
    while row < rows.upperBound {
      let height = min(tileRows, rows.upperBound - row)
      let target = c.floats.base + (row * c.stride + column)
      let isFirst = steps.lowerBound == 0
      if isFirst { begin(target, column, height, width) }
      let resuming = !isFirst || !startsAtZero
      if height == tileRows && width == tileColumns {
        packedTile(steps.count, left, right, target, c.stride, resuming: resuming)
      } else {
        copyTile(target, c.stride, edge, tileColumns, height, width)
        packedTile(steps.count, left, right, edge, tileColumns, resuming: resuming)
        copyTile(edge, tileColumns, target, c.stride, height, width)
      }
      left += tileRows * steps.count
      row += tileRows
    }
  }

  private var startsAtZero: Bool {
    if case .zero = start { true } else { false }
  }

  /// Puts the bias where the chains will start.
  private func begin(_ target: Pointer, _ column: Int, _ height: Int, _ width: Int) {
    guard case .bias(let bias) = start else { return }
    for row in 0..<height {
      (target + row * c.stride).update(from: bias.base + column, count: width)
    }
  }

  private func copyTile(
    _ from: Pointer, _ fromStride: Int, _ to: Pointer, _ toStride: Int, _ height: Int, _ width: Int
  ) {
    for row in 0..<height {
      (to + row * toStride).update(from: from + row * fromStride, count: width)
    }
  }
}
