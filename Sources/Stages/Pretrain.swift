import Corpus
package import Pipeline
import Training

/// Trains a new decoder, or a given one further, to predict the next token.
package enum Pretrain: Stage {
  package struct Parameters: StageParameters {
    /// Nil to go on with a checkpoint.
    let model: ModelParameters?
    let optimiser: OptimiserParameters
    /// What the stage is made of, in order; one phase when none are written.
    let phases: [Phase]
    let averages: AverageParameters
    let initialDeviation: Double
    let states: StateParameters
    let validationBatches: Int

    /// A phase, its sizes worked out.
    struct Phase: Sendable {
      var data: DataPhase
      var own: PhaseParameters?
    }

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      try self.init(from: &reader, ofOwnParameters: true)
    }

    /// - Parameter ofOwnParameters: whether a decoder's own parameters are trained, so that it may be a
    ///   new one and there may be averages.
    init(
      from reader: inout ParameterReader, ofOwnParameters: Bool
    ) throws(ParameterError) {
      model =
        ofOwnParameters
        ? try reader.optionalObject(
          "model",
          "What a new decoder is made of; left out, the input checkpoint is trained further."
        ) { (reader) throws(ParameterError) in try ModelParameters(from: &reader) } : nil
      phases = try PhaseReader.read(&reader)
      optimiser = try OptimiserParameters(from: &reader)
      averages = ofOwnParameters ? try AverageParameters(from: &reader) : AverageParameters()
      initialDeviation =
        ofOwnParameters
        ? try reader.number(
          "initialDeviation", default: 0.02, in: 0...10,
          "Standard deviation of a new decoder's matrices and embeddings at first.") : 0
      validationBatches = try reader.integer(
        "validationBatches", default: 8, in: 1...(1 << 40), unit: "batches",
        "The most batches of the first phase's size that are looked at in a validation.")
      states = try StateParameters(from: &reader, validationEvery: 100)
      if reader.isListing { return }
      if !reader.isRecorded { try checkFalls() }
      try averages.check(steps: steps)
      try states.check(steps: steps)
    }

    /// What the stage's schedule must be to its steps, and a phase's own to the phase's.
    private func checkFalls() throws(ParameterError) {
      for (index, phase) in phases.enumerated() {
        guard let own = phase.own, own.schedule == .wsd else { continue }
        try own.rates(optimiser, start: 0, steps: phase.data.steps, total: steps).schedule
          .checkFall("phases[\(index)].decaySteps", "the phase has")
      }
      try optimiser.check(steps: steps)
    }

    package func check(
      goingOnFrom parent: Parameters, after step: Int
    ) throws(ParameterError) {
      try averages.check(goingOnFrom: parent.averages, after: step)
    }

    /// Updates in all.
    var steps: Int { phases.reduce(0) { $0 + $1.data.steps } }
    /// Tokens trained on.
    var tokens: Int { phases.reduce(0) { $0 + $1.data.tokens } }
    /// The longest sequence of any phase.
    var longestSequence: Int { phases.map(\.data.sequence).max() ?? 1 }
    /// The token inputs that phases draw from, the main one first.
    var sources: [String] {
      let names = Set(phases.flatMap(\.data.mix.names)).subtracting([mainSource])
      return [mainSource] + names.sorted()
    }

    /// - Parameter hidden: the model's width.
    func plan(hidden: Int) -> TrainingPlan {
      var start = 0
      let rates = phases.map { phase in
        let (own, steps) = (phase.own, phase.data.steps)
        defer { start += steps }
        let curve: (schedule: Schedule, start: Int) =
          own?.rates(optimiser, start: start, steps: steps, total: self.steps)
          ?? (optimiser.schedule(steps: self.steps), 0)
        return TrainingPlan.Phase(
          steps: steps, schedule: curve.schedule, scheduleStart: curve.start,
          ropeBase: own?.ropeBase)
      }
      var plan = optimiser.plan(phases: rates, hidden: hidden)
      states.set(in: &plan)
      plan.averages = averages.averages(steps: steps)
      return plan
    }
  }

  package static let op = "pretrain"
  package static let revision = 2
  package static let summary =
    "Train a new decoder, or a given one further, to predict the next token."
  package static let usesSeed = true
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    var ports = Ports(
      inputs: [
        Port(
          mainSource, .tokens,
          "What to train on, unless a mix says otherwise; its held-out part is the validation."),
        Port("tokenizer", .tokenizer, "The tokenizer that made the tokens."),
        Port(
          "checkpoint", .checkpoint, "The model to train further, when model is left out.",
          optional: true),
        Port(
          "snapshot", .any, "A training state to start from; `exp branch --at STAGE@STEP` sets it.",
          optional: true),
      ],
      outputs: [
        Port("checkpoint", .checkpoint, "The trained model, as a Hugging Face folder."),
        Port(
          "snapshots", .snapshots,
          "Training states by step, `step-000100.safetensors`; may be empty."
        ),
        Port("trace", .any, "Digests of the training state by step, as JSON Lines."),
      ])
    guard let parameters else {
      ports.otherInputs = .tokens
      ports.outputs += AverageParameters.ports
      return ports
    }
    ports.inputs.removeAll { $0.name == "checkpoint" }
    if parameters.model == nil {
      ports.inputs.append(
        Port("checkpoint", .checkpoint, "The model to train further, as there is no `model`."))
    }
    ports.inputs += parameters.sources.dropFirst().map {
      Port($0, .tokens, "Tokens that a mix names.")
    }
    ports.outputs += parameters.averages.ports()
    return ports
  }

  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let vocabularySize = inputs.vocabularySize()
    let model =
      parameters.model.map { $0.shape(vocabularySize: vocabularySize) }
      ?? inputs.model("checkpoint")
    let stretches = parameters.phases.map(\.data).map { phase in
      Estimates.Stretch(
        tokens: Double(phase.tokens), sequence: phase.sequence,
        batchTokens: Double(phase.batch * phase.sequence))
    }
    guard let model, var estimate = Estimates.training(model, stretches: stretches) else {
      return nil
    }
    let (interval, states) = (parameters.states.snapshotEvery, parameters.states)
    let every = interval > 0 ? parameters.steps / interval : 0
    let kept = Double(every + states.snapshotAt.count)
    let averages = parameters.averages.averages(steps: parameters.steps)
    let averaged = averages.reduce(0.0) { $0 + ($1.kind == .uniform ? 8 : 4) }
    // Averages are held, and held once more while a state is written.
    estimate.memoryBytes = (estimate.memoryBytes ?? 0) + 2 * averaged * model.parameters
    estimate.storageBytes =
      (4 + 4 * Double(averages.count) + (12 + averaged) * kept) * model.parameters
    return estimate
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    try PretrainRun(parameters, context).carryOut()
  }
}
