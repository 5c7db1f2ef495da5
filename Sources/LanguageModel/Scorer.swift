/// A question to a model: how likely is this continuation after this context?
package struct ScoreRequest: Hashable, Sendable {
  /// Token ids before the continuation; at least one (a prefix token when there is no text).
  package var context: [Int]
  package var continuation: [Int]

  package init(context: [Int], continuation: [Int]) {
    self.context = context
    self.continuation = continuation
  }
}

/// The answer to a `ScoreRequest`.
package struct ContinuationScore: Hashable, Sendable {
  /// Sum of the continuation tokens' natural log-probabilities over the full vocabulary.
  package var logProbability: Double
  /// Whether every continuation token was the model's first choice (lowest id wins ties).
  package var isGreedy: Bool
  /// How many tokens were cut off the left to fit the window.
  package var truncated: Int

  package init(logProbability: Double, isGreedy: Bool, truncated: Int) {
    self.logProbability = logProbability
    self.isGreedy = isGreedy
    self.truncated = truncated
  }
}

/// Scores continuations as lm-evaluation-harness does (reference.md §1.2): input = the last L + 1
/// tokens of context + continuation, minus the final one. A request's answer does not depend on
/// the other requests.
package struct Scorer: Sendable {
  package let model: Transformer
  /// How many threads to use.
  package let threads: Int
  /// The longest input, L, in tokens.
  package let window: Int

  /// `window` defaults to the model's own.
  package init(_ model: Transformer, threads: Int, window: Int? = nil) {
    self.model = model
    self.threads = threads
    self.window = window ?? model.configuration.maximumPositions
  }

  /// Answers in the order of the requests. One-token continuations of the same context share a
  /// forward pass. `progress` is called between batches with the number of requests answered; it
  /// may throw to stop.
  package func score(
    _ requests: [ScoreRequest], progress: (Int) throws -> Void = { _ in }
  ) throws -> [ContinuationScore] {
    fatalError("to be built")
  }

  /// The log-probability of every token of a stream, the first one after `prefix`, in rolling windows:
  /// each predicts up to `window` tokens, with one token of context after the first (reference.md §1.2).
  /// `progress` is called between batches with the number of tokens done; it may throw to stop.
  package func rollingLogProbabilities(
    of tokens: [Int], prefix: Int, progress: (Int) throws -> Void = { _ in }
  ) throws -> [Float] {
    fatalError("to be built")
  }
}
