/// Weights in the order in which the product kernel reads them: panels of sixteen columns of the
/// right operand, each [depth][16], one after the other.
package struct PackedWeights: Sendable {
  /// Which right operand the weights are.
  package enum Orientation: Sendable {
    /// W is [columns, depth]: for y = x Wᵀ.
    case transposed
    /// W is [depth, columns]: for dx = dy W.
    case asTheyLie
  }

  /// The inner index's length, and the result's columns.
  package let depth: Int
  package let columns: Int
  /// The weights themselves, for the engine that packs for itself.
  let weights: Matrix
  let orientation: Orientation
  let panels: Floats

  package init(
    _ weights: Matrix, _ orientation: Orientation = .transposed, on compute: Compute
  ) {
    self.weights = weights
    self.orientation = orientation
    depth = orientation == .transposed ? weights.columns : weights.rows
    columns = orientation == .transposed ? weights.rows : weights.columns
    panels = Floats(count: panelCount(of: columns) * depth * tileColumns)
    refresh(on: compute)
  }

  /// Reads the weights anew, after they have changed.
  package func refresh(on compute: Compute) {
    let right = Right.strided(weights, transposed: orientation == .transposed)
    compute.timed(.packing) {
      compute.split(panelCount(of: columns)) { range in
        for panel in range {
          right.pack(panel, 0..<depth, into: panels.base + panel * depth * tileColumns)
        }
      }
    }
  }
}

/// How many panels of sixteen hold some columns.
func panelCount(of columns: Int) -> Int { (columns + tileColumns - 1) / tileColumns }

/// The right operand, [depth, columns].
enum Right: Sendable {
  /// Stored so, or transposed.
  case strided(Matrix, transposed: Bool)
  case packed(PackedWeights)

  var depth: Int {
    switch self {
    case .strided(let matrix, let transposed): transposed ? matrix.columns : matrix.rows
    case .packed(let weights): weights.depth
    }
  }

  var columns: Int {
    switch self {
    case .strided(let matrix, let transposed): transposed ? matrix.rows : matrix.columns
    case .packed(let weights): weights.columns
    }
  }

  /// The matrix as it lies.
  var matrix: Matrix {
    switch self {
    case .strided(let matrix, _): matrix
    case .packed(let weights): weights.weights
    }
  }

  var transposed: Bool {
    switch self {
    case .strided(_, let transposed): transposed
    case .packed(let weights): weights.orientation == .transposed
    }
  }

  /// Some steps of a panel as [steps][16]: where they lie when they are packed, else in `memory`.
  func panel(_ panel: Int, _ steps: Range<Int>, memory: Pointer) -> ConstPointer {
    if case .packed(let weights) = self {
      let start = panel * weights.depth + steps.lowerBound
      return ConstPointer(weights.panels.base + start * tileColumns)
    }
    pack(panel, steps, into: memory)
    return ConstPointer(memory)
  }

  func pack(_ panel: Int, _ steps: Range<Int>, into target: Pointer) {
    guard case .strided(let matrix, let transposed) = self else { return }
    let first = panel * tileColumns
    let count = min(tileColumns, columns - first)
    let (base, stride) = (matrix.floats.base, matrix.stride)
    if transposed {
      packSixteenRows(
        base + (first * stride + steps.lowerBound), stride, rows: count, depth: steps.count,
        into: target)
    } else {
      packSixteenColumns(
        base + (steps.lowerBound * stride + first), stride, columns: count, depth: steps.count,
        into: target)
    }
  }
}
