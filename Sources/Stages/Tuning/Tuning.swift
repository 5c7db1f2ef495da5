import LanguageModel
import Ledger
import Pipeline
import Training

/// A checkpoint that an op tunes on records: what it begins with, and how it is trained.
struct Tuning {
  let checkpoint: Checkpoint
  let session: TrainingSession
  var codec: ChatCodec
  private let parameters: TuningParameters
  private let context: any StageContext

  /// - Parameter predictsTokens: whether a checkpoint that scores texts is refused.
  init(
    _ parameters: TuningParameters, _ context: any StageContext, predictsTokens: Bool = true
  ) throws {
    self.parameters = parameters
    self.context = context
    let input = try context.input("checkpoint")
    checkpoint =
      try predictsTokens ? input.languageModel(named: "checkpoint") : input.checkpoint()
    session = try TrainingSession(context, store: input.store) { parameters.states.keeps($0) }
    codec = try ChatCodec(
      checkpoint, template: parameters.template, maximumLength: parameters.maximumLength)
  }

  /// The model on the input "reference"; left out, what training begins with.
  func reference() throws -> Transformer {
    try context.inputs("reference").first?.model(beside: checkpoint, named: "reference")
      ?? checkpoint.model
  }

  /// Updates for so many items. Throws when a state or an average of a later step is asked for.
  /// - Parameter updates: how many each batch serves.
  func steps(items: Int, updates: Int = 1) throws -> Int {
    let steps = parameters.steps(items: items, updates: updates)
    do { try parameters.check(steps: steps) } catch {
      throw StageError(
        "\(error.path) \(error.message); the \(items) items here make \(steps) steps")
    }
    // Not refused: what was recorded so must be possible again.
    do { try parameters.optimiser.check(steps: steps) } catch {
      context.log("warning: \(error.path) \(error.message); its fall is shortened")
    }
    return steps
  }

  /// Trains a copy of a model to its last step, writes the outputs and says the scores.
  /// - Parameters:
  ///   - model: what to begin with; left out, the checkpoint's.
  ///   - validation: what is held out; may be empty.
  @discardableResult
  func train(
    _ model: Transformer? = nil, on source: any BatchSource, steps: Int, validation: Batch,
    _ objective: () throws -> any Objective
  ) throws -> Trainer {
    let model = model ?? checkpoint.model
    let trainer = try session.carryOut(tokenizer: codec.files) {
      // A copy each time: a state that cannot be used must leave nothing behind.
      Trainer(
        model.copy(), source: source, validation: [ValidationSet("validation", validation)],
        plan: parameters.plan(steps: steps, hidden: model.configuration.hidden),
        objective: try objective(),
        options: parameters.optimiser.passOptions(seed: context.seed),
        microBatchRows: session.microBatchRows(model.configuration), on: session.compute)
    }
    try addScores(of: trainer)
    return trainer
  }

  /// The scores that every tuned model has: the last steps' mean loss and metrics, and those of the
  /// validation sets (`NAME/validation`).
  private func addScores(of trainer: Trainer) throws {
    let last = trainer.history.suffix(max(1, min(50, trainer.plan.steps / 10)))
    let mean = { (value: (StepRecord) -> Double) in
      last.reduce(0) { $0 + value($1) } / Double(last.count)
    }
    context.score("loss/train", Score(mean(\.loss), higherIsBetter: false))
    for (index, name) in trainer.objective.metricNames.enumerated() {
      context.score(name, Score(mean { $0.metrics[index] }))
    }
    for (name, outcome) in zip(trainer.validationNames, try trainer.measure()) {
      guard let outcome else { continue }
      context.score("loss/\(name)", Score(outcome.loss, higherIsBetter: false))
      for (metric, value) in zip(trainer.objective.metricNames, outcome.metrics) {
        context.score("\(metric)/\(name)", Score(value))
      }
    }
    context.score("steps", Score(Double(trainer.plan.steps)))
    context.score("tokens", Score(Double(trainer.history.last?.tokens ?? 0)))
  }
}
