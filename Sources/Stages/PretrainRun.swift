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
  private let session: TrainingSession
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
    session = try TrainingSession(context, store: context.input("tokens").store) {
      parameters.states.keeps($0)
    }
    data = try TrainingData(parameters, seed: context.seed) { try context.input($0) }
    let tokenizer = try context.input("tokenizer").tokenizer()
    guard tokenizer.vocabularySize == data.vocabularySize else {
      throw StageError(
        "the tokenizer has \(tokenizer.vocabularySize) tokens, but the input \"tokens\" was made with "
          + "\(data.vocabularySize); connect the tokenizer that made the tokens")
    }
    configuration = try Self.configuration(parameters, data, tokenizer, context)
    setting = TokenSetting(
      parameters: parameters, context: context, compute: session.compute,
      configuration: configuration,
      tokenizer: tokenizer, data: data,
      validation: try Self.validation(parameters, data.vocabularySize, context))
    self.task = try task(setting)
  }

  /// That of a new model, or of the one to train further, meant for the longest sequence here.
  private static func configuration(
    _ parameters: Pretrain.Parameters, _ data: TrainingData, _ tokenizer: Tokenizer,
    _ context: any StageContext
  ) throws -> ModelConfiguration {
    if let model = parameters.model {
      let configuration = model.configuration(
        vocabularySize: data.vocabularySize, sequence: parameters.longestSequence,
        endToken: data.endToken)
      try configuration.validate()
      return configuration
    }
    let checkpoint = try context.input("checkpoint").languageModel(named: "checkpoint")
    var configuration = checkpoint.model.configuration
    guard configuration.vocabularySize >= data.vocabularySize else {
      throw StageError(
        "the checkpoint's vocabulary has \(configuration.vocabularySize) tokens, the input "
          + "\"tokens\" \(data.vocabularySize); tokenize with the checkpoint's tokenizer")
    }
    try warn(of: tokenizer, besideThatOf: checkpoint, context)
    configuration.maximumPositions = max(
      configuration.maximumPositions, parameters.longestSequence)
    return configuration
  }

  /// A checkpoint knows tokens by their ids alone: those of another tokenizer are other words to it. Ids
  /// that were unused may have got a meaning, so that it is told and not refused.
  private static func warn(
    of tokenizer: Tokenizer, besideThatOf checkpoint: Checkpoint, _ context: any StageContext
  ) throws {
    guard let file = checkpoint.tokenizerFiles["tokenizer.json"] else { return }
    let own = try Tokenizer(json: file)
    guard let id = own.firstDifference(from: tokenizer) else { return }
    context.log(
      "warning: the checkpoint was trained with another tokenizer: token \(id) is "
        + "\"\(own.decode([id]))\" there and \"\(tokenizer.decode([id]))\" in the input \"tokenizer\"; "
        + "unless that id was unused, tokenize with the checkpoint's")
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
    let trainer = try session.carryOut(
      tokenizer: tokenizer, tokens: parameters.tokens,
      writeModel: { try task.writeModel($0, tokenizer: tokenizer, in: context) },
      started: { trainer in
        let epochs = Double(parameters.tokens) / Double(trainingTokens)
        context.log(
          "\(trainer.model.parameters.count) parameters, \(parameters.tokens) tokens in "
            + "\(parameters.steps) steps, \((epochs * 100).rounded() / 100) epochs")
      }, makeTrainer)
    try PretrainScores(parameters, data, context).add(trainer)
    try task.addScores(trainer, setting)
  }

  private var trainingTokens: Int {
    data.mixture.streams.values.reduce(0) { $0 + $1.tokens.count }
  }

  private func makeTrainer() throws -> Trainer {
    let plan = parameters.plan(hidden: configuration.hidden)
    let model = try makeModel(plan.widths)
    return Trainer(
      model, source: try task.source(data.mixture), validation: setting.validation, plan: plan,
      objective: task.objective, reparametrisation: try task.reparametrisation(of: model),
      options: parameters.optimiser.passOptions(seed: context.seed),
      microBatchRows: setting.rows(configuration), on: session.compute)
  }

  private func makeModel(_ widths: WidthScaling?) throws -> Transformer {
    if parameters.model == nil {
      let given = try context.input("checkpoint").checkpoint().model
      return Transformer(configuration, parameters: given.parameters)
    }
    let model = Transformer(
      configuration, seed: context.seed, deviation: Float(parameters.initialDeviation),
      on: session.compute)
    widths?.scaleInitial(model, on: session.compute)
    return model
  }
}
