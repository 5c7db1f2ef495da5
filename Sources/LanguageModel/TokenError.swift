/// A sequence that the model cannot take, in one sentence.
package struct TokenError: Error, Hashable, Sendable, CustomStringConvertible {
  package var message: String
  package init(_ message: String) { self.message = message }
  package var description: String { message }
}

extension ModelConfiguration {
  /// Refuses tokens that the embedding has no row for.
  func check(_ tokens: some Sequence<Int>) throws(TokenError) {
    for token in tokens where token < 0 || token >= vocabularySize {
      throw TokenError(
        "token \(token) is beyond the model's vocabulary of \(vocabularySize); use the tokenizer "
          + "that the model was trained with")
    }
  }
}
