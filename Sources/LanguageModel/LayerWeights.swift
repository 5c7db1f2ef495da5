import Numerics

/// One layer's tensors, in an arena of parameters or of gradients. Query, key and value lie one after
/// the other and so make one matrix, as do gate and up.
struct LayerWeights: Sendable {
  let inputNorm: Floats
  var queryKeyValue: Linear
  var output: Linear
  let mlpNorm: Floats
  var gateUp: Linear
  var down: Linear
  /// Gains over a head; nil in families without.
  let queryNorm: Floats?
  let keyNorm: Floats?
  /// Gains over what attention and the MLP give; nil in families without.
  let attentionNorm: Floats?
  let outputNorm: Floats?

  init(_ views: LayerViews, in arena: Floats) {
    inputNorm = arena[views.inputNorm.range]
    queryKeyValue = Linear(
      Self.matrix([views.query, views.key, views.value], arena),
      bias: Self.vector(views.biases, arena))
    output = Linear(Self.matrix([views.output], arena))
    mlpNorm = arena[views.mlpNorm.range]
    gateUp = Linear(Self.matrix([views.gate, views.up], arena))
    down = Linear(Self.matrix([views.down], arena))
    queryNorm = views.queryNorm.map { arena[$0.range] }
    keyNorm = views.keyNorm.map { arena[$0.range] }
    attentionNorm = views.attentionNorm.map { arena[$0.range] }
    outputNorm = views.outputNorm.map { arena[$0.range] }
  }

  /// Consecutive matrices of equal width as one.
  private static func matrix(_ views: [ParameterView], _ arena: Floats) -> Matrix {
    let rows = views.reduce(0) { $0 + $1.shape[0] }
    let range = views[0].offset..<views[views.count - 1].range.upperBound
    return Matrix(arena[range], rows: rows, columns: views[0].shape[1])
  }

  /// Consecutive vectors as one; nil for none.
  private static func vector(_ views: [ParameterView], _ arena: Floats) -> Floats? {
    guard let first = views.first, let last = views.last else { return nil }
    return arena[first.offset..<last.range.upperBound]
  }

  /// The same weights, quicker to apply again and again.
  func prepared(on compute: Compute) -> LayerWeights {
    var copy = self
    copy.queryKeyValue = queryKeyValue.prepared(on: compute)
    copy.output = output.prepared(on: compute)
    copy.gateUp = gateUp.prepared(on: compute)
    copy.down = down.prepared(on: compute)
    return copy
  }
}
