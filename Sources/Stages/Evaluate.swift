import ContentStore
import Corpus
import Evaluation
import LanguageModel
import Ledger
package import Pipeline
import Text

/// Scores a checkpoint on multiple-choice questions, on the perplexity of documents, or both.
package enum Evaluate: Stage {
  package struct Parameters: StageParameters {
    let name: String
    let form: PromptForm
    let shots: Int
    let split: QuestionSplit
    let subjects: [String]
    let limit: Int?
    let normalization: Normalization
    let maximumLength: Int?

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      name = try reader.string(
        "name", default: "mmlu", "What the questions' scores are called: NAME, NAME/subject.")
      form = try reader.choice(
        "form", default: .letter,
        "How questions are put: letter as lm-evaluation-harness mmlu, cloze as mmlu_continuation.")
      shots = try reader.integer(
        "shots", default: 0, in: 0...1000, unit: "questions",
        "Solved dev questions in front of each.")
      split = try reader.choice("split", default: .test, "Which questions are asked.")
      subjects = try reader.strings(
        "subjects", default: [], "Subjects to ask about; none means every one found.")
      limit = try reader.optionalInteger(
        "limit", in: 1...(1 << 40), unit: "questions", "The most questions of each subject.")
      normalization = try reader.choice(
        "normalization", default: Normalization.none,
        "By what a choice's log-likelihood is divided: nothing (acc), its length in code points "
          + "(acc_norm), or its bytes (acc_bytes).")
      maximumLength = try reader.optionalInteger(
        "maxLength", in: 1...(1 << 24), unit: "tokens",
        "The longest input; by default the model's own.")
    }
  }

  package static let op = "evaluate"
  package static let revision = 1
  package static let summary =
    "Score a checkpoint on multiple-choice questions and the perplexity of documents."
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("checkpoint", .checkpoint, "The model, with its tokenizer."),
        Port("questions", .questions, "Questions in MMLU's layout.", optional: true),
        Port("documents", .documents, "Text to measure perplexity on.", optional: true),
        Port(
          "contamination", .contamination,
          "Which questions a corpus holds (decontaminate): scores NAME/clean and NAME/contaminated.",
          optional: true),
      ],
      outputs: [
        Port("outcomes", .outcomes, "A line for every question and document, as JSON Lines.")
      ])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let questions = context.inputs("questions").first
    let documents = context.inputs("documents").first
    guard questions != nil || documents != nil else {
      throw StageError(
        "there is nothing to evaluate on; connect the input \"questions\" or \"documents\"")
    }
    let subject = try Subject(context, maximumLength: parameters.maximumLength)
    let output = try context.makeFile("outcomes")
    if let questions {
      try Questioning(parameters, subject, context).carryOut(on: questions, into: output)
    }
    if let documents { try subject.measure(documents, context, into: output) }
    try output.finish()
  }
}

/// The model that is evaluated.
private struct Subject {
  let scorer: Scorer
  let encoder: RequestEncoder

  init(_ context: any StageContext, maximumLength: Int?) throws {
    let checkpoint = try context.input("checkpoint").checkpoint()
    let compute = try context.compute()
    scorer = Scorer(
      checkpoint.model, on: compute, window: maximumLength, passRows: context.batchHint(compute))
    encoder = RequestEncoder(
      tokenizer: try Self.tokenizer(checkpoint), maximumLength: scorer.window)
  }

  /// The tokenizer, and from `tokenizer_config.json` whether it begins every text with a token.
  private static func tokenizer(_ checkpoint: Checkpoint) throws -> CheckpointTokenizer {
    guard let bytes = checkpoint.tokenizerFiles["tokenizer.json"] else {
      throw StageError("the checkpoint has no tokenizer.json; add its tokenizer to the folder")
    }
    let configuration = try checkpoint.tokenizerFiles["tokenizer_config.json"]
      .map { try JSON(parsing: $0) }
    let model = checkpoint.model.configuration
    let tokenizer = try Tokenizer(json: bytes)
    return CheckpointTokenizer(
      tokenizer, prefixToken: model.beginToken ?? model.endTokens.first,
      addsPrefix: configuration?["add_bos_token"]?.boolValue ?? !tokenizer.prefixTokens.isEmpty)
  }

  /// Perplexity, some documents at a time.
  func measure(
    _ input: InputArtifact, _ context: any StageContext, into output: any OutputFile
  ) throws {
    let reader = try input.documents()
    let scoring = DocumentScoring(encoder: encoder)
    var outcomes: [DocumentOutcome] = []
    while true {
      let batch = try reader.nextBatch(bytes: Self.batchBytes)
      if batch.isEmpty { break }
      outcomes += try scoring.outcomes(of: batch.map { ($0.id, $0.text) }, by: scorer) { _ in
        try context.checkCancellation()
      }
      context.progress(
        Progress(done: Double(reader.position), total: Double(reader.size), unit: "bytes"))
    }
    for outcome in outcomes { try output.write(outcome.json.canonicalText() + "\n") }
    guard let scores = PerplexityScores(outcomes) else {
      throw StageError("the documents hold no text to measure perplexity on")
    }
    for (name, estimate) in scores.named("perplexity") {
      context.score(name, Score(estimate, higherIsBetter: false))
    }
  }

