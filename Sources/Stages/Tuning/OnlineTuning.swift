import LanguageModel
import Ledger
import Pipeline
import Training

/// A policy that is tuned on rewards of its own responses to prompts.
struct OnlineTuning {
  let tuning: Tuning
  let maker: RolloutMaker
  /// What the policy is held to at first.
  let reference: Transformer
  private let prompts: [[Int32]]
  private let validation: Batch
  private let parameters: TuningParameters
  private let context: any StageContext

  init(
    _ parameters: TuningParameters, _ sampling: SamplingParameters, _ rewarder: RewarderParameters,
    _ context: any StageContext
  ) throws {
    (self.parameters, self.context) = (parameters, context)
    var tuning = try Tuning(parameters, context)
    let room = sampling.maximumTokens
    let prompts = try context.prompts("prompts", room: room, &tuning.codec)
    guard !prompts.isEmpty else { throw StageError.noPrompts }
    let all = prompts + (try context.prompts("validation", room: room, &tuning.codec))
    maker = RolloutMaker(
      all, try Rewarder(rewarder, context, tuning.session.compute), sampling, tuning.codec, context,
      tuning.session.compute)
    reference = try tuning.reference()
    self.prompts = prompts.map(\.tokens)
    validation = PromptBatches.batch(all.map(\.tokens), Array(prompts.count..<all.count), 0)
    self.tuning = tuning
  }

  /// Measures held-out prompts, then trains.
  /// - Parameters:
  ///   - updates: those that learn from samples of the same prompts.
  ///   - note: what the log says of a step.
  func train(
    updates: Int = 1, note: String, _ objective: () throws -> any Objective
  ) throws {
    let steps = try tuning.steps(items: prompts.count, updates: updates)
    try addScoresBefore(try objective())
    context.log("\(prompts.count) prompts, \(steps) steps\(note)")
    let source = PromptBatches(
      prompts, size: parameters.batch, updates: updates, seed: context.seed)
    try tuning.train(on: source, steps: steps, validation: validation, objective)
  }

  /// What held-out prompts give before training: `NAME/validation/before`.
  private func addScoresBefore(_ objective: any Objective) throws {
    guard !objective.isVoid(validation) else { return }
    let (model, session) = (tuning.checkpoint.model, tuning.session)
    let outcome = try objective.measure(
      validation, by: TrainingPass(model, on: session.compute),
      rows: session.microBatchRows(model.configuration)
    ) { try context.checkCancellation() }
    for (name, value) in zip(objective.metricNames, outcome.metrics)
    where ["reward", "reward/hidden", "kl", "length", "unfinished"].contains(name) {
      context.score("\(name)/validation/before", Score(value))
    }
  }
}
