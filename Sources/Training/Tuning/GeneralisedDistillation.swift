package import LanguageModel
package import Numerics

/// Knowledge distillation on given responses and on the student's own (GKD, Agarwal et al. 2024; Gemma 2
/// distils so in fine-tuning): the mean over target tokens of the generalised Jensen–Shannon divergence from
/// the teacher, as TRL's `GKDTrainer` has it.
///
/// @unchecked Sendable: one trainer uses it, on one thread at a time.
package final class GeneralisedDistillation: Objective, @unchecked Sendable {
  private let teacher: TrainingPass
  private let interpolation: Double
  private let studentShare: Double
  private let sampling: SamplingOptions
  private let seed: UInt64
  private let compute: Compute
  private var sampler: Sampler?

  /// - Parameters:
  ///   - teacher: stays as it is; has the student's vocabulary.
  ///   - interpolation: β.
  ///   - studentShare: λ, the share of steps in which the last response of every sequence is drawn from the
  ///     student anew.
  ///   - sampling: how; its seed counts for nothing, draws are keyed by `seed`, step and place.
  package init(
    teacher: Transformer, interpolation: Double, studentShare: Double, sampling: SamplingOptions,
    seed: UInt64, on compute: Compute
  ) {
    var configuration = teacher.configuration
    // Nobody balances a teacher's experts.
    configuration.experts?.lossWeight = 0
    self.teacher = TrainingPass(
      Transformer(configuration, parameters: teacher.parameters), on: compute)
    // A batch without an end: the weights are prepared once.
    self.teacher.beginBatch()
    self.interpolation = interpolation
    self.studentShare = studentShare
    self.sampling = sampling
    self.seed = seed
    self.compute = compute
  }

  /// `student`: 1 in steps on the student's own responses; `length`: their tokens.
  package var metricNames: [String] { ["student", "length"] }

  package func learn(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome {
    let draw = RandomStream(seed: seed, purpose: "student share")
      .uniformDouble(at: UInt64(batch.step))
    guard draw < studentShare else {
      return try go(batch.tokens, isStudent: false, by: pass, rows, learns: true, check)
    }
    let own = try respond(batch, pass.model, check)
    return try go(own, isStudent: true, by: pass, rows, learns: true, check)
  }

  package func measure(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome {
    try go(batch.tokens, isStudent: false, by: pass, rows, learns: false, check)
  }

  private func go(
    _ batch: TokenBatch, isStudent: Bool, by pass: TrainingPass, _ rows: Int, learns: Bool,
    _ check: () throws -> Void
  ) throws -> Outcome {
    let parts = batch.parts(rows: rows)
    let isJoint = learns && pass.needsWholeBatch && parts.count > 1
    if isJoint { for part in parts { _ = pass.forward(part) } }
    let weight = 1 / Float(max(1, batch.targetCount))
    var sum = 0.0
    for part in parts {
      try check()
      let logits = teacher.logits(of: part)
      for value in pass.forward(part, teacher: logits, interpolation: interpolation) {
        sum += Double(value)
      }
      guard learns else { continue }
      pass.backward(
        part, teacher: logits, interpolation: interpolation,
        weights: part.targets.map { _ in weight })
    }
    let length = Double(batch.targetCount) / Double(max(1, batch.documents.count))
    return Outcome(
      loss: sum / Double(max(1, batch.targetCount)), metrics: [isStudent ? 1 : 0, length],
      tokens: batch.tokens.count)
  }

  /// The batch's sequences with their last responses drawn from the student.
  private func respond(
    _ batch: Batch, _ student: Transformer, _ check: () throws -> Void
  ) throws -> TokenBatch {
    let tokens = batch.tokens
    let prompts = tokens.documents.compactMap { document -> [Int]? in
      guard var row = document.last(where: { tokens.targets[$0] >= 0 }) else { return nil }
      while row > document.lowerBound, tokens.targets[row - 1] >= 0 { row -= 1 }
      return tokens.tokens[document.lowerBound...row].map(Int.init)
    }
    var options = sampling
    options.seed = RandomStream(seed: seed, purpose: "student responses")
      .uint64(at: UInt64(batch.step))
    var heard = 0
    let samples = try sampler(of: student).sample(prompts, options) { _, _, _ in
      heard += 1
      if heard % 32 == 0 { try check() }
    }
    return TokenBatch(
      zip(prompts, samples).map { prompt, samples in
        MaskedSequence(
          prompt: prompt.map(Int32.init), response: samples[0].tokens.map(Int32.init))
      })
  }

  private func sampler(of student: Transformer) -> Sampler {
    if let sampler, sampler.model.parameters.arena === student.parameters.arena { return sampler }
    let made = Sampler(student, threads: compute.threads)
    sampler = made
    return made
  }
}
