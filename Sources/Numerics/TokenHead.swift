/// From logits to the log-probability of the token that occurred, and back.
package struct TokenHead: Sendable {
  /// Gemma's cap: logits become `cap · tanh(logit / cap)`.
  package var softCap: Float?

  package init(softCap: Float? = nil) { self.softCap = softCap }

  /// logProbabilities[r] = log softmax(logits[r])[targets[r]]; a negative target gives 0. With a cap,
  /// `logits` are replaced by the capped ones. Keeps the log of each row's sum of exponentials.
  package func forward(
    _ logits: Matrix, targets: [Int32], logProbabilities: Floats, logSums: Floats,
    on compute: Compute
  ) { fatalError("to be built") }

  /// Replaces the (capped) logits, in place, by the gradient of the loss by the uncapped logits, given
  /// ∂loss/∂logProbabilities: row r is `slope[r] · (onehot(target) − softmax)`; zero for a negative target.
  package func backward(
    _ logits: Matrix, targets: [Int32], logSums: Floats, slopes: Floats, on compute: Compute
  ) { fatalError("to be built") }
}
