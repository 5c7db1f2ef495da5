package import Numerics

/// Cutting hidden units out of a model's gated MLPs.
package enum UnitPruning {
  /// Refuses models that have experts, and widths that cut nothing.
  package static func check(
    _ configuration: ModelConfiguration, keeping count: Int
  ) throws(CheckpointError) {
    guard configuration.experts == nil else {
      throw CheckpointError("the model has experts; only gated MLPs can be pruned")
    }
    guard count >= 1, count < configuration.intermediate else {
      throw CheckpointError(
        "the model's MLPs have \(configuration.intermediate) units; keep fewer than that, not "
          + "\(count)")
    }
  }

  /// Every layer's gated MLP.
  static func views(of model: Transformer) throws(CheckpointError) -> [MLPViews] {
    var views: [MLPViews] = []
    for layer in model.views.layers {
      guard case .mlp(let mlp) = layer.block else {
        throw CheckpointError("the model has experts; only gated MLPs can be pruned")
      }
      views.append(mlp)
    }
    return views
  }

  /// The units with the highest scores, ascending by index; the lowest index wins ties.
  package static func best(_ count: Int, of scores: [Double]) -> [Int] {
    let order = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
    return order.prefix(count).sorted()
  }

  /// The product of the norms of a unit's three vectors, by layer: a row of Wgate, a row of Wup, a column
  /// of Wdown. Scaling one and dividing another, which changes no model with a linear Wup, changes it not.
  package static func magnitudes(
    of model: Transformer, on compute: Compute
  ) throws(CheckpointError) -> [[Double]] {
    try views(of: model).map { views in
      let (gate, up) = (matrix(views.gate, model.parameters), matrix(views.up, model.parameters))
      return zip(downNorms(views, model, on: compute), 0..<gate.rows).map { down, unit in
        down * compute.sumOfSquares(gate[row: unit]).squareRoot()
          * compute.sumOfSquares(up[row: unit]).squareRoot()
      }
    }
  }

  /// What units give on average over rows that predict something, times the norm of their column of
  /// Wdown, by layer.
  /// - Parameter check: is called between parts; throws to stop.
  package static func activations(
    of model: Transformer, on batch: TokenBatch, rows: Int, compute: Compute,
    check: () throws -> Void
  ) throws -> [[Double]] {
    let views = try views(of: model)
    let pass = TrainingPass(model, on: compute, PassOptions(activationBytes: .max))
    var sums = views.map { [Double](repeating: 0, count: $0.down.shape[1]) }
    for part in batch.parts(rows: rows) {
      try check()
      pass.addActivations(of: part, to: &sums)
    }
    let count = Double(max(1, batch.targetCount))
    return zip(views, sums).map { views, sums in
      zip(sums, downNorms(views, model, on: compute)).map { $0 / count * $1 }
    }
  }

  private static func downNorms(
    _ views: MLPViews, _ model: Transformer, on compute: Compute
  ) -> [Double] {
    let down = matrix(views.down, model.parameters)
    return columnSums(of: down, times: down, on: compute).map { $0.squareRoot() }
  }

  /// A model of its own with the units that are named by layer, as many in each.
  package static func cut(
    _ model: Transformer, to units: [[Int]]
  ) throws(CheckpointError) -> Transformer {
    let count = units.first?.count ?? 0
    try check(model.configuration, keeping: count)
    var configuration = model.configuration
    configuration.intermediate = count
    let result = Transformer(
      configuration, parameters: Floats(count: ModelViews(configuration).layout.count))
    for (old, new) in zip(model.layout.views, result.layout.views) where old.shape == new.shape {
      result.parameters[new.range].copy(from: model.parameters[old.range])
    }
    let (old, new) = (try views(of: model), try views(of: result))
    for (layer, kept) in units.enumerated() {
      for (from, to) in [(old[layer].gate, new[layer].gate), (old[layer].up, new[layer].up)] {
        copyRows(kept, from, model.parameters, to, result.parameters)
      }
      for (from, to) in zip(old[layer].biases, new[layer].biases) {
        for (index, unit) in kept.enumerated() {
          result.parameters[to.offset + index] = model.parameters[from.offset + unit]
        }
      }
      let (from, to) = (
        matrix(old[layer].down, model.parameters), matrix(new[layer].down, result.parameters)
      )
      for row in 0..<from.rows {
        for (index, unit) in kept.enumerated() { to[row, index] = from[row, unit] }
      }
    }
    return result
  }

  private static func copyRows(
    _ rows: [Int], _ from: ParameterView, _ source: Floats, _ to: ParameterView, _ target: Floats
  ) {
    let (from, to) = (matrix(from, source), matrix(to, target))
    for (index, row) in rows.enumerated() { to[row: index].copy(from: from[row: row]) }
  }

  static func matrix(_ view: ParameterView, _ arena: Floats) -> Matrix {
    Matrix(arena[view.range], rows: view.shape[0], columns: view.shape[1])
  }

  /// Σ over rows of x · y, by column: rows ascending, split by columns.
  static func columnSums(of x: Matrix, times y: Matrix, on compute: Compute) -> [Double] {
    [Double](unsafeUninitializedCapacity: x.columns) { buffer, count in
      // Each thread writes the sums of its own columns.
      nonisolated(unsafe) let buffer = buffer
      buffer.initialize(repeating: 0)
      compute.split(x.columns, grain: 64) { part in
        for row in 0..<x.rows {
          x[row: row].withSpan { a in
            y[row: row].withSpan { b in
              for column in part { buffer[column] += Double(a[column]) * Double(b[column]) }
            }
          }
        }
      }
      count = x.columns
    }
  }
}

extension TrainingPass {
  /// Adds the magnitudes of what every hidden unit gives in rows with a target, row by row.
  fileprivate func addActivations(of batch: TokenBatch, to sums: inout [[Double]]) {
    let memory = encode(batch)
    for (layer, activations) in memory.layers.enumerated() {
      for row in 0..<batch.tokens.count where batch.targets[row] >= 0 {
        activations.mlp.gated[row: row].withSpan { values in
          for unit in sums[layer].indices { sums[layer][unit] += Double(values[unit].magnitude) }
        }
      }
    }
  }
}
