import Numerics

/// How tokens are chosen.
package struct SamplingOptions: Hashable, Sendable {
  /// 0 chooses the most likely token (lowest id wins ties).
  package var temperature: Double
  /// Keeps only the k most likely tokens.
  package var topK: Int?
  /// Keeps the most likely tokens up to this probability mass, at least one.
  package var topP: Double?
  /// The most tokens to make per sample.
  package var maximumTokens: Int
  /// Token ids that end a sample; the one found is its last token.
  package var stopTokens: [Int]
  package var seed: UInt64
  /// Whether samples tell the entropy of each token's distribution.
  package var wantsEntropy: Bool

  package init(
    temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, maximumTokens: Int,
    stopTokens: [Int] = [], seed: UInt64 = 0, wantsEntropy: Bool = false
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.maximumTokens = maximumTokens
    self.stopTokens = stopTokens
    self.seed = seed
    self.wantsEntropy = wantsEntropy
  }

  var chooser: TokenChooser {
    TokenChooser(temperature: temperature, topK: topK, topP: topP, wantsEntropy: wantsEntropy)
  }
}

/// One sampled continuation.
package struct Sample: Hashable, Sendable {
  package var tokens: [Int]
  /// Each token's natural log-probability under the model (temperature 1, nothing cut), the same
  /// bits that a full forward pass gives: `TrainingPass.forward` too.
  package var logProbabilities: [Float]
  /// The entropy, in nats, of the whole distribution at temperature 1 that each token was drawn from, the
  /// bits of `TrainingPass.forward(_:targets:)`; empty unless asked for.
  package var entropies: [Float]
  /// Whether a stop token ended it.
  package var isStopped: Bool

  package init(
    tokens: [Int], logProbabilities: [Float], isStopped: Bool, entropies: [Float] = []
  ) {
    self.tokens = tokens
    self.logProbabilities = logProbabilities
    self.entropies = entropies
    self.isStopped = isStopped
  }
}
