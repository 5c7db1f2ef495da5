package import LanguageModel
package import Numerics

/// Parameters that are trained in place of a model's own, which are a function of them: an adapter's
/// matrices, or scores of units beside the weights. The trainer writes the model's parameters anew after
/// every update, so that forward and backward passes, micro-batches and validation are those of any
/// model; only these have moments, norms, traces and places in snapshots.
package protocol Reparametrisation: Sendable {
  var layout: ParameterLayout { get }
  /// Trained in place, placed by `layout`.
  var parameters: Floats { get }
  /// Writes the parameters of the model that the present `parameters` stand for.
  func apply(to model: Transformer, on compute: Compute)
  /// ∂loss/∂parameters by `layout`, given that of the model's parameters.
  func gradients(of whole: Floats, on compute: Compute) -> Floats
  /// What a tensor's learning rate is multiplied by.
  func rateMultiplier(_ view: ParameterView) -> Double
}

extension Reparametrisation {
  package func rateMultiplier(_ view: ParameterView) -> Double { 1 }
}

/// A low-rank adapter that is trained on a frozen model.
package struct AdapterTraining: Reparametrisation {
  package let adapter: Adapter
  private let base: Transformer

  /// - Parameter base: keeps its parameters.
  package init(_ adapter: Adapter, on base: Transformer) {
    self.adapter = adapter
    self.base = base
  }

  package var layout: ParameterLayout { adapter.layout }
  package var parameters: Floats { adapter.parameters }

  package func apply(to model: Transformer, on compute: Compute) {
    adapter.apply(to: model, base: base, on: compute)
  }

  package func gradients(of whole: Floats, on compute: Compute) -> Floats {
    adapter.gradients(of: whole, on: compute)
  }
}

/// Scores of hidden units, trained on a frozen model or with it.
package struct MaskTraining: Reparametrisation {
  package let masks: UnitMasks
  private let scoreRate: Double

  /// - Parameter scoreRate: the scores' learning rate as a multiple of the plan's.
  package init(_ masks: UnitMasks, scoreRate: Double) {
    self.masks = masks
    self.scoreRate = scoreRate
  }

  package var layout: ParameterLayout { masks.layout }
  package var parameters: Floats { masks.parameters }

  package func apply(to model: Transformer, on compute: Compute) {
    masks.apply(to: model, on: compute)
  }

  package func gradients(of whole: Floats, on compute: Compute) -> Floats {
    masks.gradients(of: whole, on: compute)
  }

  package func rateMultiplier(_ view: ParameterView) -> Double {
    masks.isScores(view) ? scoreRate : 1
  }
}
