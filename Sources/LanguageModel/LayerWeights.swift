import Numerics

/// A gated MLP's maps. Gate and up lie one after the other and so make one matrix.
struct MLPWeights: Sendable {
  var gateUp: Linear
  var down: Linear

  init(_ views: MLPViews, in arena: Floats) {
    gateUp = Linear([views.gate, views.up], biases: views.biases, in: arena)
    down = Linear([views.down], biases: views.downBias.map { [$0] } ?? [], in: arena)
  }

  /// Each map by `change`.
  func mapped(_ change: (Linear) -> Linear) -> MLPWeights {
    var copy = self
    copy.gateUp = change(gateUp)
    copy.down = change(down)
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

  func mapped(_ change: (Linear) -> Linear) -> ExpertWeights {
    var copy = self
    copy.router = change(router)
    copy.routed = routed.map { $0.mapped(change) }
    copy.shared = shared.mapped(change)
    copy.sharedGate = change(sharedGate)
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

  /// The same weights, quicker to apply again and again (`Linear.prepared`).
  func prepared(withBack: Bool = false, on compute: Compute) -> LayerWeights {
    mapped { $0.prepared(withBack: withBack, on: compute) }
  }

  /// Reads prepared weights anew.
  func refresh(on compute: Compute) {
    _ = mapped {
      $0.refresh(on: compute)
      return $0
    }
  }

  private func mapped(_ change: (Linear) -> Linear) -> LayerWeights {
    var copy = self
    copy.queryKeyValue = change(queryKeyValue)
    copy.output = change(output)
    copy.block =
      switch block {
      case .mlp(let mlp): .mlp(mlp.mapped(change))
      case .experts(let experts): .experts(experts.mapped(change))
      }
    return copy
  }
}
