import ContentStore
import Text

/// What a file's objects are.
package enum RecordShape: String, CaseIterable, Sendable {
  /// By the members of each object.
  case auto
  /// `messages` of `role` and `content`; ShareGPT's `conversations` of `from` and `value`.
  case chat
  /// `instruction`, `input`, `output` (Alpaca) and its kin.
  case instruction
  /// `chosen` and `rejected`, or `preferred_output` and `non_preferred_output`.
  case preference

  /// The shape of an object that has not been told.
  func resolved(_ members: [String: JSON]) -> RecordShape? {
    if self != .auto { return self }
    func has(_ names: [String]) -> Bool { names.contains { members[$0] != nil } }
    if has(["chosen", "preferred_output"]) { return .preference }
    if has(["messages", "conversations"]) { return .chat }
    return has(InstructionReader.promptNames) ? .instruction : nil
  }
}

/// Lists of messages in the forms in which people write them.
struct MessageReader {
  let place: String

  func fault(_ message: String) -> CorpusError { CorpusError("\(place): \(message)") }

  func messages(_ json: JSON, _ name: String) throws(CorpusError) -> [ChatMessage] {
    guard let list = json.arrayValue, !list.isEmpty else {
      throw fault("\"\(name)\" is not a list of messages")
    }
    var messages: [ChatMessage] = []
    for (index, element) in list.enumerated() {
      messages.append(try message(element, "\(name)[\(index)]"))
    }
    return messages
  }

  private func message(_ json: JSON, _ name: String) throws(CorpusError) -> ChatMessage {
    guard var members = json.objectValue,
      let role = (members.removeValue(forKey: "role") ?? members.removeValue(forKey: "from"))?
        .stringValue
    else { throw fault("\"\(name)\" has no role") }
    let content = members.removeValue(forKey: "content") ?? members.removeValue(forKey: "value")
    let text = try text(content, name, isCall: members["tool_calls"] != nil)
    return ChatMessage(role: Self.role(role), content: text, others: members)
  }

  /// ShareGPT's names of roles.
  private static func role(_ name: String) -> String {
    ["human": "user", "gpt": "assistant", "bot": "assistant"][name] ?? name
  }

  /// A text, or a list of parts that are texts; a call of a tool may have none.
  private func text(
    _ json: JSON?, _ name: String, isCall: Bool
  ) throws(CorpusError) -> String {
    if let text = json?.stringValue { return text }
    if isCall, json == nil || json == .null { return "" }
    guard let parts = json?.arrayValue else { throw fault("\"\(name)\" has no content") }
    let texts = parts.compactMap { $0["type"] == "text" ? $0["text"]?.stringValue : nil }
    guard texts.count == parts.count else {
      throw fault("\"\(name)\" has parts that are not text; only texts can be trained on")
    }
    return texts.joined()
  }
}

/// Prompts and responses under the names that data sets give them.
struct InstructionReader {
  static let promptNames = ["instruction", "prompt", "question"]
  static let responseNames = ["output", "response", "completion", "answer"]

  let reader: MessageReader
  let members: [String: JSON]

  /// The members that were read, which metadata need not repeat.
  static let readNames = promptNames + responseNames + ["input", "system", "instances"]

  private func text(_ name: String) throws(CorpusError) -> String? {
    guard let value = members[name], value != .null else { return nil }
    guard let text = value.stringValue else { throw reader.fault("\"\(name)\" is not a text") }
    return text
  }

  private func first(_ names: [String]) throws(CorpusError) -> String? {
    for name in names {
      if let text = try text(name) { return text }
    }
    return nil
  }

  /// The conversation up to the response: a system message if there is one, then the instruction
  /// and, after an empty line, the input if there is any.
  func prompt(input: String? = nil) throws(CorpusError) -> [ChatMessage] {
    for name in Self.promptNames {
      guard let list = members[name], list.arrayValue != nil else { continue }
      return try reader.messages(list, name)
    }
    guard let instruction = try first(Self.promptNames) else {
      throw reader.fault("there is no \"instruction\", \"prompt\" or \"question\"")
    }
    let system = try text("system").flatMap { $0.isEmpty ? nil : ChatMessage.system($0) }
    let added: String
    if let input { added = input } else { added = try text("input") ?? "" }
    return (system.map { [$0] } ?? [])
      + [.user(added.isEmpty ? instruction : instruction + "\n\n" + added)]
  }

  /// One conversation, or of self-instruct's `instances` one each.
  func conversations() throws(CorpusError) -> [[ChatMessage]] {
    if let instances = members["instances"]?.arrayValue {
      var result: [[ChatMessage]] = []
      for (index, instance) in instances.enumerated() {
        guard let output = instance["output"]?.stringValue else {
          throw reader.fault("instances[\(index)] has no \"output\"")
        }
        result.append(
          try prompt(input: instance["input"]?.stringValue ?? "") + [.assistant(output)])
      }
      return result
    }
    for name in Self.responseNames {
      guard let list = members[name], list.arrayValue != nil else { continue }
      return [try prompt() + reader.messages(list, name)]
    }
    guard let response = try first(Self.responseNames) else {
      throw reader.fault("there is no \"output\", \"response\", \"completion\" or \"answer\"")
    }
    return [try prompt() + [.assistant(response)]]
  }
}
