package import LanguageModel
package import Numerics

/// What training makes small. An objective runs the model over a batch itself, so that it may ask for
/// more than log-probabilities: soft targets or a head. Most are a `TokenObjective`.
package protocol Objective: Sendable {
  /// The names of what `Outcome.metrics` holds, in order.
  var metricNames: [String] { get }
  /// Runs the model forward and back over a batch and adds to `pass.gradients`, which begin and end with
  /// the caller. Where the pass `needsWholeBatch`, all of it goes forward before any goes back.
  /// - Parameters:
  ///   - rows: about how many rows to run at once; bears on memory and speed only.
  ///   - check: to be called now and then; throws to stop.
  func learn(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome
  /// The outcome of a batch, without gradients.
  func measure(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome
  /// Whether a batch has nothing to measure.
  func isVoid(_ batch: Batch) -> Bool
  /// Hears that an update has moved the model's parameters, and may move them further.
  /// - Parameter step: updates made, this one included.
  func didUpdate(_ model: Transformer, after step: Int, on compute: Compute)
  /// What the objective keeps from step to step, by name: a part of the training state.
  func state(after step: Int) -> [String: Floats]
  /// Takes up what `state` gave after `step` updates.
  func restore(_ state: [String: Floats], after step: Int) throws(TrainingError)
}

/// What a batch gave.
package struct Outcome: Hashable, Sendable {
  package var loss: Double
  /// Values of the objective's own, such as a margin or an accuracy.
  package var metrics: [Double]
  /// Tokens that were learned from, where they are not the batch's.
  package var tokens: Int?

  package init(loss: Double, metrics: [Double] = [], tokens: Int? = nil) {
    self.loss = loss
    self.metrics = metrics
    self.tokens = tokens
  }
}

/// An objective that is a function of the log-probabilities of the tokens that occurred (DESIGN §5). The
/// trainer runs the model, the objective answers with its loss and the loss's slope in each
/// log-probability, and the model's head turns those into gradients.
package protocol TokenObjective: Objective {
  /// Whether a sequence's slopes need no other sequence's log-probabilities (`targetCount` they may
  /// use). If so, one forward pass per micro-batch is enough; if not, the whole batch goes forward
  /// first.
  var isSeparable: Bool { get }
  /// The loss of a whole batch. `logProbabilities` has one value per row; 0 where a row has no target.
  func loss(_ logProbabilities: [Float], of batch: Batch) -> Double
  /// ∂loss/∂logProbabilities, of a whole batch or, when separable, of some of its sequences.
  func slopes(_ logProbabilities: [Float], of batch: Batch) -> [Float]
  /// The objective's own metrics of a whole batch, as `metricNames` names them.
  func metrics(_ logProbabilities: [Float], of batch: Batch) -> [Double]
}

extension Objective {
  package var metricNames: [String] { [] }
  package func isVoid(_ batch: Batch) -> Bool { batch.tokens.targetCount == 0 }
  package func didUpdate(_ model: Transformer, after step: Int, on compute: Compute) {}
  package func state(after step: Int) -> [String: Floats] { [:] }
  package func restore(_ state: [String: Floats], after step: Int) throws(TrainingError) {}
}

extension TokenObjective {
  package func metrics(_ logProbabilities: [Float], of batch: Batch) -> [Double] { [] }

  package func loss(_ logProbabilities: [Float], of tokens: TokenBatch) -> Double {
    loss(logProbabilities, of: Batch(tokens))
  }

  package func slopes(_ logProbabilities: [Float], of tokens: TokenBatch) -> [Float] {
    slopes(logProbabilities, of: Batch(tokens))
  }

  package func measure(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome {
    var values: [Float] = []
    for part in batch.parts(rows: rows) {
      if !values.isEmpty { try check() }
      values += pass.forward(part.tokens)
    }
    return outcome(values, of: batch)
  }

  package func learn(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome {
    let isSeparable = isSeparable && !pass.needsWholeBatch
    let parts = batch.parts(rows: isSeparable ? quickRows(batch, rows, pass) : rows)
    guard isSeparable || parts.count == 1 else {
      return try learnJointly(batch, parts, by: pass, check: check)
    }
    var values: [Float] = []
    for part in parts {
      if !values.isEmpty { try check() }
      let some = pass.forward(part.tokens)
      pass.backward(part.tokens, slopes: slopes(some, of: part))
      values += some
    }
    return outcome(values, of: batch)
  }

  /// Rows of equal parts that are about as long as is quick, and no longer than `rows`.
  private func quickRows(_ batch: Batch, _ rows: Int, _ pass: TrainingPass) -> Int {
    let (all, quick) = (batch.tokens.tokens.count, pass.quickRows(rows))
    let parts = max(1, (all + quick / 2) / quick)
    return min(rows, (all + parts - 1) / parts)
  }

  /// Forward over all parts, then forward and back over each.
  private func learnJointly(
    _ batch: Batch, _ parts: [Batch], by pass: TrainingPass, check: () throws -> Void
  ) throws -> Outcome {
    var values: [Float] = []
    for part in parts {
      values += pass.forward(part.tokens)
      try check()
    }
    let slopes = slopes(values, of: batch)
    var start = 0
    for part in parts {
      try check()
      _ = pass.forward(part.tokens)
      let end = start + part.tokens.tokens.count
      pass.backward(part.tokens, slopes: Array(slopes[start..<end]))
      start = end
    }
    return outcome(values, of: batch)
  }

  private func outcome(_ values: [Float], of batch: Batch) -> Outcome {
    Outcome(loss: loss(values, of: batch), metrics: metrics(values, of: batch))
  }
}

/// Mean negative log-probability per target token, in nats.
package struct NextToken: TokenObjective {
  package init() {}

  package var isSeparable: Bool { true }

  package func loss(_ logProbabilities: [Float], of batch: Batch) -> Double {
    var sum = 0.0
    for value in logProbabilities { sum += Double(value) }
    return -sum / Double(max(1, batch.tokens.targetCount))
  }

  package func slopes(_ logProbabilities: [Float], of batch: Batch) -> [Float] {
    let slope = -1 / Float(max(1, batch.tokens.targetCount))
    return batch.tokens.targets.map { $0 < 0 ? 0 : slope }
  }
}
