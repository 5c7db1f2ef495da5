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
    multiply(Left(a, transposed: false), .strided(b, transposed: true), into: c, from: start)
  }

  /// c = a · b. a is [m, k], b is [k, n], c is [m, n]: a gradient of inputs `dY W`.
  package func multiply(
    _ a: Matrix, _ b: Matrix, into c: Matrix, from start: ProductStart = .zero
  ) {
    multiply(Left(a, transposed: false), .strided(b, transposed: false), into: c, from: start)
  }

  /// c = aᵀ · b. a is [k, m], b is [k, n], c is [m, n]: a gradient of weights `dYᵀ X`.
  package func multiply(
    transposed a: Matrix, _ b: Matrix, into c: Matrix, from start: ProductStart = .zero
  ) {
    multiply(Left(a, transposed: true), .strided(b, transposed: false), into: c, from: start)
  }

  /// c = a · bᵀ with weights packed once, for many products with the same weights. The bits are those
  /// of `multiply(_:transposed:)`, or of `multiply(_:_:)` for weights packed `.asTheyLie`.
  package func multiply(
    _ a: Matrix, packed b: PackedWeights, into c: Matrix, from start: ProductStart = .zero
  ) {
    multiply(Left(a, transposed: false), .packed(b), into: c, from: start)
  }

  private func multiply(_ a: Left, _ b: Right, into c: Matrix, from start: ProductStart) {
    precondition(
      a.depth == b.depth && c.columns == b.columns && a.rows == c.rows,
      "product of shapes that do not fit")
    if case .bias(let bias) = start {
      precondition(bias.count == c.columns, "a bias has one value per column")
    }
    guard c.rows > 0, c.columns > 0 else { return }
    let operations = 2 * Double(c.rows) * Double(c.columns) * Double(a.depth)
    timed(.products, operations: operations) { carryOut(a, b, into: c, from: start) }
  }

  private func carryOut(_ a: Left, _ b: Right, into c: Matrix, from start: ProductStart) {
    if case .openBLAS(let library) = engine {
      return library.multiply(
        a.matrix, a.transposed, b.matrix, b.transposed, into: c, from: start, on: self)
    }
    let blocks = ProductBlocks(rows: c.rows, columns: c.columns, threads: threads)
    share(blocks.count) { index in
      ProductBlock(a: a, b: b, c: c, start: start).run(blocks.rows(index), blocks.panels(index))
    }
  }
}

/// The left operand, [rows, depth], stored so or transposed.
struct Left: Sendable {
  let matrix: Matrix
  let transposed: Bool

  init(_ matrix: Matrix, transposed: Bool) {
    self.matrix = matrix
    self.transposed = transposed
  }

  var rows: Int { transposed ? matrix.columns : matrix.rows }
  var depth: Int { transposed ? matrix.rows : matrix.columns }
}

/// How the result is cut into blocks for threads and caches. Bears on speed alone.
struct ProductBlocks: Sendable {
  private let rowCount: Int
  private let allPanels: Int
  private let blockRows: Int
  private let blockPanels: Int
  private let across: Int
  let count: Int

  init(rows: Int, columns: Int, threads: Int) {
    rowCount = rows
    allPanels = panelCount(of: columns)
    // 252 rows by 256 steps are 258 kB of the left operand: they stay in a core's second-level cache.
    let down = threads * ((rows + threads * 252 - 1) / (threads * 252))
    let tiles = (rows + tileRows - 1) / tileRows
    blockRows = max(1, (tiles + down - 1) / down) * tileRows
    let downCount = (rows + blockRows - 1) / blockRows
    // Cut columns too where rows are few, but keep 128 columns: each block packs its rows again.
    let wanted = threads == 1 ? 1 : (4 * threads + downCount - 1) / downCount
    blockPanels = max(min(8, allPanels), (allPanels + wanted - 1) / wanted)
    across = (allPanels + blockPanels - 1) / blockPanels
    count = downCount * across
  }

  func rows(_ index: Int) -> Range<Int> {
    let first = index / across * blockRows
    return first..<min(rowCount, first + blockRows)
  }

  func panels(_ index: Int) -> Range<Int> {
    let first = index % across * blockPanels
    return first..<min(allPanels, first + blockPanels)
  }
}
