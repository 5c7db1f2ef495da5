package import Numerics

// Learning from a teacher's whole distribution by a divergence that is no cross-entropy.

extension TrainingPass {
  /// Each row's divergence from a teacher, whose capped logits are `[rows, vocabulary]`; 0 where a row has no
  /// target. Keeps what `backward(_:teacher:interpolation:weights:)` needs.
  package func forward(
    _ batch: TokenBatch, teacher: Matrix, interpolation: Double
  ) -> [Float] {
    let (m, c) = (encode(batch), model.configuration)
    let head = DivergenceHead(interpolation: interpolation)
    var values: [Float] = []
    for part in m.headParts {
      let logits = logits(m, part)
      c.tokenHead.cap(logits, on: compute)
      values += head.forward(logits, teacher: teacher[rows: part], on: compute)
    }
    for row in values.indices where batch.targets[row] < 0 { values[row] = 0 }
    return values
  }

  /// Adds to the gradients of Σ weights[row] · divergence[row], for the batch that `forward` with this teacher
  /// has just seen.
  package func backward(
    _ batch: TokenBatch, teacher: Matrix, interpolation: Double, weights: [Float]
  ) {
    let (m, c) = (memory(rows: batch.tokens.count), model.configuration)
    let weights = Floats(zip(weights, batch.targets).map { $1 < 0 ? 0 : $0 })
    let head = DivergenceHead(
      interpolation: interpolation, softCap: c.tokenHead.softCap)
    headBackward(m) { logits, part in
      head.backward(
        logits, teacher: teacher[rows: part], weights: weights[part], on: compute)
    }
    encodeBackward(m, batch)
  }
}
