import Text

/// A dialogue in one text, as hh-rlhf (Bai et al. 2022) writes it: every turn begins, after an empty line,
/// with `Human: ` or `Assistant: `. Turns are cut as TRL's `extract_dialogue` cuts them.
enum HumanAssistantText {
  private static let roles = [("\n\nHuman:", "user"), ("\n\nAssistant:", "assistant")]

  /// The turns; nil for a text that does not begin with one of the human's.
  static func messages(_ text: String) -> [ChatMessage]? {
    guard text.utf8.starts(with: roles[0].0.utf8) else { return nil }
    var (messages, rest) = ([ChatMessage](), Array(text.utf8)[...])
    while let role = role(at: rest) {
      rest = rest.dropFirst(role.mark.utf8.count)
      if rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
      let end = rest.indices.first { self.role(at: rest[$0...]) != nil } ?? rest.endIndex
      messages.append(
        ChatMessage(role: role.name, content: String(decoding: rest[..<end], as: UTF8.self)))
      rest = rest[end...]
    }
    return messages
  }

  private static func role(at rest: ArraySlice<UInt8>) -> (mark: String, name: String)? {
    guard rest.first == UInt8(ascii: "\n") else { return nil }
    return roles.first { rest.starts(with: $0.0.utf8) }.map { ($0.0, $0.1) }
  }
}
