import LanguageModel
import Ledger
import Numerics
import Pipeline
import Training

/// The scores of a `pretrain` execution, from the trainer when it is done.
struct PretrainScores {
  private let parameters: Pretrain.Parameters
  private let data: TrainingData
  private let context: any StageContext

  init(_ parameters: Pretrain.Parameters, _ data: TrainingData, _ context: any StageContext) {
    self.parameters = parameters
    self.data = data
    self.context = context
  }

  func add(_ trainer: Trainer) throws {
    let last = trainer.history.suffix(max(1, min(50, parameters.steps / 10)))
    let train = last.reduce(0) { $0 + $1.loss } / Double(last.count)
    context.score("loss/train", Score(train, higherIsBetter: false))
    addValidation(trainer.history.last?.validation ?? [], trainer, suffix: "")
    for (name, model) in trainer.averagedModels() {
      addValidation(
        try trainer.validate(with: model.parameters), trainer, suffix: "/\(name)")
    }
    addUnigram(trainer)
    context.score("tokens", Score(Double(parameters.tokens)))
    context.score("parameters", Score(Double(trainer.model.parameters.count)))
    addClipping(trainer)
    addSources()
  }

  private func addValidation(_ losses: [Double?], _ trainer: Trainer, suffix: String) {
    for (index, loss) in losses.enumerated() {
      guard let loss else { continue }
      let count = trainer.validationTokens(index).count { $0 >= 0 }
      context.score(
        TrainingReport.validationSeries(trainer, index) + suffix,
        Score(loss, count: count, higherIsBetter: false))
    }
  }

  private func addUnigram(_ trainer: Trainer) {
    guard let stream = data.mixture.streams[mainSource] else { return }
    let targets = trainer.validationTokens()
    let unigram = Unigram(stream, vocabularySize: data.vocabularySize)
    if let loss = unigram.loss(targets: targets) {
      context.score(
        "loss/unigram", Score(loss, count: targets.count { $0 >= 0 }, higherIsBetter: false))
    }
  }

  private func addClipping(_ trainer: Trainer) {
    guard let clip = trainer.plan.clip else { return }
    let clipped = trainer.history.count { $0.isClipped(to: clip) }
    context.score("clipFraction", Score(Double(clipped) / Double(max(1, parameters.steps))))
  }

  /// How many sequences every phase had of each source, and how often each source was seen in all.
  private func addSources() {
    guard parameters.phases.count > 1 || parameters.sources.count > 1 else { return }
    var seen: [String: Int] = [:]
    for (index, phase) in parameters.phases.enumerated() {
      for (source, sequences) in data.mixture.counts(of: index) {
        context.score("sequences/phase\(index + 1)/\(source)", Score(Double(sequences)))
        seen[source, default: 0] += sequences * phase.data.sequence
      }
    }
    for (source, tokens) in seen.sorted(by: { $0.key < $1.key }) {
      guard let stream = data.mixture.streams[source] else { continue }
      context.score("epochs/\(source)", Score(Double(tokens) / Double(stream.tokens.count)))
    }
  }
}