  /// Enough documents at a time to fill batches, few enough for progress to move.
  private static let batchBytes = 1 << 17
}

/// Asking a test's questions.
private struct Questioning {
  let parameters: Evaluate.Parameters
  let subject: Subject
  let context: any StageContext
  let scoring: QuestionScoring

  init(_ parameters: Evaluate.Parameters, _ subject: Subject, _ context: any StageContext) {
    self.parameters = parameters
    self.subject = subject
    self.context = context
    scoring = QuestionScoring(
      writer: PromptWriter(form: parameters.form, shots: parameters.shots),
      encoder: subject.encoder, normalization: parameters.normalization)
  }

  func carryOut(on input: InputArtifact, into output: any OutputFile) throws {
    let set = try QuestionSet(paths: input.tree().entries.keys) { try input.read(path: $0) }
    let asked = try subjects(set).map { name in
      (name, Array(set.questions(of: name, in: parameters.split).prefix(parameters.limit ?? .max)))
    }
    let total = asked.reduce(0) { $0 + $1.1.count }
    var outcomes: [QuestionOutcome] = []
    for (name, questions) in asked {
      let done = outcomes.count
      outcomes += try scoring.outcomes(
        of: questions, examples: [name: set.questions(of: name, in: .dev)], by: subject.scorer
      ) { requests in
        try context.checkCancellation()
        report(done + requests / Question.letters.count, of: total, name)
      }
    }
    report(total, of: total, "")
    for outcome in outcomes { try output.write(outcome.json.canonicalText() + "\n") }
    try record(outcomes)
  }

  /// The subjects to ask about, sorted.
  private func subjects(_ set: QuestionSet) throws -> [String] {
    let found = set.subjects(in: parameters.split)
    for name in parameters.subjects where !found.contains(name) {
      throw ParameterError(
        path: "subjects",
        message: "there are no \(parameters.split.rawValue) questions on \"\(name)\""
          + didYouMean(name, among: found))
    }
    return parameters.subjects.isEmpty ? found : Set(parameters.subjects).sorted()
  }

  private func report(_ done: Int, of total: Int, _ note: String) {
    context.progress(
      Progress(done: Double(min(done, total)), total: Double(total), unit: "questions", note: note))
  }

  private func record(_ outcomes: [QuestionOutcome]) throws {
    guard let scores = TestScores(outcomes) else {
      throw StageError("there are no \(parameters.split.rawValue) questions to ask")
    }
    for (name, estimate) in scores.named(parameters.name) {
      context.score(name, Score(estimate, higherIsBetter: true))
    }
    try recordByContamination(outcomes)
    let truncated = outcomes.count(where: \.isTruncated)
    if truncated > 0 {
      context.score("\(parameters.name)/truncated", Score(Double(truncated), count: outcomes.count))
      context.log("\(truncated) of \(outcomes.count) prompts lost their beginning to fit the model")
    }
  }
}

extension Questioning {
  /// The scores of questions that training text does not hold and of those that it does.
  fileprivate func recordByContamination(_ outcomes: [QuestionOutcome]) throws {
    guard let input = context.inputs("contamination").first else { return }
    let held = try Self.contaminated(input)
    for (name, isHeld) in [("clean", false), ("contaminated", true)] {
      let part = outcomes.filter { held.contains($0.id) == isHeld }
      guard let estimate = TestScores(part)?.named(parameters.name)[parameters.name] else {
        continue
      }
      context.score("\(parameters.name)/\(name)", Score(estimate, higherIsBetter: true))
    }
  }

  /// Ids of contaminated items.
  private static func contaminated(_ input: InputArtifact) throws -> Set<String> {
    let reader = try input.store.makeReader(input.artifact.digest)
    var ids: Set<String> = []
    while let line = try reader.nextLine() {
      guard !line.isEmpty else { continue }
      let json = try JSON(parsing: line)
      if json["contaminated"] == true, let id = json["id"]?.stringValue { ids.insert(id) }
    }
    return ids
  }
}

extension Score {
  fileprivate init(_ estimate: ScoreEstimate, higherIsBetter: Bool) {
    self.init(
      estimate.value, standardError: estimate.standardError, count: estimate.count,
      higherIsBetter: higherIsBetter)
  }
}
