package import ContentStore
import LanguageModel
import Numerics

/// How likely a model finds one document: a line of the artifact `outcomes`.
package struct DocumentOutcome: Hashable, Sendable {
  package var id: String
  /// Natural log-probability of all its tokens.
  package var logLikelihood: Double
  package var tokens: Int
  /// By lm-evaluation-harness's count: stretches between white space, empty ones at the ends too.
  package var words: Int
  /// In UTF-8.
  package var bytes: Int

  package init(id: String, logLikelihood: Double, tokens: Int, words: Int, bytes: Int) {
    self.id = id
    self.logLikelihood = logLikelihood
    self.tokens = tokens
    self.words = words
    self.bytes = bytes
  }

  package var json: JSON {
    [
      "id": .string(id), "logLikelihood": .exact(logLikelihood), "tokens": .integer(tokens),
      "words": .integer(words), "bytes": .integer(bytes),
    ]
  }

  package init?(json: JSON) {
    guard let id = json["id"]?.stringValue, let logLikelihood = json["logLikelihood"]?.exactValue,
      let tokens = json["tokens"]?.intValue, let words = json["words"]?.intValue,
      let bytes = json["bytes"]?.intValue
    else { return nil }
    self.init(id: id, logLikelihood: logLikelihood, tokens: tokens, words: words, bytes: bytes)
  }
}

/// Measures documents by rolling windows.
package struct DocumentScoring {
  package let encoder: RequestEncoder

  package init(encoder: RequestEncoder) { self.encoder = encoder }

  /// The outcomes of some documents, in their order. `progress` hears how many windows are scored.
  package func outcomes(
    of documents: [(id: String, text: String)], by scorer: any TokenScorer,
    progress: (Int) throws -> Void = { _ in }
  ) throws -> [DocumentOutcome] {
    let windows = try documents.map { try encoder.rollingWindows($0.text) }
    var answers = try scorer.score(windows.flatMap { $0 }, progress: progress)[...]
    return zip(documents, windows).map { document, windows in
      let own = answers.prefix(windows.count)
      answers = answers.dropFirst(windows.count)
      return DocumentOutcome(
        id: document.id, logLikelihood: own.reduce(0) { $0 + $1.logProbability },
        tokens: windows.reduce(0) { $0 + $1.continuation.count },
        words: document.text.pythonWordCount, bytes: document.text.utf8.count)
    }
  }
}

/// A corpus's perplexities: exp(−Σ log p / Σ units), as lm-evaluation-harness's `word_perplexity`,
/// `byte_perplexity` and `bits_per_byte`; and per token, which depends on the tokenizer.
package struct PerplexityScores: Hashable, Sendable {
  package var token: ScoreEstimate
  package var word: ScoreEstimate
  package var byte: ScoreEstimate
  package var bitsPerByte: ScoreEstimate

  /// Nil when there is nothing to predict. Standard errors are over documents: of the ratio by
  /// linearisation (Cochran 1977, §2.11), of the perplexity by the delta method.
  package init?(_ outcomes: [DocumentOutcome]) {
    guard outcomes.contains(where: { $0.tokens > 0 && $0.bytes > 0 }) else { return nil }
    let perByte = Self.loss(outcomes, per: \.bytes)
    token = Self.perplexity(Self.loss(outcomes, per: \.tokens))
    word = Self.perplexity(Self.loss(outcomes, per: \.words))
    byte = Self.perplexity(perByte)
    bitsPerByte = ScoreEstimate(
      perByte.value / Self.log2, standardError: perByte.standardError.map { $0 / Self.log2 },
      count: perByte.count)
  }

  /// log 2.
  private static let log2 = 0.69314718055994530942

  /// All of them by name: `NAME/token`, `NAME/word`, `NAME/byte`, `NAME/bitsPerByte`.
  package func named(_ name: String) -> [String: ScoreEstimate] {
    [
      "\(name)/token": token, "\(name)/word": word, "\(name)/byte": byte,
      "\(name)/bitsPerByte": bitsPerByte,
    ]
  }

  /// −Σ log p / Σ units, in nats; the count is of units.
  package static func loss(
    _ outcomes: [DocumentOutcome], per unit: KeyPath<DocumentOutcome, Int>
  ) -> ScoreEstimate {
    let units = outcomes.reduce(0) { $0 + $1[keyPath: unit] }
    let ratio = -outcomes.reduce(0) { $0 + $1.logLikelihood } / Double(units)
    let n = Double(outcomes.count)
    let squares = outcomes.reduce(0.0) { sum, outcome in
      let rest = -outcome.logLikelihood - ratio * Double(outcome[keyPath: unit])
      return sum + rest * rest
    }
    let error = n > 1 ? (squares * n / (n - 1)).squareRoot() / Double(units) : nil
    return ScoreEstimate(ratio, standardError: error, count: units)
  }

  private static func perplexity(_ loss: ScoreEstimate) -> ScoreEstimate {
    let value = Elementary.exp(loss.value)
    return ScoreEstimate(
      value, standardError: loss.standardError.map { $0 * value }, count: loss.count)
  }
}
