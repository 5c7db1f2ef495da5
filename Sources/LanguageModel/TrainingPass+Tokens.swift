package import Numerics

// The output over the vocabulary, some rows at a time: logits of a whole batch are never there unless
// asked for.

extension TrainingPass {
  /// Each row's log-probability of its target (0 where there is none). Keeps what `backward` needs.
  package func forward(_ batch: TokenBatch) -> [Float] {
    let m = encode(batch)
    for part in m.headParts(model.configuration) {
      let logits = logits(m, part)
      model.configuration.tokenHead.forward(
        logits, targets: Array(batch.targets[part]), logProbabilities: m.logProbabilities[part],
        logSums: m.logSums[part], on: compute)
    }
    return m.logProbabilities.array
  }

  /// Adds to the gradients, given ∂loss/∂(log-probability) of every row of the batch that `forward`
  /// has just seen. Call once per forward pass: it overwrites activations.
  package func backward(_ batch: TokenBatch, slopes: [Float]) {
    let (m, c) = (memory(rows: batch.tokens.count), model.configuration)
    let slopes = Floats(slopes)
    headBackward(m) { logits, part in
      c.tokenHead.backward(
        logits, targets: Array(batch.targets[part]), logSums: m.logSums[part],
        slopes: slopes[part], on: compute)
    }
    encodeBackward(m, batch)
  }

  /// The (capped) logits of every row, `[rows, vocabulary]`: a teacher's, for one. Dropout acts as in
  /// `forward`.
  package func logits(of batch: TokenBatch) -> Matrix {
    let (m, c) = (encode(batch), model.configuration)
    let all = Matrix(rows: m.rows, columns: c.vocabularySize)
    for part in m.headParts(c) {
      let logits = logits(m, part)
      c.tokenHead.cap(logits, on: compute)
      compute.copy(logits, to: all[rows: part])
    }
    return all
  }

  /// Every row's most likely token; the lowest id wins ties. Takes no memory for all rows' logits.
  package func firstChoices(of batch: TokenBatch) -> [Int32] {
    let (m, c) = (encode(batch), model.configuration)
    return m.headParts(c).flatMap { compute.firstChoices(logits(m, $0)) }
  }

  /// The uncapped logits of some rows of the batch that `encode` has just seen.
  func logits(_ m: PassMemory, _ part: Range<Int>) -> Matrix {
    let logits = m.logits[rows: 0..<part.count]
    head.forward(m.finalNormed[rows: part], into: logits, on: compute)
    return logits
  }

  /// Back through the output matrix: `toGradient` turns the capped logits of some rows into the gradient
  /// of the uncapped ones. They are computed again where `forward` did not keep them.
  func headBackward(_ m: PassMemory, _ toGradient: (Matrix, Range<Int>) -> Void) {
    let c = model.configuration
    let parts = m.headParts(c)
    for part in parts {
      var logits = m.logits[rows: 0..<part.count]
      if parts.count > 1 {
        logits = self.logits(m, part)
        c.tokenHead.cap(logits, on: compute)
      }
      toGradient(logits, part)
      head.backward(
        logits, x: m.finalNormed[rows: part], into: m.scratch.normed[rows: part],
        gradient: headGradient, on: compute)
    }
  }
}

extension Compute {
  /// Each row's most likely token; the lowest id wins ties.
  func firstChoices(_ logits: Matrix) -> [Int32] {
    var choices = [Int32](repeating: 0, count: logits.rows)
    choices.withUnsafeMutableBufferPointer { buffer in
      // Each thread writes the rows of its own part.
      nonisolated(unsafe) let buffer = buffer
      split(logits.rows, grain: 8) { part in
        for row in part {
          buffer[row] = Int32(logits[row: row].withSpan { indexOfMaximum($0) })
        }
      }
    }
    return choices
  }
}
