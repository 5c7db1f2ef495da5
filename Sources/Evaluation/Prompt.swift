/// How a question is put to a model.
package enum PromptForm: String, CaseIterable, Hashable, Sendable {
  /// lm-evaluation-harness `mmlu`: the choices stand in the prompt; the model is asked for a letter.
  case letter
  /// lm-evaluation-harness `mmlu_continuation`: the model is asked for the choice's own text. Small
  /// models that cannot yet handle letters show what they know in this form.
  case cloze
}

/// A question as text: one context, and what may follow it after `targetDelimiter`.
package struct Prompt: Hashable, Sendable {
  package var context: String
  /// Without the delimiter, for lengths are counted without it.
  package var choices: [String]

  /// What stands between a context and a choice.
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
    let solved = others.prefix(shots).map { example in
      text(example) + Prompt.targetDelimiter + choices(example)[example.answer] + "\n\n"
    }
    return Prompt(
      context: description(question.subject) + solved.joined() + text(question),
      choices: choices(question))
  }

  /// The line before the examples; one space before the subject, where the original code has two.
  private func description(_ subject: String) -> String {
    let name = subject.split(separator: "_", omittingEmptySubsequences: false)
      .joined(separator: " ")
    let kind = form == .letter ? "multiple choice questions" : "questions"
    return "The following are \(kind) (with answers) about \(name).\n\n"
  }

  private func text(_ question: Question) -> String {
    let stem = question.text.pythonStripped()
    guard form == .letter else { return "Question: \(stem)\nAnswer:" }
    let lines = zip(Question.letters, question.choices).map { "\($0). \($1)\n" }
    return "\(stem)\n\(lines.joined())Answer:"
  }

  private func choices(_ question: Question) -> [String] {
    form == .letter ? Question.letters : question.choices
  }
}
