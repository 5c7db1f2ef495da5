/// A tokenizer as evaluation uses it.
package protocol RequestTokenizer {
  /// The tokens of a text; with the special tokens that the tokenizer puts around every text
  /// (`<s>` for Llama), or without.
  func encode(_ text: String, addingSpecialTokens: Bool) -> [Int]
  /// What an empty context is replaced by: the beginning-of-sequence token, else the
  /// end-of-sequence token.
  var prefixToken: Int? { get }
  /// The prefix token's text.
  var prefixText: String? { get }
}
