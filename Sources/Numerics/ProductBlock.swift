/// One thread's block of a product's result.
struct ProductBlock {
  let a: Left
  let b: Right
  let c: Matrix
  let start: ProductStart

  /// Steps of the inner index between which sums rest in c: about 256, whose panel of sixteen columns
  /// fills half of the first-level cache. A sum stored and loaded again is the same sum.
  private static func depthBlock(_ depth: Int) -> Int {
    let blocks = max(1, (depth + 287) / 288)
    return max(1, (depth + blocks - 1) / blocks)
  }

  func run(_ rows: Range<Int>, _ panels: Range<Int>) {
    let block = Self.depthBlock(a.depth)
    let left = a.transposed ? rounded(rows.count, to: tileRows) * block : 0
    Scratch.with(left + block * tileColumns + tileRows * tileColumns) { memory in
      let panelMemory = memory + left
      let edge = panelMemory + block * tileColumns
      var step = 0
      repeat {
        let steps = step..<min(a.depth, step + block)
        if a.transposed { packLeft(rows, steps, into: memory) }
        for panel in panels {
          let right = b.panel(panel, steps, memory: panelMemory)
          runPanel(rows, panel, steps, left: memory, right: right, edge: edge)
        }
        step += block
      } while step < a.depth
    }
  }

  /// The block's columns of a transposed left operand, as tiles of [steps][6].
  private func packLeft(_ rows: Range<Int>, _ steps: Range<Int>, into memory: Pointer) {
    let (base, stride) = (a.matrix.floats.base, a.matrix.stride)
    let source = base + (steps.lowerBound * stride + rows.lowerBound)
    packSixes(source, stride, columns: rows.count, depth: steps.count, into: memory)
  }

  /// All tiles of one panel over some steps.
  private func runPanel(
    _ rows: Range<Int>, _ panel: Int, _ steps: Range<Int>, left: Pointer, right: ConstPointer,
    edge: Pointer
  ) {
    let column = panel * tileColumns
    let width = min(tileColumns, c.columns - column)
    let isFirst = steps.lowerBound == 0
    let resuming = !isFirst || !startsAtZero
    for row in stride(from: rows.lowerBound, to: rows.upperBound, by: tileRows) {
      let height = min(tileRows, rows.upperBound - row)
      let target = c.floats.base + (row * c.stride + column)
      if isFirst { begin(target, column, height, width) }
      let isWhole = width == tileColumns
      if !isWhole { copyTile(target, c.stride, edge, tileColumns, height, width) }
      let place = isWhole ? target : edge
      let stride = isWhole ? c.stride : tileColumns
      if a.transposed {
        let tile = left + (row - rows.lowerBound) * steps.count
        packedRows(height, steps.count, tile, right, place, stride, resuming: resuming)
      } else {
        let source = a.matrix.floats.base + (row * a.matrix.stride + steps.lowerBound)
        stridedRows(
          height, steps.count, source, a.matrix.stride, right, place, stride, resuming: resuming)
      }
      if !isWhole { copyTile(edge, tileColumns, target, c.stride, height, width) }
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
