package import Text

/// How a description, examples and a question become one text, as lm-evaluation-harness 0.4.13 joins
/// them (`fewshot_context`, `build_qa_turn`, `construct_requests` of `api/task.py`).
package struct PromptLayout: Sendable {
  /// Between a question and its answer (`target_delimiter`).
  package var targetDelimiter: String
  /// After an example (`fewshot_delimiter`).
  package var exampleDelimiter: String
  /// What stands before the description (`system_instruction`); empty for nothing.
  package var system: String
  /// The model's chat template (`apply_chat_template`); nil for plain text.
  package var chat: ChatTemplate?
  /// In a chat, whether examples are turns of their own (`fewshot_as_multiturn`), not one message.
  package var examplesAreTurns: Bool

  package init(
    targetDelimiter: String = Prompt.targetDelimiter, exampleDelimiter: String = "\n\n",
    system: String = "", chat: ChatTemplate? = nil, examplesAreTurns: Bool = true
  ) {
    self.targetDelimiter = targetDelimiter
    self.exampleDelimiter = exampleDelimiter
    self.system = system
    self.chat = chat
    self.examplesAreTurns = examplesAreTurns
  }

  /// A message, and what follows it in plain text.
  private struct Turn {
    var role: String
    var content: String
    var delimiter = ""

    var text: String { content + delimiter }
    var message: ChatMessage { ChatMessage(role: role, content: content) }
  }

  /// The prompt of a question after some solved examples.
  package func prompt(
    for question: PosedQuestion, examples: [PosedQuestion]
  ) throws(QuestionError) -> Prompt {
    var turns: [Turn] = []
    let first = system.delimited(exampleDelimiter, question.description)
    if !first.isEmpty { turns.append(Turn(role: "system", content: first)) }
    for example in examples { turns += self.turns(example) }
    turns += self.turns(asking: question)
    guard let chat else {
      return Prompt(
        context: turns.map(\.text).joined(), choices: question.choices, delimiter: targetDelimiter)
    }
    // A chat template ends where the answer begins.
    let needsDelimiter = !question.prefix.isEmpty && !question.prefix.endsWithPythonSpace
    return Prompt(
      context: try render(turns, chat), choices: question.choices,
      delimiter: needsDelimiter ? targetDelimiter : "")
  }

  private func turns(_ example: PosedQuestion) -> [Turn] {
    let needsDelimiter =
      example.prefix.isEmpty || example.text.requiresDelimiter(before: example.prefix)
    return [
      Turn(
        role: "user", content: example.text, delimiter: needsDelimiter ? targetDelimiter : ""),
      Turn(
        role: "assistant", content: example.prefix.delimited(" ", example.answer),
        delimiter: exampleDelimiter),
    ]
  }

  private func turns(asking question: PosedQuestion) -> [Turn] {
    if question.prefix.isEmpty { return [Turn(role: "user", content: question.text)] }
    let needsDelimiter = question.text.requiresDelimiter(before: question.prefix)
    return [
      Turn(
        role: "user", content: question.text, delimiter: needsDelimiter ? targetDelimiter : ""),
      Turn(role: "assistant", content: question.prefix),
    ]
  }

  // MARK: Chats

  private func render(_ turns: [Turn], _ chat: ChatTemplate) throws(QuestionError) -> String {
    let messages = (examplesAreTurns ? turns : joined(turns)).map(\.message)
    do throws(TextError) {
      do throws(TextError) {
        return try text(messages, chat)
      } catch {
        // The harness tries again without the system's message, which some templates refuse.
        let rest = messages.filter { $0.role != "system" }
        if rest.count == messages.count { throw error }
        return try text(rest, chat)
      }
    } catch { throw QuestionError(error.message) }
  }

  /// All turns but the system's in one message (`multiturn_to_singleturn`); what the answer is made to
  /// begin with stays apart.
  private func joined(_ turns: [Turn]) -> [Turn] {
    var rest = turns[...]
    let system = rest.first?.role == "system" ? [rest.removeFirst()] : []
    let prefix = rest.last?.role == "assistant" ? [rest.removeLast()] : []
    if let last = rest.indices.last { rest[last].delimiter = "" }
    return system + [Turn(role: "user", content: rest.map(\.text).joined())] + prefix
  }

  private func text(
    _ messages: [ChatMessage], _ chat: ChatTemplate
  ) throws(TextError) -> String {
    guard let last = messages.last, last.role == "assistant" else {
      return try chat.text(messages, addGenerationPrompt: true)
    }
    // `continue_final_message`: the text ends with what the last message says.
    let text = Array(try chat.text(messages).utf8)
    let (content, space) = last.content.pythonSplitTrailingSpace()
    guard let found = text.lastRange(of: Array(content.utf8)) else {
      throw TextError("the chat template does not write what the answer is to begin with")
    }
    let rest = text[found.upperBound...].starts(with: space.utf8) ? Array(space.utf8) : []
    return String(decoding: text[..<found.upperBound] + rest, as: UTF8.self)
  }
}

extension [UInt8] {
  /// Where a part last occurs.
  fileprivate func lastRange(of part: [UInt8]) -> Range<Int>? {
    guard !part.isEmpty, part.count <= count else { return nil }
    return stride(from: count - part.count, through: 0, by: -1).lazy
      .first { self[$0..<$0 + part.count].elementsEqual(part) }
      .map { $0..<$0 + part.count }
  }
}
