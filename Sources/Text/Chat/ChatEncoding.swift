/// A conversation as tokens.
package struct ChatTokens: Hashable, Sendable {
  package var ids: [Int32]
  /// Which tokens the assistant wrote.
  package var assistant: [Range<Int>]

  /// Whether the assistant wrote each token.
  package var mask: [Bool] {
    var mask = Array(repeating: false, count: ids.count)
    for range in assistant { for index in range { mask[index] = true } }
    return mask
  }
}

extension ChatTemplate {
  /// A conversation's tokens. The text has its special tokens, so none are added (as
  /// `apply_chat_template` does); a token that lies in both parts counts as the assistant's.
  package func encode(
    _ messages: [ChatMessage], addGenerationPrompt: Bool = false, with encoder: inout Encoder
  ) throws(TextError) -> ChatTokens {
    let rendering = try render(messages, addGenerationPrompt: addGenerationPrompt)
    let ids = encoder.encode(rendering.text)
    let text = Array(rendering.text.utf8)
    var result = ChatTokens(ids: ids, assistant: [])
    for range in rendering.assistant {
      let start = Self.tokens(before: range.lowerBound, text, ids, &encoder)
      let end = Self.tokens(before: range.upperBound, text, ids, &encoder, rounding: true)
      result.assistant.append(start..<max(start, end))
    }
    return result
  }

  /// How many of a text's tokens end at or before a byte: the longest common beginning of the ids of
  /// the text and of its part (TRL's rule for where a completion starts).
  private static func tokens(
    before end: Int, _ text: [UInt8], _ ids: [Int32], _ encoder: inout Encoder,
    rounding: Bool = false
  ) -> Int {
    let part = encoder.encode(String(decoding: text[..<end], as: UTF8.self))
    let common = zip(part, ids).prefix { $0 == $1 }.count
    // A token that reaches over the end belongs to what it began in.
    return rounding && common < part.count ? min(common + 1, ids.count) : common
  }
}
