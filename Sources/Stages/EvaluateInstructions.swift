import ContentStore
import Corpus
import Evaluation
import Ledger
import Pipeline
import Text

/// A prompt to respond to: a record with `prompt` (a text or messages) or `messages`.
struct EvaluatePrompt {
  let record: TaskRecord
  /// The conversation so far; a last turn of the assistant's is no part of it.
  let messages: [ChatMessage]
  /// What the record has as a response: the assistant's last turn, `chosen`, or `response`.
  let response: String?

  init(_ record: TaskRecord, _ task: EvaluateTask) throws {
    self.record = record
    var messages: [ChatMessage]
    if let wording = task.wording {
      messages = [.user(try wording.posed(record).text)]
    } else if let text = record.fields["prompt"]?.stringValue {
      messages = [.user(text)]
    } else {
      messages = try Self.messages(record)
    }
    var response = record.fields["response"]?.stringValue
    if messages.last?.role == "assistant" { response = response ?? messages.removeLast().content }
    let chosen = record.fields["chosen"]
    response =
      response ?? chosen?.stringValue
      ?? chosen?.arrayValue?.last.flatMap(ChatMessage.init)?.content
    guard messages.contains(where: { $0.role == "user" && !$0.content.isEmpty }) else {
      throw QuestionError("\(record.place): the prompt holds no turn of the user's")
    }
    (self.messages, self.response) = (messages, response)
  }

  private static func messages(_ record: TaskRecord) throws -> [ChatMessage] {
    guard let list = (record.fields["prompt"] ?? record.fields["messages"])?.arrayValue else {
      throw QuestionError(
        "\(record.place): the record has neither \"prompt\" (a text or messages) nor \"messages\"; "
          + "set the task's prompt to a template of its members")
    }
    let messages = list.compactMap(ChatMessage.init)
    guard !messages.isEmpty, messages.count == list.count else {
      throw QuestionError("\(record.place): the messages need a role and a content each")
    }
    return messages
  }

  /// The digest of what is asked.
  func digest() throws -> Digest {
    SHA256.hash(try JSON.array(messages.map(\.json)).canonical())
  }

  /// The turns without the system's.
  var turns: [String] { messages.filter { $0.role != "system" }.map(\.content) }
}

/// The instructions that a record has: IFEval's `instruction_id_list` and `kwargs`, or the constraints of
/// the world's `metadata.checker`.
struct EvaluateInstructions {
  let instructions: [Instruction]
  let check: ResponseCheck?
  /// Names of instructions that cannot be checked here.
  let unsupported: [String]

  init(_ record: TaskRecord) throws {
    let checker = record.fields["metadata"]?["checker"]
    check = checker.flatMap(ResponseCheck.init(json:))
    if let checker, check == nil {
      throw QuestionError(
        "\(record.place): metadata.checker is not {answer, constraints, match}: "
          + "\(try checker.canonicalText().prefix(80))")
    }
    guard let ids = record.fields["instruction_id_list"] else {
      if check == nil {
        throw QuestionError(
          "\(record.place): the record has neither instruction_id_list nor metadata.checker")
      }
      (instructions, unsupported) = ([], [])
      return
    }
    let names = (ids.arrayValue ?? []).compactMap(\.stringValue)
    let arguments = record.fields["kwargs"]?.arrayValue ?? []
    guard !names.isEmpty, arguments.isEmpty || arguments.count == names.count else {
      throw QuestionError(
        "\(record.place): instruction_id_list and kwargs must be lists of the same length")
    }
    var (found, missing): ([Instruction], [String]) = ([], [])
    for (index, name) in names.enumerated() {
      if Instruction.unsupported.contains(name) {
        missing.append(name)
        continue
      }
      let given = arguments.isEmpty ? [:] : arguments[index].objectValue ?? [:]
      do throws(QuestionError) {
        found.append(try Instruction(id: name, arguments: given))
      } catch { throw QuestionError("\(record.place): \(error.message)") }
    }
    (instructions, unsupported) = (found, missing)
  }

  /// Whether a response keeps each of them.
  func kept(by response: String, loosely: Bool = false) -> [Bool] {
    let own = instructions.map {
      loosely ? $0.isKeptLoosely(by: response) : $0.isKept(by: response)
    }
    // Those of the world have one reading only.
    return own
      + (check?.constraints ?? []).map {
        ResponseCheck(answer: nil, match: .exact, constraints: [$0]).passes(response)
      }
  }
}

extension EvaluateRun {
  func instruct(_ task: EvaluateTask, named name: String) throws {
    let data = try task.data.read(name, context)
    let records = try task.data.asked(data, name).flatMap(\.records)
    let all = try records.map { (try EvaluatePrompt($0, task), try EvaluateInstructions($0)) }
    let asked = all.filter(\.1.unsupported.isEmpty)
    reportUnsupported(all.map(\.1), name)
    guard !asked.isEmpty else {
      throw StageError("the task \"\(name)\" has no prompt whose instructions can all be checked")
    }
    let prompts = try asked.map {
      try subject.prompt($0.0.messages, isChat: parameters.isChat, system: parameters.system)
    }
    let answers = try write(prompts, task.generation, by: subject, name)
    let world = try context.inputs("reward").first.map(RewardJudge.world)
    let outcomes = try zip(asked, answers).map { asked, answer in
      try outcome(asked.0, asked.1, answer, world, name)
    }
    try write(outcomes)
    let details = details(task)
    score(TaskOutcome.scores(outcomes, name), higherIsBetter: true, details)
    for (metric, loosely) in [("instruction", false), ("instruction-loose", true)] {
      let kept = zip(asked, answers).flatMap { $0.1.kept(by: $1.text, loosely: loosely) }
      if kept.isEmpty { continue }
      score(["\(name)/\(metric)": ScoreEstimate(kept)], higherIsBetter: true, details)
    }
    reportTruncated(answers.count(where: \.isTruncated), of: answers.count, name)
  }

  private func reportUnsupported(_ all: [EvaluateInstructions], _ name: String) {
    let left = all.filter { !$0.unsupported.isEmpty }
    guard !left.isEmpty else { return }
    let names = Set(left.flatMap(\.unsupported)).sorted().joined(separator: ", ")
    context.score("\(name)/unsupported", Score(Double(left.count), count: all.count))
    context.log("left out \(left.count) of \(all.count) prompts: \(names) cannot be checked here")
  }

  private func outcome(
    _ prompt: EvaluatePrompt, _ instructions: EvaluateInstructions, _ answer: GeneratedText,
    _ world: RewardJudge?, _ name: String
  ) throws -> TaskOutcome {
    let kept = instructions.kept(by: answer.text)
    var metrics: [String: Double] = [:]
    // Where nothing is instructed, nothing can be kept.
    if !kept.isEmpty {
      metrics["strict"] = kept.allSatisfy(\.self) ? 1 : 0
      metrics["loose"] =
        instructions.kept(by: answer.text, loosely: true).allSatisfy(\.self) ? 1 : 0
    }
    if let check = instructions.check { metrics["passed"] = check.passes(answer.text) ? 1 : 0 }
    if let grades = world?.grades(prompt.turns, answer.text) {
      metrics["graded"] = grades.instruction == 2 ? 1 : 0
    }
    var members = Self.members(answer)
    members["kept"] = .array(kept.map(JSON.bool))
    return TaskOutcome(
      task: name, id: prompt.record.id, subject: prompt.record.subject,
      question: try prompt.digest(), main: "strict", metrics: metrics, members: members)
  }
}
