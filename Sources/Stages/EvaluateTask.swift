import Evaluation
import Pipeline
import Text

/// One task of `evaluate`: what is asked, in which words, and what counts.
struct EvaluateTask: Sendable {
  enum Kind: String, CaseIterable {
    /// The likeliest of some choices: MMLU, ARC, HellaSwag.
    case choices
    /// An answer is written and compared: GSM8K.
    case answer
    /// Instructions whose keeping a program can see: IFEval, the world's prompts.
    case instructions
    /// Responses are judged by a reward, alone and against a reference's.
    case reward
    /// Perplexity of documents.
    case perplexity
    /// How likely the assistant's turns are.
    case conversations
    /// Whether chosen responses are likelier than rejected ones.
    case preferences
    /// Needles in haystacks, by length and depth.
    case retrieval
  }

  let kind: Kind
  let data: EvaluateData
  let shots: EvaluateShots
  let wording: TaskWording?
  let formName: String
  let layout: PromptLayout
  let normalization: Normalization
  let generation: GenerationSettings
  let extractions: [AnswerExtraction]
  let comparison: AnswerComparison
  let retrieval: EvaluateRetrieval
  let rewardLabel: Int

  init(from reader: inout ParameterReader) throws(ParameterError) {
    let kind: Kind = try reader.choice(
      "kind",
      "What is asked: choices (the likeliest of some answers), answer (one is written and compared), "
        + "instructions (whose keeping a program can see), reward (a judge's mean and win rate), "
        + "perplexity (of documents), conversations (the loss of the assistant's turns), preferences "
        + "(whether chosen responses are the likelier), retrieval (needles in haystacks).")
    self.kind = kind
    data = try EvaluateData(from: &reader, kind)
    shots = try EvaluateShots(from: &reader)
    (wording, formName) = try Self.wording(&reader, kind)
    layout = try Self.layout(&reader)
    normalization = try reader.choice(
      "normalization", default: Normalization.none,
      "By what a choice's log-likelihood is divided for the main score: nothing (acc), its length in "
        + "code points (acc_norm), or its bytes (acc_bytes). All three are recorded.")
    generation = try Self.generation(&reader)
    extractions = try Self.extractions(&reader)
    comparison = try Self.comparison(&reader)
    retrieval = try EvaluateRetrieval(from: &reader)
    rewardLabel = try reader.integer(
      "rewardLabel", default: 0, in: 0...1000,
      "Which of a reward model's scores counts, from 0.")
    if reader.isListing { return }
    if wording == nil, kind == .choices || kind == .answer { preconditionFailure("no wording") }
  }

  // MARK: Words

  private static func wording(
    _ reader: inout ParameterReader, _ kind: Kind
  ) throws(ParameterError) -> (TaskWording?, String) {
    let form: PromptForm = try reader.choice(
      "form", default: .letter,
      "Where there is no prompt, how choices are put: letter as lm-evaluation-harness mmlu, cloze as "
        + "mmlu_continuation.")
    let question = try reader.expression(
      "question", default: "question", "With a form, the member that holds the question.")
    let prompt = try reader.optionalTemplate(
      "prompt",
      "The question's text, a template (Jinja) of a record's members: Question: {{question}}\\nAnswer:. "
        + "Empty for the form, or for the record's own prompt.")
    let choices = try reader.expression(
      "choices", default: "choices",
      "The list of choices: a member's name or an expression, such as choices.text.")
    let answer = try reader.string(
      "answer", default: "answer",
      "The right answer, a member's name or an expression. Of choices: the index from 0, the letter or "
        + "the text; else a template of the text.")
    let description = try reader.optionalTemplate(
      "description", "What stands before the examples, a template; empty for the form's own.")
    let prefix = try reader.optionalTemplate(
      "prefix", "What the answer is made to begin with, a template.")
    let cleaning = try reader.choice(
      "clean", default: TextCleaning.none,
      "What is done to the prompt and the choices: wikihow as lm-evaluation-harness does to "
        + "HellaSwag's.")
    if reader.isListing || kind != .choices && kind != .answer {
      return (prompt.flatMap(Self.plain), "prompt")
    }
    if kind == .answer {
      guard let prompt else {
        throw ParameterError(
          path: reader.at("prompt"), message: "is required where an answer is to be written")
      }
      let target = try reader.parsed("answer", answer)
      return (
        TaskWording(
          body: .template(prompt), choices: nil, gold: question, target: target,
          description: description, prefix: prefix, cleaning: cleaning), "prompt"
      )
    }
    let gold = try reader.parsedExpression("answer", answer)
    return (
      TaskWording(
        body: prompt.map { .template($0) } ?? .form(form, question: question), choices: choices,
        gold: gold, description: description, prefix: prefix, cleaning: cleaning),
      prompt == nil ? form.rawValue : "prompt"
    )
  }

  /// The words of tasks whose records have no answer.
  private static func plain(_ prompt: FieldTemplate) -> TaskWording? {
    guard let nothing = try? FieldExpression("none") else { return nil }
    return TaskWording(body: .template(prompt), choices: nil, gold: nothing)
  }

