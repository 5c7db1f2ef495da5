import ContentStore

/// Makes a conversation the text that a model reads. The template is the Jinja text of
/// `tokenizer_config.json`, so that `apply_chat_template` of transformers renders the same.
package struct ChatTemplate: Sendable {
  /// The Jinja text.
  package let source: String
  private let nodes: [JinjaNode]
  private let beginToken: String
  private let endToken: String

  /// - Parameters:
  ///   - source: Jinja, or the name of a template of ours (`ChatTemplate.named`).
  ///   - beginToken: what `bos_token` is in it; `endToken` likewise.
  package init(
    _ source: String, beginToken: String? = nil, endToken: String? = nil
  ) throws(TextError) {
    // One word without Jinja's signs is meant as a name.
    let isWord = !source.isEmpty && !source.contains { $0.isWhitespace || $0 == "{" }
    guard !isWord || Self.named[source] != nil else {
      let names = Self.named.keys.sorted()
      throw TextError(
        "there is no chat template \"\(source.prefix(40))\"" + didYouMean(source, among: names)
          + "; there are \(names.joined(separator: ", ")), and Jinja's texts, which hold {{ or {%")
    }
    self.source = Self.named[source] ?? source
    nodes = try JinjaParser.parse(self.source)
    self.beginToken = beginToken ?? ""
    self.endToken = endToken ?? ""
  }

  /// The template of a `tokenizer_config.json`; nil when it has none.
  package init?(_ configuration: TokenizerConfiguration) throws(TextError) {
    guard let source = configuration.chatTemplate else { return nil }
    try self.init(
      source, beginToken: configuration.beginToken, endToken: configuration.endToken)
  }

  /// A conversation as text.
  package struct Rendering: Hashable, Sendable {
    package var text: String
    /// What each message of the assistant wrote and had to write to end its turn, in bytes of the
    /// text's UTF-8: what a model is trained on.
    package var assistant: [Range<Int>]
  }

  /// A conversation's text alone.
  ///
  /// - Parameter addGenerationPrompt: whether the text ends where the assistant is to begin.
  package func text(
    _ messages: [ChatMessage], addGenerationPrompt: Bool = false
  ) throws(TextError) -> String {
    String(decoding: try run(messages, addGenerationPrompt).text, as: UTF8.self)
  }

  /// A conversation's text and the assistant's part of it. Fails where the latter cannot be told.
  package func render(
    _ messages: [ChatMessage], addGenerationPrompt: Bool = false
  ) throws(TextError) -> Rendering {
    let (text, generated) = try run(messages, addGenerationPrompt)
    // A template that marks the assistant's part itself is believed.
    let ranges =
      generated.isEmpty
      ? try assistantRanges(messages, text, isPrompting: addGenerationPrompt) : generated
    return Rendering(text: String(decoding: text, as: UTF8.self), assistant: ranges)
  }

  private func run(
    _ messages: [ChatMessage], _ addGenerationPrompt: Bool
  ) throws(TextError) -> (text: [UInt8], generated: [Range<Int>]) {
    var globals: [String: JinjaValue] = [
      "messages": .list(messages.map(\.value)), "add_generation_prompt": .bool(addGenerationPrompt),
      "tools": .none, "documents": .none,
    ]
    // transformers passes only the special tokens that there are.
    if !beginToken.isEmpty { globals["bos_token"] = .string(beginToken) }
    if !endToken.isEmpty { globals["eos_token"] = .string(endToken) }
    var interpreter = JinjaInterpreter(globals: globals)
    return try interpreter.render(nodes)
  }

  // MARK: What the assistant wrote

  /// From where the prompt for a message ends to where the conversation up to it ends. Templates that
  /// write an earlier message otherwise once others follow are refused: no part of their text would be
  /// what the model is asked for.
  private func assistantRanges(
    _ messages: [ChatMessage], _ text: [UInt8], isPrompting: Bool
  ) throws(TextError) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for (index, message) in messages.enumerated() where message.role == "assistant" {
      let start = try self.start(of: index, in: messages, text)
      let isLast = index == messages.count - 1 && !isPrompting
      let whole = isLast ? text : try run(Array(messages[...index]), false).text
      guard text.starts(with: whole), start <= whole.count else {
        throw TextError(
          "the chat template writes message \(index) differently when others follow it, so the "
            + "assistant's part cannot be told")
      }
      ranges.append(start..<end(whole, from: start))
    }
    return ranges
  }

  private func start(
    of index: Int, in messages: [ChatMessage], _ text: [UInt8]
  ) throws(TextError) -> Int {
    if index > 0 {
      let prompt = try run(Array(messages[..<index]), true).text
      if text.starts(with: prompt) { return prompt.count }
    }
    // The prompt differs or cannot be made: the part begins where another content would change it.
    var changed = messages
    let other = message(messages[index], startsLike: "\u{F8FF}") ? "\u{F8FE}" : "\u{F8FF}"
    changed[index].content = other + messages[index].content
    let rendered = try run(changed, false).text
    return zip(text, rendered).prefix { $0 == $1 }.count
  }

  private func message(_ message: ChatMessage, startsLike text: String) -> Bool {
    message.content.utf8.starts(with: text.utf8)
  }

  /// White space that a template puts after the token that ends a turn is not the assistant's.
  private func end(_ text: [UInt8], from start: Int) -> Int {
    var end = text.count
    while end > start, [0x20, 0x0A, 0x0D, 0x09].contains(text[end - 1]) { end -= 1 }
    let closes = text[start..<end].last == UInt8(ascii: ">")
    return closes && end < text.count ? end : text.count
  }
}
