import ContentStore
import Text

/// Pairs of a better and a worse response.
struct PreferenceReader {
  let reader: MessageReader
  let members: [String: JSON]
  /// The member that says how much better.
  let levelField: String

  func preference() throws(CorpusError) -> TrainingRecord.Preference {
    guard let chosen = members["chosen"] ?? members["preferred_output"],
      let rejected = members["rejected"] ?? members["non_preferred_output"]
    else { throw reader.fault("there is no \"chosen\" with \"rejected\" beside it") }
    let better = try response(chosen, "chosen")
    let worse = try response(rejected, "rejected")
    let edited = try members["edited"].map { (json) throws(CorpusError) in
      try response(json, "edited")
    }
    var result = TrainingRecord.Preference(
      prompt: try prompt(), chosen: better, rejected: worse, edited: edited, level: try level())
    if result.prompt.isEmpty, let texts = dialogues(chosen, rejected) {
      result.prompt = texts.prompt
      result.chosen = [.assistant(texts.chosen)]
      result.rejected = [.assistant(texts.rejected)]
    } else if result.prompt.isEmpty || Self.starts(better, with: result.prompt) {
      try divide(&result)
    }
    guard !result.prompt.isEmpty, !result.chosen.isEmpty, !result.rejected.isEmpty else {
      throw reader.fault("the prompt, the chosen or the rejected response is empty")
    }
    return result
  }

  private func dialogues(_ chosen: JSON, _ rejected: JSON) -> HumanAssistantText? {
    guard let better = chosen.stringValue, let worse = rejected.stringValue else { return nil }
    return HumanAssistantText(chosen: better, rejected: worse)
  }

  private func response(_ json: JSON, _ name: String) throws(CorpusError) -> [ChatMessage] {
    if let text = json.stringValue { return [.assistant(text)] }
    return try reader.messages(json, name)
  }

  /// The messages before the responses; empty when the responses hold them.
  private func prompt() throws(CorpusError) -> [ChatMessage] {
    if let messages = members["input"]?["messages"] {
      return try reader.messages(messages, "input.messages")
    }
    let isTold = InstructionReader.promptNames.contains { members[$0] != nil }
    return isTold ? try InstructionReader(reader: reader, members: members).prompt() : []
  }

  private static func isSame(_ a: ChatMessage, _ b: ChatMessage) -> Bool {
    a.role == b.role && a.content.utf8.elementsEqual(b.content.utf8)
  }

  private static func starts(_ messages: [ChatMessage], with prompt: [ChatMessage]) -> Bool {
    messages.count > prompt.count && zip(messages, prompt).allSatisfy(isSame)
  }

  /// Where responses repeat the conversation: what both begin with is the prompt.
  private func divide(_ preference: inout TrainingRecord.Preference) throws(CorpusError) {
    var common = zip(preference.chosen, preference.rejected).prefix(while: Self.isSame).count
    // Of two equal responses the last message is the response.
    common = min(common, preference.chosen.count - 1, preference.rejected.count - 1)
    preference.prompt = Array(preference.chosen.prefix(common))
    preference.chosen.removeFirst(common)
    preference.rejected.removeFirst(common)
    if let edited = preference.edited, Self.starts(edited, with: preference.prompt) {
      preference.edited?.removeFirst(common)
    }
  }

  private func level() throws(CorpusError) -> Int? {
    guard let value = members[levelField], value != .null else { return nil }
    if let level = value.intValue, (1...4).contains(level) { return level }
    let names = [
      "significantly": 1, "much": 1, "slightly": 3, "negligibly": 4, "marginally": 4, "better": 2,
    ]
    let words = (value.stringValue ?? "").lowercased().split { !$0.isLetter }.map(String.init)
    guard let word = words.first, let level = names[word] else {
      throw reader.fault(
        "\"\(levelField)\" is neither 1 to 4 (1 is the clearest) nor significantly, better, slightly or "
          + "negligibly better")
    }
    return level
  }
}
