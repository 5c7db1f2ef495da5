package import LanguageModel
package import Numerics
package import ContentStore

/// Trains a model in place. The state after a step is a function of the plan, the data and the initial
/// parameters: threads, the size of micro-batches and a stop between steps change no bit of it.
package final class Trainer {
  package let model: Transformer
  package let plan: TrainingPlan
  /// Updates made so far.
  package private(set) var step = 0
  /// What every step so far was like, those before a restored snapshot included.
  package internal(set) var history: [StepRecord] = []

  var trace = Trace()
  let optimiser: Optimiser
  private let objective: any Objective
  private let data: TokenStream
  private let order: DataOrder
  private let validation: [TokenBatch]
  private let validationTargets: Int
  private let pass: TrainingPass
  private let compute: Compute
  private let microBatchRows: Int

  /// - Parameters:
  ///   - validation: nil, or tokens of which the first rows are looked at.
  ///   - microBatchRows: about how many tokens go through the model at once; bears on memory and
  ///     speed only.
  package init(
    _ model: Transformer, data: TokenStream, validation: TokenStream? = nil, plan: TrainingPlan,
    objective: any Objective = NextToken(), microBatchRows: Int = 2048, on compute: Compute
  ) throws(TrainingError) {
    self.model = model
    self.data = data
    self.plan = plan
    self.objective = objective
    self.compute = compute
    self.microBatchRows = microBatchRows
    order = try DataOrder(data, batch: plan.batch, sequence: plan.sequence, seed: plan.seed)
    optimiser = Optimiser(plan.optimiser, weightDecay: plan.weightDecay, for: model.layout)
    pass = TrainingPass(model, on: compute)
    let batch = validation.map { Self.validationBatch($0, plan) }
    self.validation = batch?.parts(rows: microBatchRows) ?? []
    validationTargets = batch?.targetCount ?? 0
  }

  /// The trace so far, JSON Lines (see `Trace`).
  package var traceLines: [UInt8] { trace.text }
  /// The tokens that validation has the model predict; −1 where a row predicts none.
  package var validationTokens: [Int32] { validation.flatMap(\.targets) }
  /// Digest of every batch, loss, norm and traced state so far.
  package var rollingDigest: Digest { trace.rolling }

  /// Trains to the plan's last step.
  /// - Parameters:
  ///   - check: is called between the micro-batches of a step and may throw to stop; the state is
  ///     then that of the step before.
  ///   - onStep: hears of each step when its state is whole, so that it may take a snapshot; it may
  ///     throw to stop.
  package func run(
    check: () throws -> Void = {}, _ onStep: (StepRecord) throws -> Void
  ) throws {
    while step < plan.steps { try onStep(try advance(check: check)) }
  }

  /// Makes one update, and measures, validates and traces as the plan says.
  @discardableResult
  package func advance(check: () throws -> Void = {}) throws -> StepRecord {
    let batch = data.batch(order.ranges(after: step))
    pass.beginBatch()
    let loss = try accumulate(batch, check)
    pass.endBatch()
    let norm = compute.sumOfSquares(pass.gradients).squareRoot()
    try checkFinite(loss, norm)
    if let clip = plan.clip {
      compute.scale(pass.gradients, by: Float(min(1, clip / (norm + 1e-6))))
    }
    let rate = plan.schedule.rate(after: step)
    step += 1
    optimiser.update(
      model.parameters, gradients: pass.gradients, step: step, learningRate: rate, on: compute)
    var record = StepRecord(
      step: step, loss: loss, learningRate: rate, gradientNorm: norm,
      tokens: (history.last?.tokens ?? 0) + batch.tokens.count, validationLoss: nil)
    try addToTrace(record, batch)
    if plan.validates(after: step) { record.validationLoss = validationLoss() }
    history.append(record)
    return record
  }

  /// Runs the model forward and back over a batch, and gives its loss.
  private func accumulate(_ batch: TokenBatch, _ check: () throws -> Void) throws -> Double {
    let parts = batch.parts(rows: microBatchRows)
    var logProbabilities: [Float] = []
    if objective.isSeparable || parts.count == 1 {
      for part in parts {
        if !logProbabilities.isEmpty { try check() }
        let values = pass.forward(part)
        pass.backward(part, slopes: objective.slopes(values, of: part))
        logProbabilities += values
      }
      return objective.loss(logProbabilities, of: batch)
    }
    for part in parts {
      logProbabilities += pass.forward(part)
      try check()
    }
    let slopes = objective.slopes(logProbabilities, of: batch)
    var start = 0
    for part in parts {
      try check()
      _ = pass.forward(part)
      let end = start + part.tokens.count
      pass.backward(part, slopes: Array(slopes[start..<end]))
      start = end
    }
    return objective.loss(logProbabilities, of: batch)
  }

  private func addToTrace(_ record: StepRecord, _ batch: TokenBatch) throws(TrainingError) {
    trace.add(record, batch: batch)
    guard plan.traces(after: step) else { return }
    try trace.addLine(
      record, batch: batch, layout: model.layout, parameters: model.parameters,
      firstMoments: optimiser.firstMoments, secondMoments: optimiser.secondMoments)
  }

  /// Mean negative log-probability of the validation targets, in nats; nil when there are none.
  package func validationLoss() -> Double? {
    guard validationTargets > 0 else { return nil }
    var sum = 0.0
    for part in validation {
      for value in pass.forward(part) { sum += Double(value) }
    }
    return -sum / Double(validationTargets)
  }

  private static func validationBatch(_ stream: TokenStream, _ plan: TrainingPlan) -> TokenBatch {
    let starts = stride(from: 0, to: stream.tokens.count, by: plan.sequence)
    return stream.batch(
      starts.prefix(plan.validationSequences).map {
        $0..<min($0 + plan.sequence, stream.tokens.count)
      })
  }

  /// Stops on numbers that are none, before they reach the parameters.
  private func checkFinite(_ loss: Double, _ norm: Double) throws(TrainingError) {
    if loss.isFinite, norm.isFinite { return }
    // The tensor nearest to the loss is where it began, as far as gradients tell.
    let culprit = model.layout.views.reversed().lazy.compactMap { view in
      self.compute.firstNonFinite(self.pass.gradients[view.range]).map { (view, $0) }
    }.first
    let place = culprit.map { view, index in
      let value = Self.text(Double(pass.gradients[view.offset + index]))
      return "; the gradient of \(view.name) is \(value) at element \(index)"
    }
    throw TrainingError(
      "step \(step + 1): the loss is \(Self.text(loss)) and the gradient norm \(Self.text(norm))"
        + "\(place ?? ""); lower the learning rate or lengthen the warm-up")
  }

  /// A number for people; the sign of a NaN says nothing.
  private static func text(_ value: Double) -> String { value.isNaN ? "nan" : "\(value)" }

  /// Puts back what a snapshot held.
  func restore(step: Int, history: [StepRecord], trace: Trace) {
    self.step = step
    self.history = history
    self.trace = trace
  }
}
