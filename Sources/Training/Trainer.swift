package import ContentStore
package import LanguageModel
package import Numerics

/// Trains a model in place. The state after a step is a function of the plan, the data, the objective
/// and the initial parameters: threads, the size of micro-batches and a stop between steps change no bit
/// of it.
///
/// Whatever is to be learned, only two things differ: the `BatchSource` says what a step sees, the
/// `Objective` what is made small. The optimiser, phases, averages, metrics, trace and snapshots are here.
package final class Trainer {
  /// The model, with the configuration of the phase that training is in.
  package var model: Transformer { pass.model }
  package let plan: TrainingPlan
  package let objective: any Objective
  /// What is trained in the model's place; nil for the model's own parameters.
  package let reparametrisation: (any Reparametrisation)?
  /// Updates made so far.
  package private(set) var step = 0
  /// What every step so far was like, those before a restored snapshot included.
  package internal(set) var history: [StepRecord] = []
  /// The names of the validation sets, in the order of `StepRecord.validation`.
  package let validationNames: [String]

  var trace = Trace()
  let optimiser: Optimiser
  let source: any BatchSource
  let averages: [Average]
  private let validationSets: [Batch]
  private var pass: TrainingPass
  private let ropeBase: Double
  private let compute: Compute
  private let microBatchRows: Int

  /// - Parameters:
  ///   - validation: held-out batches; those without targets are never measured.
  ///   - reparametrisation: of this model, to be trained in its place; without averages.
  ///   - options: dropout, which numbers its batches by step, and memory.
  ///   - microBatchRows: about how many tokens go through the model at once; bears on memory and
  ///     speed only.
  package init(
    _ model: Transformer, source: any BatchSource, validation: [ValidationSet] = [],
    plan: TrainingPlan, objective: any Objective = NextToken(),
    reparametrisation: (any Reparametrisation)? = nil,
    options: PassOptions = PassOptions(), microBatchRows: Int = 2048, on compute: Compute
  ) {
    self.source = source
    self.plan = plan
    self.objective = objective
    self.reparametrisation = reparametrisation
    self.compute = compute
    self.microBatchRows = microBatchRows
    precondition(
      reparametrisation == nil || plan.averages.isEmpty, "averages are of a model's own parameters")
    optimiser = Optimiser(
      plan.optimiser, weightDecay: plan.weightDecay, form: plan.weightDecayForm,
      widths: plan.widths, multiplier: { reparametrisation?.rateMultiplier($0) ?? 1 },
      for: reparametrisation?.layout ?? model.layout)
    averages = plan.averages.map { Average($0.kind, $0.window, count: model.layout.count) }
    pass = TrainingPass(model, on: compute, options)
    ropeBase = model.configuration.ropeBase
    validationNames = validation.map(\.name)
    validationSets = validation.map(\.batch)
    enterPhase(after: 0)
    reparametrisation?.apply(to: model, on: compute)
  }

  /// Where what is trained lies, and the arena of it.
  package var layout: ParameterLayout { reparametrisation?.layout ?? model.layout }
  var parameters: Floats { reparametrisation?.parameters ?? model.parameters }

  /// The trace so far, JSON Lines (see `Trace`).
  package var traceLines: [UInt8] { trace.text }
  /// The tokens that validation set number `index` has the model predict; −1 where a row predicts none.
  package func validationTokens(_ index: Int = 0) -> [Int32] {
    validationSets.indices.contains(index) ? validationSets[index].tokens.targets : []
  }
  /// Digest of every batch, loss, norm and traced state so far.
  package var rollingDigest: Digest { trace.rolling }

  /// The averages that have begun, by name, as models of the present configuration.
  package func averagedModels() -> [(name: String, model: Transformer)] {
    averages.compactMap { average in
      average.value(after: step, on: compute).map {
        (average.name, Transformer(model.configuration, parameters: $0))
      }
    }
  }

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
    let batch = try source.batch(after: step)
    let phase = enterPhase(after: step)
    pass.beginBatch(step: step)
    let outcome = try objective.learn(batch, by: pass, rows: microBatchRows, check: check)
    pass.endBatch()
    let loss = outcome.loss + pass.balancingLoss
    let gradients =
      reparametrisation?.gradients(of: pass.gradients, on: compute) ?? pass.gradients
    let norm = compute.sumOfSquares(gradients).squareRoot()
    try checkFinite(loss, norm)
    let factor = phase.schedule.factor(after: step - phase.scheduleStart)
    var record = StepRecord(
      step: step + 1, loss: loss, learningRate: phase.schedule.peak * factor,
      gradientNorm: norm,
      tokens: (history.last?.tokens ?? 0)
        + (outcome.tokens ?? batch.tokens.tokens.count),
      metrics: outcome.metrics, validation: [], tensors: [])
    update(&record, gradients, factor)
    reparametrisation?.apply(to: model, on: compute)
    step += 1
    objective.didUpdate(model, after: step, on: compute)
    for average in averages { average.add(model.parameters, after: step, on: compute) }
    try addToTrace(record, batch.tokens)
    record.validation =
      plan.validates(after: step)
      ? try validate() : validationSets.map { _ in Double?.none }
    history.append(record)
    return record
  }

  /// Makes the model that of a step's phase; the parameters stay where they are.
  @discardableResult
  private func enterPhase(after step: Int) -> TrainingPlan.Phase {
    let phase = plan.phase(after: step)
    let base = phase.ropeBase ?? ropeBase
    if base != model.configuration.ropeBase {
      var configuration = model.configuration
      configuration.ropeBase = base
      pass = TrainingPass(
        Transformer(configuration, parameters: model.parameters), on: compute, pass.options)
    }
    return phase
  }

  /// Clips the gradients and moves the parameters.
  private func update(_ record: inout StepRecord, _ gradients: Floats, _ factor: Double) {
    let measures = plan.measuresTensors(after: record.step)
    let norms =
      measures
      ? layout.views.map { compute.sumOfSquares(gradients[$0.range]).squareRoot() } : []
    if let clip = plan.clip {
      compute.scale(gradients, by: Float(min(1, clip / (record.gradientNorm + 1e-6))))
    }
    guard measures else {
      return optimiser.update(
        parameters, gradients: gradients, step: record.step,
        learningRate: record.learningRate, factor: factor, on: compute)
    }
    let changes = optimiser.measuredUpdate(
      parameters, gradients: gradients, step: record.step,
      learningRate: record.learningRate, factor: factor, on: compute)
    record.tensors = zip(norms, changes).map {
      TensorRecord(gradientNorm: $0, parameterNorm: $1.parameterNorm, updateRatio: $1.updateRatio)
    }
  }

  private func addToTrace(_ record: StepRecord, _ batch: TokenBatch) throws(TrainingError) {
    trace.add(record, batch: batch)
    guard plan.traces(after: step) else { return }
    try trace.addLine(
      record, batch: batch, layout: layout, parameters: parameters,
      firstMoments: optimiser.firstMoments, secondMoments: optimiser.secondMoments)
  }

  // MARK: Validation

  /// The objective's loss on every validation set; nil for a set without targets.
  package func validate() throws -> [Double?] { try measure().map { $0?.loss } }

  /// The objective's loss and metrics on every validation set; nil for an empty one.
  package func measure() throws -> [Outcome?] {
    try validationSets.map { set in
      if objective.isVoid(set) { return nil }
      return try objective.measure(set, by: pass, rows: microBatchRows, check: {})
    }
  }

  /// The losses that other parameters of this model give.
  package func validate(with parameters: Floats) throws -> [Double?] {
    // Between steps nobody needs the gradients: they keep the model's own parameters meanwhile.
    let own = pass.gradients
    own.copy(from: model.parameters)
    defer { model.parameters.copy(from: own) }
    model.parameters.copy(from: parameters)
    return try validate()
  }

  // MARK: Stopping and going on

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
    // The state after a step is still in that step's phase.
    enterPhase(after: max(0, step - 1))
    reparametrisation?.apply(to: model, on: compute)
  }
}
