package import Numerics

// Full forward passes for callers that want numbers, not training.

extension Transformer {
  /// The logits of every position of a sequence, `[tokens, vocabulary]`.
  package func logits(of tokens: [Int], on compute: Compute) throws(TokenError) -> Matrix {
    try configuration.check(tokens)
    let engine = InferenceEngine(self, window: max(tokens.count, 1), on: compute)
    var pieces = [
      InferenceEngine.Piece(
        cache: engine.makeCache(capacity: tokens.count), tokens: tokens.map(Int32.init),
        wanted: tokens.count)
    ]
    return engine.forward(&pieces)
  }

  /// The natural log-probability of every token but the first, given those before it.
  package func logProbabilities(
    of tokens: [Int], on compute: Compute
  ) throws(TokenError) -> [Float] {
    guard tokens.count > 1 else { return [] }
    let logits = try logits(of: tokens.dropLast(), on: compute)
    let result = Floats(count: logits.rows)
    TokenHead().forward(
      logits, targets: tokens.dropFirst().map(Int32.init), logProbabilities: result,
      logSums: Floats(count: logits.rows), on: compute)
    return result.array
  }
}
