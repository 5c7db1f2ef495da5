import ContentStore
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Training

/// Carries a trainer from where it is to its last step: from its beginning, or from where an earlier
/// execution or a branch's snapshot left off; reports every step, keeps the states asked for, and makes
/// the state durable when it is to stop.
final class TrainingSession {
  let compute: Compute
  private let states: StateParameters
  private let context: any StageContext
  private let store: ObjectStore
  private let profile: StepProfile?
  /// The steps after which a state may be taken: every one, unless several belong together.
  private let stride: Int

  /// - Parameters:
  ///   - store: where kept states go, that of an input.
  ///   - stride: steps between whole states, for an objective that makes several updates from what it
  ///     does not keep.
  init(
    _ states: StateParameters, _ context: any StageContext, store: ObjectStore, stride: Int = 1
  ) throws {
    self.states = states
    self.context = context
    self.store = store
    self.stride = stride
    compute = try context.compute()
    profile = StepProfile(steps: context.profileSteps, compute)
  }

  /// The ports that `finish` and a branch use, beside the op's own.
  static let inputs = [
    Port(
      "snapshot", .any, "A training state to start from; `exp branch --at STAGE@STEP` sets it.",
      optional: true)
  ]
  static let outputs = [
    Port("checkpoint", .checkpoint, "The trained model, as a Hugging Face folder."),
    Port(
      "snapshots", .snapshots, "Training states by step, `step-000100.safetensors`; may be empty."),
    Port("trace", .any, "Digests of the training state by step, as JSON Lines."),
  ]

  /// About how many rows to run at once.
  func microBatchRows(_ model: ModelConfiguration) -> Int {
    context.batchHint(compute) ?? TrainingPass.comfortableRows(model)
  }

  /// Trains to the last step and gives the trainer, its outputs written.
  /// - Parameter tokenizer: the files that go with the checkpoint.
  @discardableResult
  func carryOut(
    tokenizer: [String: [UInt8]], _ makeTrainer: () throws -> Trainer
  ) throws -> Trainer {
    let (trainer, kept, seeds) = try start(makeTrainer)
    let report = TrainingReport(context, trainer, tokens: nil)
    for record in trainer.history { report.add(record) }
    try trainer.run(check: { try stopIfAsked(trainer, kept, seeds, isSaved: false) }) {
      report.add($0)
      try step($0, trainer, kept, seeds)
    }
    try write(trainer, kept, tokenizer)
    return trainer
  }

  // MARK: Starting and going on

  private func start(
    _ makeTrainer: () throws -> Trainer
  ) throws -> (Trainer, KeptSnapshots, SeedHistory) {
    if let snapshot = try context.latestSnapshot() {
      do { return try resume(snapshot.bytes, makeTrainer) } catch {
        context.log(
          "the snapshot of step \(snapshot.step) cannot be used (\(error)); starting over")
      }
    }
    if let branchPoint = context.inputs("snapshot").first {
      return try resume(try branchPoint.read(), makeTrainer)
    }
    return (try makeTrainer(), try makeKept(), SeedHistory(context.seed))
  }

  private func makeKept() throws -> KeptSnapshots {
    KeptSnapshots(try context.makeTree("snapshots"), in: store)
  }

  private func resume(
    _ bytes: [UInt8], _ makeTrainer: () throws -> Trainer
  ) throws -> (Trainer, KeptSnapshots, SeedHistory) {
    let trainer = try makeTrainer()
    let notes = try trainer.restore(bytes)
    let kept = try makeKept()
    try kept.add(earlier: notes)
    if states.keeps(trainer.step) { try kept.add(bytes, step: trainer.step) }
    context.log("going on after step \(trainer.step)")
    return (trainer, kept, SeedHistory(notes, after: trainer.step, then: context.seed))
  }

  // MARK: Steps

  /// The whole state. The kept snapshots it names are those of earlier steps, so that its bytes are a
  /// function of the step.
  private func snapshot(
    _ trainer: Trainer, _ kept: KeptSnapshots, _ seeds: SeedHistory
  ) throws -> [UInt8] {
    try trainer.snapshot(notes: kept.notes(before: trainer.step).merging(seeds.notes) { $1 })
  }

  private func step(
    _ record: StepRecord, _ trainer: Trainer, _ kept: KeptSnapshots, _ seeds: SeedHistory
  ) throws {
    profile?.heard(record.step, tokens: record.tokens, context)
    var state: [UInt8]?
    if states.keeps(record.step) {
      let bytes = try snapshot(trainer, kept, seeds)
      try kept.add(bytes, step: record.step)
      state = bytes
    }
    let isDue = context.isSnapshotDue && isWhole(trainer) && record.step < trainer.plan.steps
    if isDue {
      try context.saveSnapshot(step: record.step, state ?? snapshot(trainer, kept, seeds))
    }
    try stopIfAsked(trainer, kept, seeds, isSaved: isDue)
  }

  private func isWhole(_ trainer: Trainer) -> Bool { trainer.step % stride == 0 }

  /// Makes the state durable before a stop that was asked for.
  private func stopIfAsked(
    _ trainer: Trainer, _ kept: KeptSnapshots, _ seeds: SeedHistory, isSaved: Bool
  ) throws {
    do { try context.checkCancellation() } catch {
      if !isSaved, trainer.step > 0, isWhole(trainer) {
        try context.saveSnapshot(step: trainer.step, snapshot(trainer, kept, seeds))
      }
      throw error
    }
  }

  // MARK: Ending

  private func write(
    _ trainer: Trainer, _ kept: KeptSnapshots, _ tokenizer: [String: [UInt8]]
  ) throws {
    try Checkpoint(trainer.model, tokenizerFiles: tokenizer)
      .write(to: context.makeTree("checkpoint"))
    for (name, model) in trainer.averagedModels() {
      try Checkpoint(model, tokenizerFiles: tokenizer).write(to: context.makeTree(name))
    }
    try kept.finish()
    let trace = try context.makeFile("trace")
    try trace.write(trainer.traceLines)
    try trace.finish()
  }
}

extension StageContext {
  /// The scores that every tuned model has: the last steps' mean loss and metrics, and those of the
  /// validation sets (`NAME/validation`).
  func addScores(of trainer: Trainer) throws {
    let last = trainer.history.suffix(max(1, min(50, trainer.plan.steps / 10)))
    let mean = { (value: (StepRecord) -> Double) in
      last.reduce(0) { $0 + value($1) } / Double(last.count)
    }
    score("loss/train", Score(mean(\.loss), higherIsBetter: false))
    for (index, name) in trainer.objective.metricNames.enumerated() {
      score(name, Score(mean { $0.metrics[index] }))
    }
    for (name, outcome) in zip(trainer.validationNames, try trainer.measure()) {
      guard let outcome else { continue }
      score("loss/\(name)", Score(outcome.loss, higherIsBetter: false))
      for (metric, value) in zip(trainer.objective.metricNames, outcome.metrics) {
        score("\(metric)/\(name)", Score(value))
      }
    }
    score("steps", Score(Double(trainer.plan.steps)))
    score("tokens", Score(Double(trainer.history.last?.tokens ?? 0)))
  }
}