  private static func layout(
    _ reader: inout ParameterReader
  ) throws(ParameterError) -> PromptLayout {
    PromptLayout(
      targetDelimiter: try reader.string(
        "targetDelimiter", default: " ",
        "Between a question and its answer; nothing in a chat, where the template says it."),
      exampleDelimiter: try reader.string(
        "exampleDelimiter", default: "\n\n", "After a solved example."))
  }

  // MARK: Writing

  private static func generation(
    _ reader: inout ParameterReader
  ) throws(ParameterError) -> GenerationSettings {
    try reader.object("generation", "How answers are written.") {
      (inner) throws(ParameterError) in
      GenerationSettings(
        maximumTokens: try inner.integer(
          "maxTokens", default: 256, in: 1...(1 << 20), unit: "tokens", "The most of an answer."),
        stops: try inner.strings(
          "stops", default: [],
          "Texts at which an answer ends, beside the model's own end tokens."),
        temperature: try inner.number(
          "temperature", default: 0, in: 0...100, "0 takes the likeliest token always."),
        topK: try inner.optionalInteger(
          "topK", in: 1...(1 << 30), unit: "tokens", "Only the likeliest so many."),
        topP: try inner.optionalNumber(
          "topP", in: 0...1, "Only the likeliest up to this probability together."),
        seed: UInt64(
          try inner.integer("seed", default: 1234, "What draws depend on above temperature 0.")))
    }
  }

  private static func extractions(
    _ reader: inout ParameterReader
  ) throws(ParameterError) -> [AnswerExtraction] {
    let found = try reader.objects(
      "extract",
      "Ways to find the answer in a response, each a score NAME/name; the first is the main one. None "
        + "for the whole response."
    ) { (inner) throws(ParameterError) in
      AnswerExtraction(
        name: try inner.string("name", "What its score is called."),
        rule: try inner.choice(
          "rule",
          "all, line (the first), number-after (MARKER 1,234), last-number, first-number, after (the "
            + "marker's last occurrence), letter (the first that stands alone)."),
        marker: try inner.string(
          "marker", default: "", "What stands before the answer: \"#### \"."))
    }
    if reader.isListing { return [] }
    for (index, extraction) in found.enumerated() {
      let place = "\(reader.at("extract"))[\(index)]"
      if [.numberAfter, .after].contains(extraction.rule), extraction.marker.isEmpty {
        throw ParameterError(path: "\(place).marker", message: "is required by this rule")
      }
      if !reader.isRecorded, extraction.name == "truncated" {
        throw ParameterError(
          path: "\(place).name",
          message: "is taken: NAME/truncated counts prompts that were cut; choose another")
      }
      if found.prefix(index).contains(where: { $0.name == extraction.name }) {
        throw ParameterError(
          path: "\(place).name", message: "is \"\(extraction.name)\", as an earlier one's")
      }
    }
    return found.isEmpty ? [AnswerExtraction(name: "exact", rule: .all)] : found
  }

  private static func comparison(
    _ reader: inout ParameterReader
  ) throws(ParameterError) -> AnswerComparison {
    try reader.object("compare", "When a found answer equals the right one.") {
      (inner) throws(ParameterError) in
      AnswerComparison(
        ignoredTexts: try inner.strings(
          "ignore", default: [], "Texts that go from both, such as \",\" and \"$\"."),
        ignoredBefore: try inner.string(
          "ignoreBefore", default: "",
          "What stands before this text's last occurrence goes from both, such as \"#### \"."),
        ignoresFinalStop: try inner.boolean(
          "ignoreFinalStop", default: false, "Whether a full stop at the end goes."),
        ignoresCase: try inner.boolean("ignoreCase", default: true, "Whether case counts not."),
        ignoresPunctuation: try inner.boolean(
          "ignorePunctuation", default: false, "Whether ASCII's punctuation goes."))
    }
  }
}

extension ParameterReader {
  /// A template; nil when it is empty.
  mutating func optionalTemplate(
    _ name: String, _ summary: String
  ) throws(ParameterError) -> FieldTemplate? {
    let source = try string(name, default: "", summary)
    return source.isEmpty ? nil : try parsed(name, source)
  }

  mutating func template(
    _ name: String, default fallback: String, _ summary: String
  ) throws(ParameterError) -> FieldTemplate {
    try parsed(name, try string(name, default: fallback, summary))
  }

  mutating func expression(
    _ name: String, default fallback: String, _ summary: String
  ) throws(ParameterError) -> FieldExpression {
    try parsedExpression(name, try string(name, default: fallback, summary))
  }

  /// A member's name stands for the member.
  func parsed(_ name: String, _ source: String) throws(ParameterError) -> FieldTemplate {
    do throws(TextError) { return try FieldTemplate(source) } catch {
      throw ParameterError(path: at(name), message: error.message)
    }
  }

  func parsedExpression(
    _ name: String, _ source: String
  ) throws(ParameterError) -> FieldExpression {
    do throws(TextError) { return try FieldExpression(source.isEmpty ? "none" : source) } catch {
      throw ParameterError(path: at(name), message: error.message)
    }
  }
}
