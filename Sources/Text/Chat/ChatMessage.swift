package import ContentStore

/// One message of a conversation.
package struct ChatMessage: Hashable, Sendable {
  /// `system`, `user`, `assistant`, or what else a template knows.
  package var role: String
  package var content: String
  /// Further members that a template may read, such as `name` or `tool_calls`.
  package var others: [String: JSON]

  package init(role: String, content: String, others: [String: JSON] = [:]) {
    self.role = role
    self.content = content
    self.others = others
  }

  package static func system(_ content: String) -> ChatMessage {
    ChatMessage(role: "system", content: content)
  }
  package static func user(_ content: String) -> ChatMessage {
    ChatMessage(role: "user", content: content)
  }
  package static func assistant(_ content: String) -> ChatMessage {
    ChatMessage(role: "assistant", content: content)
  }

  package var json: JSON {
    var members = others
    members["role"] = .string(role)
    members["content"] = .string(content)
    return .object(members)
  }

  /// Nil when `role` or `content` is missing or no text.
  package init?(json: JSON) {
    guard var members = json.objectValue,
      let role = members.removeValue(forKey: "role")?.stringValue,
      let content = members.removeValue(forKey: "content")?.stringValue
    else { return nil }
    self.init(role: role, content: content, others: members)
  }

  /// Role and content first, as people write it.
  var value: JinjaValue {
    .map(
      [("role", .string(role)), ("content", .string(content))]
        + others.keys.sorted().map { ($0, JinjaValue(others[$0]!)) })
  }
}
