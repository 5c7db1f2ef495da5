package import Numerics

/// Masks of the hidden units of a model's gated MLPs, learned from scores (AFM; Gunter et al. 2024):
///
///     MLP(x) = Wdown (m ⊙ (f(Wgate x) ⊙ Wup x)),  m = soft-top-k(scores)
///
/// A mask is the factor of a column of Wdown, so the masked model is an ordinary one, whose Wdown is
/// Wdown · diag(m): passes need know nothing of masks, and a model without them is not touched.
package struct UnitMasks: Sendable {
  /// The scores, `scores.LAYER`, after the model's own tensors where those are trained too.
  package let layout: ParameterLayout
  package let parameters: Floats
  private let softTopK: SoftTopK
  /// Units to keep in every layer.
  private let count: Int
  private let layers: [Layer]
  /// The model's parameters without masks.
  private let unmasked: Floats
  private let trainsModel: Bool

  private struct Layer: Sendable {
    var down: ParameterView
    var scores: ParameterView
  }

  /// - Parameters:
  ///   - scores: what each unit's begins with, by layer.
  ///   - trainsModel: whether the model's own parameters are trained with the scores.
  package init(
    _ softTopK: SoftTopK, keeping count: Int, of model: Transformer, scores: [[Double]],
    trainsModel: Bool
  ) throws(CheckpointError) {
    try UnitPruning.check(model.configuration, keeping: count)
    var layout = trainsModel ? model.layout : ParameterLayout()
    layers = try UnitPruning.views(of: model).enumerated().map { index, views in
      Layer(
        down: views.down,
        scores: layout.add("scores.\(index)", [model.configuration.intermediate], .norm))
    }
    self.softTopK = softTopK
    self.count = count
    self.layout = layout
    self.trainsModel = trainsModel
    parameters = Floats(count: layout.count)
    if trainsModel {
      unmasked = parameters[0..<model.parameters.count]
      unmasked.copy(from: model.parameters)
    } else {
      unmasked = model.copy().parameters
    }
    for (layer, values) in zip(layers, scores) {
      parameters[layer.scores.range].copy(from: Floats(values.map { Float($0) }))
    }
  }

  /// Whether a tensor of `layout` holds scores.
  package func isScores(_ view: ParameterView) -> Bool {
    layers.contains { $0.scores == view }
  }

  /// Every layer's scores.
  package var scores: [[Double]] {
    layers.map { parameters[$0.scores.range].array.map { Double($0) } }
  }

  /// Every layer's masks.
  package var masks: [[Double]] { scores.map { softTopK.masks($0, keeping: count) } }

  /// Writes the masked model's parameters.
  package func apply(to model: Transformer, on compute: Compute) {
    model.parameters.copy(from: unmasked)
    for (layer, masks) in zip(layers, masks) {
      scaleColumns(layer.down, of: model.parameters, by: masks, on: compute)
    }
  }

  /// Gradients by `layout`, given those of the masked model's parameters: of a mask, its column's
  /// Σ dW · Wdown; of Wdown, dW · m.
  package func gradients(of whole: Floats, on compute: Compute) -> Floats {
    let result = Floats(count: layout.count)
    if trainsModel { result[0..<whole.count].copy(from: whole) }
    for (layer, scores) in zip(layers, scores) {
      let slopes = columnProducts(layer.down, whole, on: compute)
      let gradient = softTopK.gradient(slopes, scores: scores, keeping: count)
      result[layer.scores.range].copy(from: Floats(gradient.map { Float($0) }))
      guard trainsModel else { continue }
      scaleColumns(
        layer.down, of: result, by: softTopK.masks(scores, keeping: count), on: compute)
    }
    return result
  }

  private func scaleColumns(
    _ view: ParameterView, of arena: Floats, by factors: [Double], on compute: Compute
  ) {
    let (matrix, factors) = (UnitPruning.matrix(view, arena), factors.map { Float($0) })
    compute.split(matrix.rows, grain: 8) { part in
      for row in part {
        matrix[row: row].withMutableSpan { values in
          for column in factors.indices { values[column] *= factors[column] }
        }
      }
    }
  }

  /// Σ over rows of slope · weight, by column.
  private func columnProducts(
    _ view: ParameterView, _ slopes: Floats, on compute: Compute
  ) -> [Double] {
    let weights = UnitPruning.matrix(view, unmasked)
    return UnitPruning.columnSums(of: UnitPruning.matrix(view, slopes), times: weights, on: compute)
  }
}
