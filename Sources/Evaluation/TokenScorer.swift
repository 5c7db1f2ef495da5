package import LanguageModel

/// What evaluation asks of a language model; `LanguageModel.Scorer` answers it, and tests answer it
/// with numbers that are known beforehand.
package protocol TokenScorer {
  /// The longest input, in tokens.
  var window: Int { get }

  /// The answers in the order of the requests. `progress` hears how many requests are answered, and
  /// may throw to stop.
  func score(
    _ requests: [ScoreRequest], progress: (Int) throws -> Void
  ) throws -> [ContinuationScore]
}

extension Scorer: TokenScorer {}
