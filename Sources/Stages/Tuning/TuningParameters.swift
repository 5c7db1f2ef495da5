import Pipeline
import Training

/// The parameters that every op shares which trains a given checkpoint on records: how long, in what
/// batches, by which optimiser, and which states it keeps.
struct TuningParameters: StageParameters {
  let optimiser: OptimiserParameters
  let epochs: Double
  let steps: Int?
  let batch: Int
  let maximumLength: Int?
  /// A template's name or Jinja text; empty for the checkpoint's own.
  let template: String
  let states: StateParameters
  let averages: AverageParameters
  /// What a batch counts, in the plural.
  private let item: String

  init(from reader: inout ParameterReader) throws(ParameterError) {
    try self.init(from: &reader, .tuning(2e-5))
  }

  /// - Parameters:
  ///   - defaults: of the optimiser.
  ///   - item: what a batch counts, in the plural.
  init(
    from reader: inout ParameterReader, _ defaults: OptimiserParameters.Defaults,
    epochs: Double = 1, batch: Int = 16, item: String = "examples"
  ) throws(ParameterError) {
    self.item = item
    self.epochs = try reader.number(
      "epochs", default: epochs, in: 0...1e6, "Times that the \(item) are gone over.")
    steps = try reader.optionalInteger(
      "steps", in: 1...(1 << 40), unit: "steps", "Updates; left out, what epochs come to.")
    self.batch = try reader.integer(
      "batch", default: batch, in: 1...(1 << 24), unit: item, "\(item) of one update.")
    optimiser = try OptimiserParameters(from: &reader, defaults)
    maximumLength = try reader.optionalInteger(
      "maxLength", in: 2...(1 << 24), unit: "tokens",
      "Longer sequences keep their beginning; by default as long as the model is meant for.")
    template = try reader.string(
      "template", default: "",
      "How conversations become text: chatml, qwen2, llama3, gemma, plain or Jinja; empty for the "
        + "checkpoint's own, else plain.")
    states = try StateParameters(from: &reader)
    averages = try AverageParameters(from: &reader)
    guard let steps, !reader.isListing else { return }
    if !reader.isRecorded { try optimiser.check(steps: steps) }
    try check(steps: steps)
  }

  /// Refuses states and averages of steps that there are not.
  func check(steps: Int) throws(ParameterError) {
    try averages.check(steps: steps)
    try states.check(steps: steps)
  }

  package func check(
    goingOnFrom parent: TuningParameters, after step: Int
  ) throws(ParameterError) {
    let reason = "it says which \(item) come in which step, before the snapshot too"
    try checkSame("batch", batch, as: parent.batch, because: reason)
    try checkSame("maxLength", maximumLength, as: parent.maximumLength, because: reason)
    try checkSame("template", template, as: parent.template, because: reason)
    try averages.check(goingOnFrom: parent.averages, after: step)
  }

  /// Updates for so many items.
  /// - Parameter updates: how many each batch serves.
  func steps(items: Int, updates: Int = 1) -> Int {
    steps ?? updates * ItemOrder.steps(epochs: epochs, count: items, size: batch)
  }

  /// - Parameter hidden: the model's width.
  func plan(steps: Int, hidden: Int) -> TrainingPlan {
    var plan = optimiser.plan(
      phases: [.init(steps: steps, schedule: optimiser.schedule(steps: steps))], hidden: hidden)
    states.set(in: &plan)
    plan.averages = averages.averages(steps: steps)
    return plan
  }
}

/// How often a training op measures, and which states it keeps.
struct StateParameters: StageParameters {
  let validationEvery: Int
  let snapshotEvery: Int
  let snapshotAt: [Int]
  let traceEvery: Int
  let tensorMetricsEvery: Int

  init(from reader: inout ParameterReader) throws(ParameterError) {
    try self.init(from: &reader, validationEvery: 0)
  }

  /// - Parameter validationEvery: taken where the experiment says nothing.
  init(
    from reader: inout ParameterReader, validationEvery interval: Int
  ) throws(ParameterError) {
    validationEvery = try reader.integer(
      "validationEvery", default: interval, unit: "steps",
      "Steps between validations; 0 validates after the last step only.")
    snapshotEvery = try reader.integer(
      "snapshotEvery", default: 0, unit: "steps",
      "Steps between training states that are kept as an output; 0 keeps none.")
    let steps = try reader.numbers(
      "snapshotAt", default: [], in: 1...0x1p40, unit: "steps",
      "More steps whose training states are kept.")
    var whole: [Int] = []
    for (index, number) in steps.enumerated() {
      guard let step = Int(exactly: number) else {
        throw ParameterError(path: "snapshotAt[\(index)]", message: "must be a whole number")
      }
      whole.append(step)
    }
    snapshotAt = whole
    tensorMetricsEvery = try reader.integer(
      "tensorMetricsEvery", default: 0, unit: "steps",
      "Steps between metrics of every tensor's gradient, size and update; 0 makes none.")
    traceEvery = try reader.integer(
      "traceEvery", default: 100, unit: "steps",
      "Steps between lines of the trace that a replay compares; 0 writes the last only.")
  }

  /// What the fields must be to the number of steps.
  func check(steps: Int) throws(ParameterError) {
    for (index, step) in snapshotAt.enumerated() where step > steps {
      throw ParameterError(
        path: "snapshotAt[\(index)]", message: "is step \(step), beyond the last, \(steps)")
    }
  }

  func set(in plan: inout TrainingPlan) {
    plan.validationEvery = validationEvery
    plan.traceEvery = traceEvery
    plan.tensorMetricsEvery = tensorMetricsEvery
  }

  /// Whether the state after a step is kept.
  func keeps(_ step: Int) -> Bool {
    (snapshotEvery > 0 && step % snapshotEvery == 0) || snapshotAt.contains(step)
  }
}
