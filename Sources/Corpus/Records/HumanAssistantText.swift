import Text

/// Two dialogues in one text each, as hh-rlhf (Bai et al. 2022) writes them: every turn begins, after an
/// empty line, with `Human: ` or `Assistant: `. Cut as TRL's `extract_dialogue` cuts them: up to the last
/// `Assistant: ` that both have in common is the prompt, the rest is one response each.
struct HumanAssistantText {
  private static let human = Array("\n\nHuman: ".utf8)
  private static let assistant = Array("\n\nAssistant: ".utf8)

  let prompt: [ChatMessage]
  let chosen: String
  let rejected: String

  /// Nil for texts that do not begin with the same turn of a human's and an assistant's answer to it.
  init?(chosen: String, rejected: String) {
    let (better, worse) = (Array(chosen.utf8), Array(rejected.utf8))
    let common = zip(better, worse).prefix { $0 == $1 }.count
    guard better.starts(with: Self.human),
      let start = Self.starts(of: Self.assistant, in: better[..<common]).last
    else { return nil }
    let end = start + Self.assistant.count
    prompt = Self.turns(better[..<start])
    self.chosen = String(decoding: better[end...], as: UTF8.self)
    self.rejected = String(decoding: worse[end...], as: UTF8.self)
  }

  private static func starts(of mark: [UInt8], in text: ArraySlice<UInt8>) -> [Int] {
    text.indices.filter { text[$0] == mark[0] && text[$0...].starts(with: mark) }
  }

  private static func turns(_ text: ArraySlice<UInt8>) -> [ChatMessage] {
    let marks = [(human, "user"), (assistant, "assistant")].flatMap { mark, role in
      starts(of: mark, in: text).map { (start: $0, end: $0 + mark.count, role: role) }
    }.sorted { $0.start < $1.start }
    let ends = marks.dropFirst().map(\.start) + [text.endIndex]
    return zip(marks, ends).map { mark, end in
      ChatMessage(role: mark.role, content: String(decoding: text[mark.end..<end], as: UTF8.self))
    }
  }
}
