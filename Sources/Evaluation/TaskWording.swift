import ContentStore
package import Text

/// What is done to a rendered text before it is used.
package enum TextCleaning: String, CaseIterable, Hashable, Sendable {
  case none
  /// HellaSwag's `preprocess` (lm-evaluation-harness): WikiHow's brackets go.
  case wikihow

  func cleaned(_ text: String) -> String {
    guard self == .wikihow else { return text }
    let stripped = Array(text.pythonStripped().utf8)
      .replacing(Array(" [title]".utf8), with: Array(". ".utf8))
    var result: [UInt8] = []
    var rest = stripped[...]
    while let start = rest.firstIndex(of: UInt8(ascii: "[")) {
      // The pattern's point stops at line breaks.
      guard
        let end = rest[start...].firstIndex(where: {
          $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: "\n")
        }), rest[end] == UInt8(ascii: "]")
      else {
        result += rest[...start]
        rest = rest[(start + 1)...]
        continue
      }
      result += rest[..<start]
      rest = rest[(end + 1)...]
    }
    result += rest
    return String(
      decoding: result.replacing(Array("  ".utf8), with: [UInt8(ascii: " ")]), as: UTF8.self)
  }
}

/// How the records of a task are put into words.
package struct TaskWording: Sendable {
  package enum Body: Sendable {
    /// As `mmlu` or `mmlu_continuation` put questions.
    case form(PromptForm, question: FieldExpression)
    /// By a template (`doc_to_text`).
    case template(FieldTemplate)
  }

  package var body: Body
  /// The list of choices (`doc_to_choice`); nil where an answer is to be written.
  package var choices: FieldExpression?
  /// The right choice's index, letter or text (`doc_to_target`).
  package var gold: FieldExpression
  /// The answer to write (`doc_to_target`).
  package var target: FieldTemplate?
  /// Before the examples; nil for what the form says.
  package var description: FieldTemplate?
  package var prefix: FieldTemplate?
  package var cleaning: TextCleaning

  package init(
    body: Body, choices: FieldExpression?, gold: FieldExpression, target: FieldTemplate? = nil,
    description: FieldTemplate? = nil, prefix: FieldTemplate? = nil,
    cleaning: TextCleaning = .none
  ) {
    self.body = body
    self.choices = choices
    self.gold = gold
    self.target = target
    self.description = description
    self.prefix = prefix
    self.cleaning = cleaning
  }

  /// A record as a question. Errors name its place and the field.
  package func posed(_ record: TaskRecord) throws(QuestionError) -> PosedQuestion {
    let answers = try choices.map { (list) throws(QuestionError) in
      try self.choices(list, record)
    }
    let gold = try answers.map { (list) throws(QuestionError) in try self.gold(list, record) } ?? 0
    let text = try self.text(answers ?? [], record)
    let choices = (answers ?? []).map(cleaning.cleaned)
    let offered = isLetters ? Letters.first(choices.count) : choices
    let answer = try offered.isEmpty ? target(record) : offered[gold]
    return PosedQuestion(
      id: record.id, subject: record.subject,
      content: try content(record, answers ?? [], gold, answer),
      description: try description(record), text: text, choices: offered, gold: gold,
      answer: answer, prefix: try optional(prefix, "prefix", record))
  }

  private var isLetters: Bool {
    if case .form(.letter, _) = body { true } else { false }
  }

  private func content(
    _ record: TaskRecord, _ choices: [String], _ gold: Int, _ answer: String
  ) throws(QuestionError) -> JSON {
    let question: JSON
    switch body {
    case .form(_, let expression): question = .string(try string(expression, "question", record))
    case .template(let template): question = .string(try text(template, "prompt", record))
    }
    return choices.isEmpty
      ? ["question": question, "answer": .string(answer)]
      : [
        "question": question, "choices": .array(choices.map(JSON.string)),
        "answer": .integer(gold),
      ]
  }

  private func text(
    _ choices: [String], _ record: TaskRecord
  ) throws(QuestionError) -> String {
    switch body {
    case .form(let form, let question):
      return PromptWriter.text(try string(question, "question", record), choices, form)
    case .template(let template):
      return cleaning.cleaned(try text(template, "prompt", record))
    }
  }

  private func description(_ record: TaskRecord) throws(QuestionError) -> String {
    if let description { return try text(description, "description", record) }
    guard case .form(let form, _) = body, !record.subject.isEmpty else { return "" }
    return PromptWriter.description(record.subject, form)
  }

  private func target(_ record: TaskRecord) throws(QuestionError) -> String {
    if let target, target.isName, record.fields[target.source] == nil {
      throw fault(
        record, "answer",
        "is to be the member \"\(target.source)\", which is not there"
          + didYouMean(target.source, among: record.fields.keys.sorted()))
    }
    return try optional(target, "answer", record)
  }

  // MARK: Choices

  private func choices(
    _ list: FieldExpression, _ record: TaskRecord
  ) throws(QuestionError) -> [String] {
    let value = try value(list, "choices", record)
    guard let elements = value.arrayValue else {
      throw fault(record, "choices", "is no list of texts")
    }
    let texts = elements.compactMap(\.stringValue)
    guard texts.count == elements.count else {
      throw fault(record, "choices", "holds something that is no text")
    }
    guard texts.count >= 2 else {
      throw fault(record, "choices", "has \(texts.count) choices, expected at least 2")
    }
    if isLetters, texts.count > Letters.all.count {
      throw fault(record, "choices", "has \(texts.count) choices, and there are 26 letters")
    }
    if let empty = texts.firstIndex(of: ""), !isLetters {
      throw fault(record, "choices", "has an empty choice, number \(empty + 1)")
    }
    return texts
  }

  /// As the harness reads targets: a number, a choice's text, or a number's text; and a letter. A member is
  /// taken as it is, so that a text is first a choice's; of what a template writes, digits are a number.
  private func gold(
    _ choices: [String], _ record: TaskRecord
  ) throws(QuestionError) -> Int {
    let value = try value(gold, "answer", record)
    var index = value.intValue
    if let text = value.stringValue {
      let equal = choices.firstIndex { $0.utf8.elementsEqual(text.utf8) }
      let isMember = record.fields[gold.source] != nil
      index =
        (isMember ? equal ?? Int(text) : Int(text) ?? equal) ?? Letters.all.firstIndex(of: text)
    }
    guard let index else {
      throw fault(record, "answer", "is neither a choice's number from 0, its letter, nor its text")
    }
    guard choices.indices.contains(index) else {
      throw fault(
        record, "answer",
        "is \(value.stringValue ?? String(index)), but there are "
          + "\(choices.count) choices (counted from 0)")
    }
    return index
  }

  // MARK: Fields

  private func value(
    _ expression: FieldExpression, _ field: String, _ record: TaskRecord
  ) throws(QuestionError) -> JSON {
    do throws(TextError) { return try expression.value(of: record.fields) } catch {
      throw fault(record, field, error.message)
    }
  }

  private func string(
    _ expression: FieldExpression, _ field: String, _ record: TaskRecord
  ) throws(QuestionError) -> String {
    guard let text = try value(expression, field, record).stringValue else {
      throw fault(record, field, "is no text")
    }
    guard !text.pythonStripped().isEmpty else { throw fault(record, field, "is empty") }
    return text
  }

  private func text(
    _ template: FieldTemplate, _ field: String, _ record: TaskRecord
  ) throws(QuestionError) -> String {
    do throws(TextError) { return try template.text(of: record.fields) } catch {
      throw fault(record, field, error.message)
    }
  }

  private func optional(
    _ template: FieldTemplate?, _ field: String, _ record: TaskRecord
  ) throws(QuestionError) -> String {
    guard let template else { return "" }
    return try text(template, field, record)
  }

  private func fault(
    _ record: TaskRecord, _ field: String, _ message: String
  ) -> QuestionError {
    QuestionError("\(record.place): the \(field) \(message)")
  }
}
