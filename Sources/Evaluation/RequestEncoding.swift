package import LanguageModel

/// A context and a continuation as tokens, cut to a model's length.
package struct EncodedRequest: Hashable, Sendable {
  /// Usually one. A continuation longer than the model's input is scored in pieces, each after as
  /// much of what precedes it as fits, where lm-evaluation-harness would stop with an assertion.
  package var windows: [ScoreRequest]
  /// Whether part of the context was left out.
  package var isTruncated: Bool
}

/// Turns texts into requests by lm-evaluation-harness's rules for causal models (`_encode_pair` and
/// `loglikelihood` of `api/model.py`, `tok_encode` of `models/huggingface.py`, 0.4.13).
package struct RequestEncoder {
  package let tokenizer: any RequestTokenizer
  /// Tokens.
  package let maximumLength: Int

  package init(tokenizer: any RequestTokenizer, maximumLength: Int) {
    self.tokenizer = tokenizer
    self.maximumLength = maximumLength
  }

  /// A continuation after a context.
  package func encode(context: String, continuation: String) throws -> EncodedRequest {
    let pair = try pair(context: context, continuation: continuation)
    guard !pair.continuation.isEmpty else {
      throw QuestionError(
        "after \"\(context.suffix(20))\" the tokenizer makes no token of \"\(continuation)\", so it "
          + "cannot be scored; choose another form or tokenizer")
    }
    return fit(pair)
  }

  /// The windows by which a document's tokens are predicted one after another: the first after the
  /// prefix token, later ones after the one token before them (`get_rolling_token_windows` with
  /// `context_len` 1, then `make_disjoint_window`). The last is filled up to the left.
  package func rollingWindows(_ document: String) throws -> [ScoreRequest] {
    let tokens = encodeWithDefaults(document)
    guard !tokens.isEmpty else { return [] }
    let first = min(maximumLength, tokens.count)
    var windows = [ScoreRequest(context: [try prefix()], continuation: Array(tokens[..<first]))]
    var predicted = first
    while predicted < tokens.count {
      let end = min(predicted + maximumLength, tokens.count)
      windows.append(
        ScoreRequest(
          context: Array(tokens[(end - maximumLength - 1)..<predicted]),
          continuation: Array(tokens[predicted..<end])))
      predicted = end
    }
    return windows
  }

  private func prefix() throws -> Int {
    guard let token = tokenizer.prefixToken else {
      throw QuestionError(
        "the tokenizer has neither a beginning-of-sequence nor an end-of-sequence token, so there "
          + "is nothing for a first token to follow; add one to its special tokens")
    }
    return token
  }

  /// A text's tokens as the model reads a prompt: at least one.
  package func tokens(_ prompt: String) throws -> [Int] {
    let tokens = encodeWithDefaults(prompt)
    return tokens.isEmpty ? [try prefix()] : tokens
  }

  /// How many tokens a text has by itself.
  package func count(_ text: String) -> Int {
    tokenizer.encode(text, addingSpecialTokens: false).count
  }

  private func encodeWithDefaults(_ text: String) -> [Int] {
    // A text that begins with the prefix token's own text gets no second one.
    let hasPrefix = tokenizer.prefixText.map { !$0.isEmpty && text.hasPrefix($0) } ?? false
    return tokenizer.encode(text, addingSpecialTokens: !hasPrefix)
  }

  private func pair(context: String, continuation: String) throws -> ScoreRequest {
    let (text, space) = context.pythonSplitTrailingSpace()
    guard !text.isEmpty else { return try pair(afterNothing: space + continuation) }
    let whole = encodeWithDefaults(text + space + continuation)
    let context = encodeWithDefaults(text)
    // By length, not by matching tokens: where a merge crosses the border, the harness still cuts here.
    return ScoreRequest(context: context, continuation: Array(whole.dropFirst(context.count)))
  }

  private func pair(afterNothing continuation: String) throws -> ScoreRequest {
    let tokens = tokenizer.encode(continuation, addingSpecialTokens: false)
    let prefix = try prefix()
    if tokens.first == prefix, tokens.count > 1 {
      return ScoreRequest(context: [prefix], continuation: Array(tokens.dropFirst()))
    }
    return ScoreRequest(context: [prefix], continuation: tokens)
  }

  /// Keeps the last `maximumLength` + 1 tokens, of which the model reads all but the last.
  private func fit(_ pair: ScoreRequest) -> EncodedRequest {
    let all = pair.context + pair.continuation
    guard all.count > maximumLength + 1 else {
      return EncodedRequest(windows: [pair], isTruncated: false)
    }
    var windows: [ScoreRequest] = []
    var predicted = pair.context.count
    while predicted < all.count {
      let end = min(predicted + maximumLength, all.count)
      windows.append(
        ScoreRequest(
          context: Array(all[max(0, end - maximumLength - 1)..<predicted]),
          continuation: Array(all[predicted..<end])))
      predicted = end
    }
    return EncodedRequest(windows: windows, isTruncated: true)
  }
}
