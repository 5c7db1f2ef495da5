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
    var teacher: ModelShape?
    /// When sampling: tokens that are written of a text, and texts of a prompt.
    var written = 0
    var group = 0
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
    let sequence = Self.rounded(min(work.sequence, work.tokens))
    let batch = max(1, Int((work.batchTokens ?? Self.batchTokens) / Double(sequence)))
    var key = Key(
      kind: kind, model: work.model, sequence: sequence,
      batch: kind == .training ? batch : 0, teacher: work.teacher)
    if kind == .sampling {
      let written = min(Self.rounded(work.written ?? work.sequence / 2), max(1, sequence - 1))
      (key.written, key.group) = (written, min(8, max(1, Int(work.group ?? 1))))
    }
    let known = try rates[key] ?? measure(key)
    rates[key] = known
    return work.kind == .scoring ? 3 * known : known
  }

  /// How long a kind of work is measured.
  private static let seconds = 0.6
  /// Of a step when the work does not say.
  private static let batchTokens = 2048.0

  /// So that lengths that are nearly the same are measured once.
  private static func rounded(_ length: Double) -> Int {
    length < 16 ? max(1, Int(length.rounded())) : Int((length / 8).rounded()) * 8
  }

  private func measure(_ key: Key) throws -> Double {
    let shape = TrainingBenchmark.Shape(
      configuration(key), sequence: key.sequence, batch: max(1, key.batch))
    switch key.kind {
    case .training, .scoring:
      return try TrainingBenchmark.meanTraining(
        shape, teacher: key.teacher.map { configuration($0, key) }, seconds: Self.seconds,
        on: Compute(threads: threads))
    case .sampling:
      let tokens = min(64, key.written)
      // As much of a prompt for each token as there really is.
      let prompt = min(256, max(1, (key.sequence - key.written) * tokens / key.written))
      return try TrainingBenchmark.sampling(
        shape, prompts: max(4, 64 / key.group), promptLength: prompt, samples: key.group,
        tokens: tokens, threads: threads)
        * Double(key.sequence) / Double(key.written)
    }
  }

  private func configuration(_ key: Key) -> ModelConfiguration { configuration(key.model, key) }

  private func configuration(_ model: ModelShape, _ key: Key) -> ModelConfiguration {
    ModelConfiguration(
      vocabularySize: Int(model.vocabularySize ?? 1), hidden: Int(model.hidden),
      layers: Int(model.layers), heads: Int(model.heads),
      keyValueHeads: Int(model.keyValueHeads), headSize: Int(model.headSize),
      intermediate: max(1, Int(model.mlpWidth)), isTied: model.isTied,
      maximumPositions: key.sequence + 64)
  }
}
