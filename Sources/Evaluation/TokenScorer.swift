/// What evaluation asks of a language model.
package protocol TokenScorer {
  /// The longest input the model takes, in tokens.
  var maximumLength: Int { get }

  /// For each request, Σ log p(continuation token | everything before it) over the whole
  /// vocabulary, in nats, and whether every continuation token was the most probable one. Contexts
  /// have at least one token, and context and continuation together at most `maximumLength` + 1:
  /// the last token is predicted, not read.
  func score(
    _ requests: [(context: [Int32], continuation: [Int32])]
  ) throws -> [(logLikelihood: Double, isGreedy: Bool)]
}

/// A tokenizer as evaluation uses it.
package protocol RequestTokenizer {
  /// The tokens of a text; with the tokenizer's own special tokens around it (`<s>` for Llama) or
  /// without.
  func encode(_ text: String, addingSpecialTokens: Bool) throws -> [Int32]
  /// What an empty context is replaced by: the beginning-of-sequence token, else the
  /// end-of-sequence token.
  var prefixToken: Int32? { get }
  /// The prefix token's text.
  var prefixText: String? { get }
}
