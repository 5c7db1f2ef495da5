package import LanguageModel
import Numerics

/// Knowledge distillation on next-token data: the mean cross-entropy per target token, in nats, with
/// `weight` · teacher + (1 − weight) · label.
///
/// - AFM (Gunter et al. 2024, §3.1): the teacher's part is its first choice, weight 0.9.
/// - Gemma 2 (Gemma Team 2024, §3.2): its whole distribution, weight 1.
///
/// Measured without a teacher: held-out losses are those of next-token training.
package struct Distillation: Objective {
  /// The column of a batch with a teacher's stored first choices.
  package static let choices = "teacher's first choices"

  private enum Source: Sendable {
    case teacher(Teacher, TeacherTargets, temperature: Float)
    case stored
  }

  private let source: Source
  private let weight: Float

  /// Asks a teacher at every step.
  package init(
    _ teacher: Teacher, _ kind: TeacherTargets, weight: Double, temperature: Double = 1
  ) {
    source = .teacher(teacher, kind, temperature: Float(temperature))
    self.weight = Float(weight)
  }

  /// Takes a teacher's first choices from the batches' columns.
  package init(storedWeight weight: Double) {
    source = .stored
    self.weight = Float(weight)
  }

  /// Divergence from the teacher alone, how often the most likely tokens are the same, the student's
  /// entropy: means over target tokens.
  package var metricNames: [String] { ["kl/teacher", "agreement/teacher", "entropy"] }

  package func measure(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome {
    try NextToken().measure(batch, by: pass, rows: rows, check: check)
  }

  package func learn(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome {
    let parts = batch.parts(rows: rows)
    if pass.needsWholeBatch, parts.count > 1 {
      for part in parts {
        _ = pass.forward(part.tokens)
        try check()
      }
    }
    let slope = 1 / Float(max(1, batch.tokens.targetCount))
    var scores: [StudentScore] = []
    for part in parts {
      if !scores.isEmpty { try check() }
      let targets = try targets(of: part)
      try check()
      scores += pass.studentScores(part.tokens, targets: targets)
      pass.backward(
        part.tokens, targets: targets,
        weights: [Float](repeating: slope, count: part.tokens.tokens.count))
    }
    return outcome(scores, count: batch.tokens.targetCount)
  }

  private func targets(of part: Batch) throws -> SoftTargets {
    switch source {
    case .teacher(let teacher, let kind, let temperature):
      return teacher.targets(kind, of: part.tokens, weight: weight, temperature: temperature)
    case .stored:
      guard let column = part.columns[Self.choices] else {
        throw TrainingError("the batches bring no first choices of a teacher")
      }
      return .firstChoice(column.map { Int32($0) }, weight: weight)
    }
  }

  private func outcome(_ scores: [StudentScore], count: Int) -> Outcome {
    var (loss, divergence, agreement, entropy) = (0.0, 0.0, 0.0, 0.0)
    for score in scores {
      loss += Double(score.target.crossEntropy)
      divergence += Double(score.teacherDivergence)
      agreement += score.agrees ? 1 : 0
      entropy += Double(score.target.entropy)
    }
    let count = Double(max(1, count))
    return Outcome(
      loss: loss / count, metrics: [divergence / count, agreement / count, entropy / count])
  }
}

/// A mixture whose batches bring a teacher's stored first choices, one per token of the main source.
package struct TaughtMixture: BatchSource {
  private let mixture: TokenMixture
  private let choices: [Int32]

  /// - Parameter choices: of the main source's tokens, ids below 2²⁴; every sequence of the mixture lies
  ///   within them.
  package init(_ mixture: TokenMixture, choices: [Int32]) {
    self.mixture = mixture
    self.choices = choices
  }

  package func batch(after step: Int) throws -> Batch {
    var batch = mixture.batch(after: step)
    batch.columns[Distillation.choices] = mixture.sequences(after: step).flatMap {
      choices[$0.tokens].map { Float($0) }
    }
    return batch
  }

  package func description(of steps: Int) -> String { mixture.description(of: steps) }
}
