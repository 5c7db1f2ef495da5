package import Text

/// A checkpoint's tokenizer.
package struct CheckpointTokenizer: RequestTokenizer {
  package let tokenizer: Tokenizer
  package let prefixToken: Int?
  /// Whether the tokenizer puts the prefix token before every text (`add_bos_token`).
  package let addsPrefix: Bool

  package init(_ tokenizer: Tokenizer, prefixToken: Int?, addsPrefix: Bool = false) {
    self.tokenizer = tokenizer
    self.prefixToken = prefixToken
    self.addsPrefix = addsPrefix
  }

  package func encode(_ text: String, addingSpecialTokens: Bool) -> [Int] {
    let tokens = tokenizer.encode(text)
    guard addingSpecialTokens, addsPrefix, let prefixToken else { return tokens }
    return [prefixToken] + tokens
  }

  package var prefixText: String? { prefixToken.map { tokenizer.decode([$0]) } }
}
