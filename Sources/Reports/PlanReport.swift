package import Pipeline

/// A plan's numbers: per stage, in all, per device, and beside those of the paper.
package struct PlanReport: Sendable {
  /// One stage.
  package struct Line: Sendable {
    package var stage: ResolvedStage
    package var estimate: Estimate?
    /// On this machine; nil where nothing is predicted.
    package var seconds: Double?
    /// Whether `seconds` is what the stage took in an earlier run, not from a measurement.
    package var isEarlier = false
  }

  /// A number of the paper beside ours.
  package struct Comparison: Sendable {
    package var size: String
    package var quantity: Reported.Plan.Quantity
    package var reported: Double
    /// Nil when the experiment says nothing of it.
    package var planned: Double?
    package var source: String

    /// (ours − theirs) / theirs, in per cent.
    package var percent: Double? { planned.map { ($0 / reported - 1) * 100 } }
  }

  package var lines: [Line]
  package let layout: ParallelLayout?
  package let accelerators: Accelerators?

  package init(
    _ experiment: ResolvedExperiment, layout: ParallelLayout? = nil,
    accelerators: Accelerators? = nil
  ) {
    let estimates = experiment.estimates
    lines = experiment.stages.map { Line(stage: $0, estimate: estimates[$0.name]) }
    self.layout = layout
    self.accelerators = accelerators
  }

  /// The training in a stage that asks most of a device: the longest sequences.
  package static func heaviest(_ estimate: Estimate?) -> ModelWork? {
    estimate?.work.filter { $0.kind == .training }.max { $0.sequence < $1.sequence }
  }

  package var flops: Double { lines.compactMap { $0.estimate?.flops }.reduce(0, +) }
  package var attentionFlops: Double {
    lines.compactMap { $0.estimate?.attentionFlops }.reduce(0, +)
  }
  package var tokens: Double { lines.compactMap { $0.estimate?.tokens }.reduce(0, +) }
  package var storage: Double { lines.compactMap { $0.estimate?.storageBytes }.reduce(0, +) }
  /// Of the stages for which there is a prediction.
  package var seconds: Double? {
    let known = lines.compactMap(\.seconds)
    return known.isEmpty ? nil : known.reduce(0, +)
  }

  /// The paper's numbers beside ours, in the paper's order.
  package func comparisons(with reported: Reported) -> [Comparison] {
    reported.plans.flatMap { plan in
      let estimate = plan.stage.flatMap { name in
        lines.first { $0.stage.name == name }?.estimate
      }
      return plan.values.map { quantity, value in
        Comparison(
          size: plan.size, quantity: quantity, reported: value,
          planned: planned(quantity, estimate, plan), source: plan.source)
      }
    }
  }

  private func planned(
    _ quantity: Reported.Plan.Quantity, _ estimate: Estimate?, _ plan: Reported.Plan
  ) -> Double? {
    guard let estimate else { return nil }
    let model = estimate.model
    switch quantity {
    case .parameters: return estimate.parameters
    case .activeParameters: return model?.activeParameters
    case .embeddingParameters: return model?.embeddingParameters
    case .bodyParameters: return model?.bodyParameters
    case .tokens: return estimate.tokens
    case .flops: return estimate.flops
    case .gpuHours: return hours(plan)
    }
  }

  /// Of the whole experiment.
  private func hours(_ plan: Reported.Plan) -> Double? {
    guard let flops = accelerators?.flops ?? plan.deviceFlops,
      let utilisation = accelerators?.utilisation ?? plan.utilisation
    else { return nil }
    return Accelerators(devices: 1, flops: flops, utilisation: utilisation)
      .deviceHours(self.flops)
  }
}
