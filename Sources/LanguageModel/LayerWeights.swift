import Numerics

/// A gated MLP's maps. Gate and up lie one after the other and so make one matrix.
struct MLPWeights: Sendable {
  var gateUp: Linear
  var down: Linear

  init(_ views: MLPViews, in arena: Floats) {
    gateUp = Linear([views.gate, views.up], biases: views.biases, in: arena)
    down = Linear([views.down], biases: views.downBias.map { [$0] } ?? [], in: arena)
  }

  /// The same weights, quicker to apply again and again.
  func prepared(on compute: Compute) -> MLPWeights {
    var copy = self
    copy.gateUp = gateUp.prepared(on: compute)
    copy.down = down.prepared(on: compute)
    return copy
  }
}

/// The maps of a layer of experts.
struct ExpertWeights: Sendable {
  var router: Linear
  var routed: [MLPWeights]
  var shared: MLPWeights
  var sharedGate: Linear

  init(_ views: ExpertViews, in arena: Floats) {
    router = Linear([views.router], in: arena)
    routed = views.routed.map { MLPWeights($0, in: arena) }
    shared = MLPWeights(views.shared, in: arena)
    sharedGate = Linear([views.sharedGate], in: arena)
  }

  func prepared(on compute: Compute) -> ExpertWeights {
    var copy = self
    copy.router = router.prepared(on: compute)
    copy.routed = routed.map { $0.prepared(on: compute) }
    copy.shared = shared.prepared(on: compute)
    copy.sharedGate = sharedGate.prepared(on: compute)
    return copy
  }
}

/// One layer's tensors, in an arena of parameters or of gradients. Query, key and value lie one after
/// the other and so make one matrix.
struct LayerWeights: Sendable {
  /// What follows attention.
  enum Block: Sendable {
    case mlp(MLPWeights)
    case experts(ExpertWeights)
  }

  let inputNorm: Floats
  var queryKeyValue: Linear
  var output: Linear
  let mlpNorm: Floats
  var block: Block
  /// Gains over a head; nil in families without.
  let queryNorm: Floats?
  let keyNorm: Floats?
  /// Gains over what attention and the MLP give; nil in families without.
  let attentionNorm: Floats?
  let outputNorm: Floats?

  init(_ views: LayerViews, in arena: Floats) {
    inputNorm = arena[views.inputNorm.range]
    queryKeyValue = Linear([views.query, views.key, views.value], biases: views.biases, in: arena)
    output = Linear([views.output], biases: views.outputBias.map { [$0] } ?? [], in: arena)
    mlpNorm = arena[views.mlpNorm.range]
    block =
      switch views.block {
      case .mlp(let mlp): .mlp(MLPWeights(mlp, in: arena))
      case .experts(let experts): .experts(ExpertWeights(experts, in: arena))
      }
    queryNorm = views.queryNorm.map { arena[$0.range] }
    keyNorm = views.keyNorm.map { arena[$0.range] }
    attentionNorm = views.attentionNorm.map { arena[$0.range] }
    outputNorm = views.outputNorm.map { arena[$0.range] }
  }

  /// The same weights, quicker to apply again and again.
  func prepared(on compute: Compute) -> LayerWeights {
    var copy = self
    copy.queryKeyValue = queryKeyValue.prepared(on: compute)
    copy.output = output.prepared(on: compute)
    copy.block =
      switch block {
      case .mlp(let mlp): .mlp(mlp.prepared(on: compute))
      case .experts(let experts): .experts(experts.prepared(on: compute))
      }
    return copy
  }
}
