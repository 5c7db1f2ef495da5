/// How a question is put to a model.
package enum PromptForm: String, CaseIterable, Hashable, Sendable {
  /// lm-evaluation-harness `mmlu`: the choices stand in the prompt; the model is asked for a letter.
  case letter
  /// lm-evaluation-harness `mmlu_continuation`: the model is asked for the choice's own text. Small
  /// models that cannot yet handle letters show what they know in this form.
  case cloze
}

/// A question as text: one context, and what may follow it after the delimiter.
package struct Prompt: Hashable, Sendable {
  package var context: String
  /// Without the delimiter, for lengths are counted without it.
  package var choices: [String]
  /// What stands between the context and a choice.
  package var delimiter: String

  package init(context: String, choices: [String], delimiter: String = Prompt.targetDelimiter) {
    self.context = context
    self.choices = choices
    self.delimiter = delimiter
  }

  /// The delimiter of lm-evaluation-harness, unless a task has its own.
  package static let targetDelimiter = " "
}

/// Writes prompts, character for character those of lm-evaluation-harness 0.4.13 (`fewshot_context`
/// with the `first_n` sampler, no chat template).
package struct PromptWriter: Sendable {
  package var form: PromptForm
  /// How many solved examples precede the question.
  package var shots: Int

  package init(form: PromptForm, shots: Int) {
    self.form = form
    self.shots = shots
  }

  /// The prompt of a question. `examples` are the subject's `dev` rows in file order. A `dev`
  /// question is not shown its own answer.
  package func prompt(
    for question: Question, examples: [Question]
  ) throws(QuestionError) -> Prompt {
    // As the harness does: only a question drawn from the examples' own split is kept from them.
    let others =
      question.split == .dev ? examples.filter { !$0.hasSameContent(as: question) } : examples
    guard others.count >= shots else {
      throw QuestionError(
        "the subject \(question.subject) has \(others.count) dev rows to serve as examples, but "
          + "\(shots) shots were asked for; lower \"shots\"")
    }
    return try PromptLayout().prompt(
      for: posed(question), examples: others.prefix(shots).map(posed))
  }

  private func posed(_ question: Question) -> PosedQuestion {
    let choices = choices(question)
    return PosedQuestion(
      id: question.id, subject: question.subject, content: question.content,
      description: Self.description(question.subject, form), text: text(question),
      choices: choices, gold: question.answer, answer: choices[question.answer])
  }

  /// The line before the examples; one space before the subject, where the original code has two.
  static func description(_ subject: String, _ form: PromptForm) -> String {
    let name = subject.split(separator: "_", omittingEmptySubsequences: false)
      .joined(separator: " ")
    let kind = form == .letter ? "multiple choice questions" : "questions"
    return "The following are \(kind) (with answers) about \(name).\n\n"
  }

  private func text(_ question: Question) -> String {
    Self.text(question.text, question.choices, form)
  }

  static func text(_ question: String, _ choices: [String], _ form: PromptForm) -> String {
    let stem = question.pythonStripped()
    guard form == .letter else { return "Question: \(stem)\nAnswer:" }
    let lines = zip(Letters.all, choices).map { "\($0). \($1)\n" }
    return "\(stem)\n\(lines.joined())Answer:"
  }

  private func choices(_ question: Question) -> [String] {
    form == .letter ? Question.letters : question.choices
  }
}
