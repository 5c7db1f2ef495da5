import LanguageModel
import Pipeline
import Training

/// Tells of a trainer's steps as metrics and progress, for every op that trains. Steps before a restored
/// snapshot are told again, so that a resumed execution has all of them.
final class TrainingReport {
  private let context: any StageContext
  private let trainer: Trainer
  /// Tokens there will be; nil when only the steps are known.
  private let tokens: Int?
  private var clipped = 0

  init(_ context: any StageContext, _ trainer: Trainer, tokens: Int?) {
    self.context = context
    self.trainer = trainer
    self.tokens = tokens
  }

  /// Must hear of every step, in order.
  func add(_ record: StepRecord) {
    metric("loss/train", record, record.loss)
    metric("learningRate", record, record.learningRate)
    metric("gradientNorm", record, record.gradientNorm)
    metric("tokens", record, Double(record.tokens))
    if let clip = trainer.plan.clip {
      clipped += record.isClipped(to: clip) ? 1 : 0
      metric("clipFraction", record, Double(clipped) / Double(record.step))
    }
    for (name, value) in zip(trainer.objective.metricNames, record.metrics) {
      metric(name, record, value)
    }
    for (index, loss) in record.validation.enumerated() {
      if let loss { metric(Self.validationSeries(trainer, index), record, loss) }
    }
    addTensors(record)
    context.progress(
      Progress(
        done: Double(tokens == nil ? record.step : record.tokens),
        total: Double(tokens ?? trainer.plan.steps), unit: tokens == nil ? "steps" : "tokens",
        note: "loss \((record.loss * 1000).rounded() / 1000)"))
  }

  /// `loss/validation`, and for other sets than the first `loss/validation/NAME`.
  static func validationSeries(_ trainer: Trainer, _ index: Int) -> String {
    index == 0 ? "loss/validation" : "loss/validation/\(trainer.validationNames[index])"
  }

  private func addTensors(_ record: StepRecord) {
    for (view, tensor) in zip(trainer.layout.views, record.tensors) {
      metric("gradientNorm/\(view.name)", record, tensor.gradientNorm)
      metric("parameterNorm/\(view.name)", record, tensor.parameterNorm)
      metric("updateRatio/\(view.name)", record, tensor.updateRatio)
    }
  }

  private func metric(_ series: String, _ record: StepRecord, _ value: Double) {
    context.metric(series, step: record.step, value)
  }
}
