/// A sequence that the model cannot take, in one sentence.
package struct TokenError: Error, Hashable, Sendable, CustomStringConvertible {
  package var message: String
  package init(_ message: String) { self.message = message }
  package var description: String { message }
}

extension ModelConfiguration {
  /// Refuses tokens that the embedding has no row for, and to predict with a model that scores.
  func check(_ tokens: some Sequence<Int>, isScoring: Bool = false) throws(TokenError) {
    guard scoreHead == nil || isScoring else {
      throw TokenError(
        "the model scores texts and has no output over the vocabulary; use one that predicts tokens"
      )
    }
    for token in tokens where token < 0 || token >= vocabularySize {
      throw TokenError(
        "token \(token) is beyond the model's vocabulary of \(vocabularySize); use the tokenizer "
          + "that the model was trained with")
    }
  }
}
