import LanguageModel
import Numerics
import Pipeline
import Training

/// Predicts what model work takes on this machine, from a short measurement of the same work: a model of the same
/// sizes with made-up weights takes a few steps. Each kind of work is measured once, for about a second.
final class Calibration {
  private let threads: Int
  private var rates: [Key: Double] = [:]

  /// What has one rate.
  private struct Key: Hashable {
    var kind: ModelWork.Kind
    var model: ModelShape
    var sequence: Int
    var batch: Int
  }

  /// Beyond this many parameters nothing is built to measure.
  private static let largest = 3e8

  init(threads: Int) { self.threads = threads }

  /// Seconds of some work; nil when the model is too large to try, or its vocabulary is not known.
  func seconds(_ work: [ModelWork]) throws -> Double? {
    var total = 0.0
    for part in work {
      guard let rate = try rate(part) else { return nil }
      total += part.tokens / rate
    }
    return work.isEmpty ? nil : total
  }

  /// Tokens a second.
  private func rate(_ work: ModelWork) throws -> Double? {
    guard work.model.parameters <= Self.largest, work.model.vocabularySize != nil else {
      return nil
    }
    // Forward alone is a third of a training step.
    let kind: ModelWork.Kind = work.kind == .scoring ? .training : work.kind
    let sequence = max(1, Int(min(work.sequence, work.tokens)))
    let batch = max(1, Int((work.batchTokens ?? Self.batchTokens) / work.sequence))
    let key = Key(
      kind: kind, model: work.model, sequence: sequence,
      batch: kind == .training ? batch : 0)
    let known = try rates[key] ?? measure(key)
    rates[key] = known
    return work.kind == .scoring ? 3 * known : known
  }

  /// Of a step when the work does not say.
  private static let batchTokens = 2048.0

  private func measure(_ key: Key) throws -> Double {
    let shape = TrainingBenchmark.Shape(
      configuration(key), sequence: key.sequence, batch: max(1, key.batch))
    switch key.kind {
    case .training, .scoring:
      return try TrainingBenchmark.meanTraining(
        shape, seconds: 1, on: Compute(threads: threads))
    case .sampling:
      let tokens = min(64, max(1, key.sequence / 2))
      let prompt = min(64, max(1, key.sequence - tokens))
      // Prompts pass side by side; what is written decides.
      return try TrainingBenchmark.sampling(
        shape, prompts: 16, promptLength: prompt, samples: 1, tokens: tokens, threads: threads)
        * Double(prompt + tokens) / Double(tokens)
    }
  }

  private func configuration(_ key: Key) -> ModelConfiguration {
    let model = key.model
    return ModelConfiguration(
      vocabularySize: Int(model.vocabularySize ?? 1), hidden: Int(model.hidden),
      layers: Int(model.layers), heads: Int(model.heads),
      keyValueHeads: Int(model.keyValueHeads), headSize: Int(model.headSize),
      intermediate: max(1, Int(model.mlpWidth)), isTied: model.isTied,
      maximumPositions: key.sequence + 64)
  }
}
