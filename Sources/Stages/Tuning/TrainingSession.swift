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
  private let context: any StageContext
  private let store: ObjectStore
  private let keeps: (Int) -> Bool
  private let profile: StepProfile?

  /// - Parameters:
  ///   - store: where kept states go, that of an input.
  ///   - keeps: whether the state after a step is an output.
  init(
    _ context: any StageContext, store: ObjectStore, keeping keeps: @escaping (Int) -> Bool
  ) throws {
    self.context = context
    self.store = store
    self.keeps = keeps
    compute = try context.compute()
    profile = StepProfile(steps: context.profileSteps, compute)
  }

  /// The ports that a session and a branch use, beside the op's own.
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
  /// - Parameters:
  ///   - tokenizer: the files that go with every checkpoint.
  ///   - tokens: how many there will be, for progress; nil when only the steps are known.
  ///   - writeModel: writes what was trained; left out, the output `checkpoint`.
  ///   - started: hears of the trainer before it goes on.
  func carryOut(
    tokenizer: [String: [UInt8]], tokens: Int? = nil, writeModel: ((Trainer) throws -> Void)? = nil,
    started: (Trainer) -> Void = { _ in }, _ makeTrainer: () throws -> Trainer
  ) throws -> Trainer {
    let (trainer, kept, seeds) = try start(makeTrainer)
    started(trainer)
    let report = TrainingReport(context, trainer, tokens: tokens)
    for record in trainer.history { report.add(record) }
    try trainer.run(check: { try stopIfAsked(trainer, kept, seeds, isSaved: false) }) {
      report.add($0)
      try step($0, trainer, kept, seeds)
    }
    if let writeModel {
      try writeModel(trainer)
    } else {
      try Checkpoint(trainer.model, tokenizerFiles: tokenizer)
        .write(to: context.makeTree("checkpoint"))
    }
    try writeRest(trainer, kept, tokenizer)
    return trainer
  }

  // MARK: Starting and going on

  /// A trainer where an earlier execution's snapshot left off, with what that execution had kept; else
  /// at the step of the `snapshot` that it is to start from; else at its first step.
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
    if keeps(trainer.step) { try kept.add(bytes, step: trainer.step) }
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
    if keeps(record.step) {
      let bytes = try snapshot(trainer, kept, seeds)
      try kept.add(bytes, step: record.step)
      state = bytes
    }
    let isDue = context.isSnapshotDue && record.step < trainer.plan.steps
    if isDue {
      try context.saveSnapshot(step: record.step, state ?? snapshot(trainer, kept, seeds))
    }
    try stopIfAsked(trainer, kept, seeds, isSaved: isDue)
  }

  /// Makes the state durable before a stop that was asked for.
  private func stopIfAsked(
    _ trainer: Trainer, _ kept: KeptSnapshots, _ seeds: SeedHistory, isSaved: Bool
  ) throws {
    do { try context.checkCancellation() } catch {
      if !isSaved, trainer.step > 0 {
        try context.saveSnapshot(step: trainer.step, snapshot(trainer, kept, seeds))
      }
      throw error
    }
  }

  // MARK: Ending

  /// The averages, the kept states and the trace.
  private func writeRest(
    _ trainer: Trainer, _ kept: KeptSnapshots, _ tokenizer: [String: [UInt8]]
  ) throws {
    for (name, model) in trainer.averagedModels() {
      try Checkpoint(model, tokenizerFiles: tokenizer).write(to: context.makeTree(name))
    }
    try kept.finish()
    let trace = try context.makeFile("trace")
    try trace.write(trainer.traceLines)
    try trace.finish()
  }
}
