import ContentStore
import Corpus
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Text
import Training

/// One execution of `pretrain`, or of another op that trains a decoder on tokens.
struct PretrainRun {
  private let parameters: Pretrain.Parameters
  private let context: any StageContext
  private let compute: Compute
  private let profile: StepProfile?
  private let configuration: ModelConfiguration
  private let data: TrainingData
  let setting: TokenSetting
  private let task: any TokenTask

  /// - Parameter task: makes the op's own part, when the run's setting is known.
  init(
    _ parameters: Pretrain.Parameters, _ context: any StageContext,
    task: (TokenSetting) throws -> any TokenTask = { _ in NextTokenTask() }
  ) throws {
    self.parameters = parameters
    self.context = context
    compute = try context.compute()
    profile = StepProfile(steps: context.profileSteps, compute)
    data = try TrainingData(parameters, seed: context.seed) { try context.input($0) }
    let tokenizer = try context.input("tokenizer").tokenizer()
    guard tokenizer.vocabularySize == data.vocabularySize else {
      throw StageError(
        "the tokenizer has \(tokenizer.vocabularySize) tokens, but the input \"tokens\" was made with "
          + "\(data.vocabularySize); connect the tokenizer that made the tokens")
    }
    configuration = try Self.configuration(parameters, data, context)
    setting = TokenSetting(
      parameters: parameters, context: context, compute: compute, configuration: configuration,
      tokenizer: tokenizer, data: data,
      validation: try Self.validation(parameters, data.vocabularySize, context))
    self.task = try task(setting)
  }

  /// That of a new model, or of the one to train further, meant for the longest sequence here.
  private static func configuration(
    _ parameters: Pretrain.Parameters, _ data: TrainingData, _ context: any StageContext
  ) throws -> ModelConfiguration {
    if let model = parameters.model {
      let configuration = model.configuration(
        vocabularySize: data.vocabularySize, sequence: parameters.longestSequence,
        endToken: data.endToken)
      try configuration.validate()
      return configuration
    }
    var configuration = try context.input("checkpoint").checkpoint().model.configuration
    guard configuration.vocabularySize >= data.vocabularySize else {
      throw StageError(
        "the checkpoint's vocabulary has \(configuration.vocabularySize) tokens, the input "
          + "\"tokens\" \(data.vocabularySize); tokenize with the checkpoint's tokenizer")
    }
    configuration.maximumPositions = max(
      configuration.maximumPositions, parameters.longestSequence)
    return configuration
  }

  /// The held-out tokens of every source, cut into the first phase's sequences.
  private static func validation(
    _ parameters: Pretrain.Parameters, _ vocabularySize: Int, _ context: any StageContext
  ) throws -> [ValidationSet] {
    let first = parameters.phases[0].data
    return try parameters.sources.map { name in
      let stream = try context.input(name).tokens(.validation, vocabularySize: vocabularySize)
      let starts = stride(from: 0, to: stream.tokens.count, by: first.sequence)
      let ranges = starts.prefix(parameters.validationBatches * first.batch).map {
        $0..<min($0 + first.sequence, stream.tokens.count)
      }
      return ValidationSet(name, Batch(stream.batch(ranges)))
    }
  }

  func carryOut() throws {
    let tokenizer = try context.input("tokenizer").files()
    let (trainer, kept, seeds) = try start()
    let epochs = Double(parameters.tokens) / Double(trainingTokens)
    context.log(
      "\(trainer.model.parameters.count) parameters, \(parameters.tokens) tokens in "
        + "\(parameters.steps) steps, \((epochs * 100).rounded() / 100) epochs")
    let report = TrainingReport(context, trainer, tokens: parameters.tokens)
    for record in trainer.history { report.add(record) }
    try trainer.run(check: { try stopIfAsked(trainer, kept, seeds, isSaved: false) }) {
      report.add($0)
      try step($0, trainer, kept, seeds)
    }
    try writeOutputs(trainer, kept, tokenizer)
    try PretrainScores(parameters, data, context).add(trainer)
    try task.addScores(trainer, setting)
  }

  private var trainingTokens: Int {
    data.mixture.streams.values.reduce(0) { $0 + $1.tokens.count }
  }

  // MARK: Starting and going on

  /// A trainer where an earlier execution's snapshot left off, with what that execution had kept; else
  /// at the step of the `snapshot` that it is to start from; else at its first step.
  private func start() throws -> (Trainer, KeptSnapshots, SeedHistory) {
    if let snapshot = try context.latestSnapshot() {
      do { return try resume(snapshot.bytes) } catch {
        context.log(
          "the snapshot of step \(snapshot.step) cannot be used (\(error)); starting over")
      }
    }
    if let branchPoint = context.inputs("snapshot").first {
      return try resume(try branchPoint.read())
    }
    return (try makeTrainer(), try makeKept(), SeedHistory(context.seed))
  }

  private func makeKept() throws -> KeptSnapshots {
    KeptSnapshots(try context.makeTree("snapshots"), in: try context.input("tokens").store)
  }

  private func makeTrainer() throws -> Trainer {
    let plan = parameters.plan(hidden: configuration.hidden)
    let model = try makeModel(plan.widths)
    return Trainer(
      model, source: try task.source(data.mixture), validation: setting.validation, plan: plan,
      objective: task.objective, reparametrisation: try task.reparametrisation(of: model),
      options: parameters.optimiser.passOptions(seed: context.seed),
      microBatchRows: setting.rows(configuration), on: compute)
  }

  private func makeModel(_ widths: WidthScaling?) throws -> Transformer {
    if parameters.model == nil {
      let given = try context.input("checkpoint").checkpoint().model
      return Transformer(configuration, parameters: given.parameters)
    }
    let model = Transformer(
      configuration, seed: context.seed, deviation: Float(parameters.initialDeviation),
      on: compute)
    widths?.scaleInitial(model, on: compute)
    return model
  }

  private func resume(_ bytes: [UInt8]) throws -> (Trainer, KeptSnapshots, SeedHistory) {
    let trainer = try makeTrainer()
    let notes = try trainer.restore(bytes)
    let kept = try makeKept()
    try kept.add(earlier: notes)
    if parameters.keeps(trainer.step) { try kept.add(bytes, step: trainer.step) }
    context.log("going on after step \(trainer.step)")
    return (trainer, kept, SeedHistory(notes, after: trainer.step, then: context.seed))
  }

  // MARK: Steps

  /// The whole state. The kept snapshots it names are those of earlier steps, as in the kept one of
  /// this step, so that its bytes are a function of the step.
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
    if parameters.keeps(record.step) {
      let bytes = try snapshot(trainer, kept, seeds)
      try kept.add(bytes, step: record.step)
      state = bytes
    }
    let isDue = context.isSnapshotDue && record.step < parameters.steps
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

  private func writeOutputs(
    _ trainer: Trainer, _ kept: KeptSnapshots, _ tokenizer: [String: [UInt8]]
  ) throws {
    try task.writeModel(trainer, tokenizer: tokenizer, in: context)
    for (name, model) in trainer.averagedModels() {
      try Checkpoint(model, tokenizerFiles: tokenizer).write(to: context.makeTree(name))
    }
    try kept.finish()
    let trace = try context.makeFile("trace")
    try trace.write(trainer.traceLines)
    try trace.finish()
  }
}
