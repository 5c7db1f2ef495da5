/// What one step was like.
package struct StepRecord: Hashable, Sendable {
  /// From 1 after the first update.
  package var step: Int
  /// The batch's loss before the update, with the router's balancing loss of a mixture of experts.
  package var loss: Double
  package var learningRate: Double
  /// L2 norm of the gradient before clipping.
  package var gradientNorm: Double
  /// Tokens seen so far, this step's included.
  package var tokens: Int
  /// The objective's own metrics of the batch, as its `metricNames` name them.
  package var metrics: [Double]
  /// Loss on each validation set after the update; nil where this step measured none.
  package var validation: [Double?]
  /// What the update did to each tensor, in the layout's order; empty when this step did not measure.
  package var tensors: [TensorRecord]

  /// Loss on the first validation set.
  package var validationLoss: Double? { validation.first ?? nil }

  /// Whether the gradients were scaled down to a limit.
  package func isClipped(to limit: Double) -> Bool { limit / (gradientNorm + 1e-6) < 1 }
}

/// What one update did to one tensor.
package struct TensorRecord: Hashable, Sendable {
  /// L2 norm of the gradient before clipping.
  package var gradientNorm: Double
  /// L2 norm of the parameters after the update.
  package var parameterNorm: Double
  /// L2 norm of the update, as a fraction of `parameterNorm`.
  package var updateRatio: Double
}

/// Held-out data by name.
package struct ValidationSet: Sendable {
  package var name: String
  package var batch: Batch

  package init(_ name: String, _ batch: Batch) {
    self.name = name
    self.batch = batch
  }
}
