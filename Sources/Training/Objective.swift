package import LanguageModel

/// What training makes small: a function of the log-probabilities of the tokens that occurred
/// (DESIGN §5). The trainer runs the model, the objective answers with its loss and the loss's slope in
/// each log-probability, and the trainer turns those into gradients.
package protocol Objective: Sendable {
  /// Whether a sequence's slopes need no other sequence's log-probabilities (`batch.targetCount` they
  /// may use). If so, one forward pass per micro-batch is enough; if not, the trainer makes a forward
  /// pass over the whole batch first.
  var isSeparable: Bool { get }
  /// The loss of a whole batch. `logProbabilities` has one value per row; 0 where a row has no target.
  func loss(_ logProbabilities: [Float], of batch: TokenBatch) -> Double
  /// ∂loss/∂logProbabilities, of a whole batch or, when separable, of some of its sequences.
  func slopes(_ logProbabilities: [Float], of batch: TokenBatch) -> [Float]
}

/// Mean negative log-probability per target token, in nats.
package struct NextToken: Objective {
  package init() {}

  package var isSeparable: Bool { true }

  package func loss(_ logProbabilities: [Float], of batch: TokenBatch) -> Double {
    var sum = 0.0
    for value in logProbabilities { sum += Double(value) }
    return -sum / Double(max(1, batch.targetCount))
  }

  package func slopes(_ logProbabilities: [Float], of batch: TokenBatch) -> [Float] {
    let slope = -1 / Float(max(1, batch.targetCount))
    return batch.targets.map { $0 < 0 ? 0 : slope }
  }
}
