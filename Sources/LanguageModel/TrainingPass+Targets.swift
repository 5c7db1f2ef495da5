package import Numerics

/// What a student is to predict at every row of a batch (knowledge distillation). Rows without a target
/// token have no distribution either.
package enum SoftTargets: Sendable {
  /// `weight` times a distribution per row, `[rows, vocabulary]`, such as a teacher's
  /// `probabilities(of:)`, and the rest on the row's target token.
  case full(Matrix, weight: Float = 1)
  /// `weight` on a teacher's first choice and the rest on the row's target token (AFM; Gunter et al.
  /// 2024, §3.1).
  case firstChoice([Int32], weight: Float)
}

extension TrainingPass {
  /// Each row's cross-entropy with its target distribution, the model's entropy and their divergence;
  /// zeros where a row has no target. Keeps what `backward(_:targets:weights:)` needs.
  /// `observe` is shown the capped logits of some rows at a time.
  package func forward(
    _ batch: TokenBatch, targets: SoftTargets,
    observe: (Matrix, Range<Int>) -> Void = { _, _ in }
  ) -> [DistributionScore] {
    let (m, c) = (encode(batch), model.configuration)
    let head = DistributionHead(softCap: c.tokenHead.softCap)
    var scores: [DistributionScore] = []
    for part in m.headParts {
      let logits = logits(m, part)
      c.tokenHead.cap(logits, on: compute)
      observe(logits, part)
      scores += head.forward(
        logits, targets: targets.rows(part, of: batch, on: compute), logSums: m.logSums[part],
        on: compute)
    }
    let none = DistributionScore(crossEntropy: 0, entropy: 0, divergence: 0)
    for row in scores.indices where batch.targets[row] < 0 { scores[row] = none }
    return scores
  }

  /// Adds to the gradients of Σ weights[row] · crossEntropy[row], for the batch that `forward` with these
  /// targets has just seen.
  package func backward(_ batch: TokenBatch, targets: SoftTargets, weights: [Float]) {
    let (m, c) = (memory(rows: batch.tokens.count), model.configuration)
    let weights = Floats(zip(weights, batch.targets).map { $1 < 0 ? 0 : $0 })
    let head = DistributionHead(softCap: c.tokenHead.softCap)
    headBackward(m) { logits, part in
      head.backward(
        logits, targets: targets.rows(part, of: batch, on: compute), logSums: m.logSums[part],
        weights: weights[part], on: compute)
    }
    encodeBackward(m, batch)
  }

  /// The distribution of every row, `[rows, vocabulary]`, at a temperature: a teacher's, for one.
  package func probabilities(of batch: TokenBatch, temperature: Float = 1) -> Matrix {
    let all = logits(of: batch)
    if temperature != 1 { compute.scale(all.floats, by: 1 / temperature) }
    compute.softmaxRows(all)
    return all
  }
}

extension SoftTargets {
  /// Those of some rows.
  func rows(
    _ part: Range<Int>, of batch: TokenBatch, on compute: Compute
  ) -> DistributionHead.Targets {
    switch self {
    case .full(let matrix, weight: 1): return .dense(matrix[rows: part])
    case .full(let matrix, let weight):
      let mixed = Matrix(rows: part.count, columns: matrix.columns)
      compute.copy(matrix[rows: part], to: mixed)
      compute.scale(mixed.floats, by: weight)
      for (row, target) in batch.targets[part].enumerated() where target >= 0 {
        mixed[row, Int(target)] += 1 - weight
      }
      return .dense(mixed)
    case .firstChoice(let choices, let weight):
      var tokens: [Int32] = []
      var probabilities: [Float] = []
      for row in part {
        let target = batch.targets[row]
        tokens += [max(0, target), choices[row]]
        probabilities += target < 0 ? [0, 0] : [1 - weight, weight]
      }
      return .sparse(tokens: tokens, probabilities: probabilities, width: 2)
    }
  }
}
