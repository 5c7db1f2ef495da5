package import Numerics

/// Makes a mixture of experts of a dense model, as Qwen2-57B-A14B was made (Yang et al. 2024, §2.2.2; papers.md §2.1):
/// the MLP is copied ⌈n · h_E / h_FFN⌉ times, every copy is shuffled along its intermediate dimension, the copies one
/// after the other are cut into n experts of width h_E and the rest is dropped; then a share of every routed expert's
/// parameters, each with that probability, is drawn anew.
///
/// The report says nothing of the shared expert, the router and the gate. Here the router starts N(0, deviation); the
/// shared expert is made of the dense MLP's units in their order, then, where it is wider, of those of one more
/// shuffled copy; its gate starts at 0, which lets half of its output through.
package struct Upcycling: Sendable {
  /// How the shared expert starts.
  package enum Shared: String, CaseIterable, Sendable {
    /// The units, whose columns of the down projection are scaled so that the gated shared expert is the dense MLP: by 2,
    /// divided among a unit's copies. Where it is narrower, by 2 · h_FFN / width.
    case preserve
    /// The units as they are.
    case copy
    /// N(0, deviation).
    case random
  }

  package var experts: ExpertConfiguration
  /// The probability with which a parameter of a routed expert is drawn anew.
  package var reinitialised: Double
  /// The standard deviation of what is drawn for experts; nil for that of the dense tensor.
  package var deviation: Double?
  /// The standard deviation of the router.
  package var routerDeviation: Double
  package var shared: Shared
  package var seed: UInt64

  package init(
    experts: ExpertConfiguration, reinitialised: Double = 0.5, deviation: Double? = nil,
    routerDeviation: Double = 0.02, shared: Shared = .preserve, seed: UInt64
  ) {
    self.experts = experts
    self.reinitialised = reinitialised
    self.deviation = deviation
    self.routerDeviation = routerDeviation
    self.shared = shared
    self.seed = seed
  }

  /// The mixture's configuration. Throws for a dense model whose other parts Qwen2-MoE does not have.
  package func configuration(
    from dense: ModelConfiguration
  ) throws(CheckpointError) -> ModelConfiguration {
    guard dense.architecture == .qwen2 || dense.architecture == .llama, !dense.mlpBias,
      !dense.hasOutputBias
    else {
      throw CheckpointError(
        "a Qwen2, or a Llama without biases, can be made a mixture of experts, not this "
          + dense.architecture.rawValue)
    }
    guard dense.scoreHead == nil else {
      throw CheckpointError("a model with a score head cannot be made a mixture of experts")
    }
    var sparse = dense
    sparse.architecture = .qwen2MoE
    sparse.attentionBias = dense.hasBiases == sparse.architecture.hasBiases ? nil : dense.hasBiases
    sparse.experts = experts
    try sparse.validate()
    _ = try sparse.parameterCount()
    return sparse
  }

  /// The mixture. `heartbeat` is called before every layer.
  package func mixture(
    of dense: Transformer, on compute: Compute, heartbeat: (Int) throws -> Void = { _ in }
  ) throws -> Transformer {
    let configuration = try configuration(from: dense.configuration)
    let model = Transformer(
      configuration, parameters: Floats(count: ModelViews(configuration).layout.count))
    let tensors = Dictionary(
      uniqueKeysWithValues: dense.layout.views.map { ($0.name, dense.parameters[$0.range]) })
    for view in model.layout.views {
      if let own = tensors[view.name] { model.parameters[view.range].copy(from: own) }
    }
    for layer in 0..<configuration.layers {
      try heartbeat(layer)
      guard case .experts(let views) = model.views.layers[layer].block,
        case .mlp(let mlp) = dense.views.layers[layer].block
      else { continue }
      UpcycledLayer(self, layer: layer, dense: dense, mlp: mlp, compute).fill(views, of: model)
    }
    return model
  }
}
