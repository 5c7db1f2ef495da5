import ContentStore
import Corpus
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Text
import Training

/// One execution of `pretrain`.
struct PretrainRun {
  private let parameters: Pretrain.Parameters
  private let context: any StageContext
  private let compute: Compute
  private let configuration: ModelConfiguration
  private let training: TokenStream
  private let validation: TokenStream

  init(_ parameters: Pretrain.Parameters, _ context: any StageContext) throws {
    self.parameters = parameters
    self.context = context
    compute = try context.compute()
    let input = try context.input("tokens")
    let description = try input.tokenDescription()
    let vocabularySize = description.vocabularySize
    let tokenizer = try context.input("tokenizer").tokenizer()
    guard tokenizer.vocabularySize == vocabularySize else {
      throw StageError(
        "the tokenizer has \(tokenizer.vocabularySize) tokens, but the input \"tokens\" was made with "
          + "\(vocabularySize); connect the tokenizer that made the tokens")
    }
    configuration = parameters.model.configuration(
      vocabularySize: vocabularySize, sequence: parameters.sequence, endToken: description.endToken)
    try configuration.validate()
    training = try input.tokens(.train, vocabularySize: vocabularySize)
    validation = try input.tokens(.validation, vocabularySize: vocabularySize)
  }

  func carryOut() throws {
    let tokenizer = try context.input("tokenizer").files()
    let (trainer, earlier) = try start()
    let kept = KeptSnapshots(
      try context.makeTree("snapshots"), in: try context.input("tokens").store)
    for (step, bytes) in earlier { try kept.add(bytes, step: step) }
    let epochs = Double(parameters.tokens) / Double(training.tokens.count)
    context.log(
      "\(trainer.model.parameters.count) parameters, \(parameters.tokens) tokens in "
        + "\(parameters.steps) steps, \((epochs * 100).rounded() / 100) epochs")
    try trainer.run(check: { try stopIfAsked(trainer, kept, isSaved: false) }) {
      try step($0, trainer, kept)
    }
    try writeOutputs(trainer, kept, tokenizer)
    score(trainer)
  }

  // MARK: Starting and going on

  /// Kept snapshots, by step.
  private typealias Kept = [(step: Int, bytes: [UInt8])]

  /// A trainer where an earlier execution's snapshot left off, with what that execution had kept; else
  /// at the step of the `snapshot` that it is to start from; else at its first step.
  private func start() throws -> (Trainer, Kept) {
    if let snapshot = try context.latestSnapshot() {
      do { return try resume(snapshot.bytes) } catch {
        context.log(
          "the snapshot of step \(snapshot.step) cannot be used (\(error)); starting over")
      }
    }
    if let branchPoint = context.inputs("snapshot").first {
      return try resume(try branchPoint.read())
    }
    return (try makeTrainer(), [])
  }

  private func makeTrainer() throws -> Trainer {
    let model = Transformer(configuration, seed: context.seed, on: compute)
    return try Trainer(
      model, data: training, validation: validation, plan: parameters.plan(seed: context.seed),
      microBatchRows: context.batchHint(compute) ?? TrainingPass.comfortableRows(configuration),
      on: compute)
  }

  private func resume(_ bytes: [UInt8]) throws -> (Trainer, Kept) {
    let trainer = try makeTrainer()
    let notes = try trainer.restore(bytes)
    var kept = try KeptSnapshots.read(notes, from: context.input("tokens").store)
    if keeps(trainer.step) { kept.append((trainer.step, bytes)) }
    for record in trainer.history { report(record) }
    context.log("going on after step \(trainer.step)")
    return (trainer, kept)
  }

  // MARK: Steps

  private func keeps(_ step: Int) -> Bool {
    parameters.snapshotEvery > 0 && step % parameters.snapshotEvery == 0
  }

  /// The whole state. The kept snapshots it names are those of earlier steps, as in the kept one of
  /// this step, so that its bytes are a function of the step.
  private func snapshot(_ trainer: Trainer, _ kept: KeptSnapshots) throws -> [UInt8] {
    try trainer.snapshot(notes: kept.notes(before: trainer.step))
  }

  private func step(
    _ record: StepRecord, _ trainer: Trainer, _ kept: KeptSnapshots
  ) throws {
    report(record)
    var state: [UInt8]?
    if keeps(record.step) {
      let bytes = try snapshot(trainer, kept)
      try kept.add(bytes, step: record.step)
      state = bytes
    }
    let isDue = context.isSnapshotDue && record.step < parameters.steps
    if isDue { try context.saveSnapshot(step: record.step, state ?? snapshot(trainer, kept)) }
    try stopIfAsked(trainer, kept, isSaved: isDue)
  }

  /// Makes the state durable before a stop that was asked for.
  private func stopIfAsked(
    _ trainer: Trainer, _ kept: KeptSnapshots, isSaved: Bool
  ) throws {
    do { try context.checkCancellation() } catch {
      if !isSaved, trainer.step > 0 {
        try context.saveSnapshot(step: trainer.step, snapshot(trainer, kept))
      }
      throw error
    }
  }

  private func report(_ record: StepRecord) {
    context.metric("loss/train", step: record.step, record.loss)
    context.metric("learningRate", step: record.step, record.learningRate)
    context.metric("gradientNorm", step: record.step, record.gradientNorm)
    context.metric("tokens", step: record.step, Double(record.tokens))
    if let loss = record.validationLoss {
      context.metric("loss/validation", step: record.step, loss)
    }
    context.progress(
      Progress(
        done: Double(record.tokens), total: Double(parameters.tokens), unit: "tokens",
        note: "loss \((record.loss * 1000).rounded() / 1000)"))
  }

  // MARK: Ending

  private func writeOutputs(
    _ trainer: Trainer, _ kept: KeptSnapshots, _ tokenizer: [String: [UInt8]]
  ) throws {
    try Checkpoint(trainer.model, tokenizerFiles: tokenizer)
      .write(to: context.makeTree("checkpoint"))
    try kept.finish()
    let trace = try context.makeFile("trace")
    try trace.write(trainer.traceLines)
    try trace.finish()
  }

  private func score(_ trainer: Trainer) {
    let last = trainer.history.suffix(max(1, min(50, parameters.steps / 10)))
    let train = last.reduce(0) { $0 + $1.loss } / Double(last.count)
    context.score("loss/train", Score(train, higherIsBetter: false))
    let targets = trainer.validationTokens
    let count = targets.count { $0 >= 0 }
    if let loss = trainer.history.last?.validationLoss {
      context.score("loss/validation", Score(loss, count: count, higherIsBetter: false))
    }
    let unigram = Unigram(training, vocabularySize: configuration.vocabularySize)
    if let loss = unigram.loss(targets: targets) {
      context.score("loss/unigram", Score(loss, count: count, higherIsBetter: false))
    }
    context.score("tokens", Score(Double(parameters.tokens)))
    context.score("parameters", Score(Double(trainer.model.parameters.count)))
  }
}
