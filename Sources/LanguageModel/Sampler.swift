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

  package init(
    temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, maximumTokens: Int,
    stopTokens: [Int] = [], seed: UInt64 = 0
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.maximumTokens = maximumTokens
    self.stopTokens = stopTokens
    self.seed = seed
  }
}

/// One sampled continuation.
package struct Sample: Hashable, Sendable {
  package var tokens: [Int]
  /// Each token's natural log-probability under the model (temperature 1, nothing cut), the same
  /// bits that a full forward pass gives.
  package var logProbabilities: [Float]
  /// Whether a stop token ended it.
  package var isStopped: Bool
}

/// Samples continuations with a cache of keys and values. Draws are keyed by (seed, prompt index,
/// sample, position), so a sample does not depend on what else is in its batch.
package struct Sampler: Sendable {
  package let model: Transformer
  /// How many threads to use.
  package let threads: Int

  package init(_ model: Transformer, threads: Int) {
    self.model = model
    self.threads = threads
  }

  /// `samples` continuations of every prompt. A prompt has at least one token. `onToken` hears
  /// (prompt, sample, token) in order of generation, and may throw to stop.
  package func sample(
    _ prompts: [[Int]], samples: Int = 1, _ options: SamplingOptions,
    onToken: (Int, Int, Int) throws -> Void = { _, _, _ in }
  ) throws -> [[Sample]] {
    fatalError("to be built")
  }
}
