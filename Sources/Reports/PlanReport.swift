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
  /// - Parameter described: the estimate of a model that the paper describes and no stage trains.
  package func comparisons(
    with reported: Reported, _ described: (Reported.Plan) throws -> Estimate?
  ) throws -> [Comparison] {
    var rows: [Comparison] = []
    for plan in reported.plans {
      let own = lines.first { $0.stage.name == plan.stage }?.estimate
      let estimate = plan.stage == nil ? try described(plan) : own
      rows += plan.values.map { quantity, value in
        Comparison(
          size: plan.size, quantity: quantity, reported: value,
          planned: planned(quantity, estimate, plan), source: plan.source)
      }
    }
    return rows
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
    case .gpuHours: return hours(plan, plan.stage == nil ? estimate.flops : flops)
    }
  }

  /// Of all stages, or of a model that no stage trains.
  private func hours(_ plan: Reported.Plan, _ operations: Double?) -> Double? {
    guard let operations, let flops = accelerators?.flops ?? plan.deviceFlops,
      let utilisation = accelerators?.utilisation ?? plan.utilisation
    else { return nil }
    return Accelerators(devices: 1, flops: flops, utilisation: utilisation)
      .deviceHours(operations)
  }
}
