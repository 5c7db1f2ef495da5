import ContentStore
import Evaluation
import Ledger
import Pipeline
import Text

/// The tasks of one stage, one after another.
final class EvaluateRun {
  let parameters: Evaluate.Parameters
  let subject: EvaluateSubject
  let output: any OutputFile
  let context: any StageContext

  init(
    _ parameters: Evaluate.Parameters, _ subject: EvaluateSubject, _ output: any OutputFile,
    _ context: any StageContext
  ) {
    self.parameters = parameters
    self.subject = subject
    self.output = output
    self.context = context
  }

  func carryOut(_ task: EvaluateTask, named name: String) throws {
    context.log("task \(name): \(task.kind.rawValue)")
    switch task.kind {
    case .choices: try choose(task, named: name)
    case .answer: try answer(task, named: name)
    case .instructions: try instruct(task, named: name)
    case .reward: try EvaluateReward(self, task, name).carryOut()
    case .perplexity:
      let port = try task.data.artifact(name, context).port
      try measure(port, named: name, limit: task.data.limit)
    case .conversations: try EvaluateRecords(self, task, name).measureConversations()
    case .preferences: try EvaluateRecords(self, task, name).comparePreferences()
    case .retrieval: try retrieve(task, named: name)
    }
  }

  // MARK: What all share

  func report(_ done: Int, of total: Int, _ note: String, unit: String = "questions") {
    context.progress(
      Progress(done: Double(min(done, total)), total: Double(total), unit: unit, note: note))
  }

  func score(
    _ scores: [String: ScoreEstimate], higherIsBetter: Bool?, _ details: [String: JSON]
  ) {
    for (name, estimate) in scores.sorted(by: { $0.key < $1.key }) {
      context.score(
        name,
        Score(
          estimate.value, standardError: estimate.standardError, count: estimate.count,
          higherIsBetter: higherIsBetter, details: .object(details)))
    }
  }

  /// How many prompts lost their beginning.
  func reportTruncated(_ truncated: Int, of total: Int, _ name: String) {
    guard truncated > 0 else { return }
    context.score("\(name)/truncated", Score(Double(truncated), count: total))
    context.log("\(truncated) of \(total) prompts lost their beginning to fit the model")
  }

  /// The task's layout, with the model's chat template where that is asked for.
  func layout(_ task: EvaluateTask) throws -> PromptLayout {
    var layout = task.layout
    layout.system = parameters.system
    layout.examplesAreTurns = task.shots.areTurns
    if parameters.isChat { layout.chat = try subject.template() }
    return layout
  }

  /// What every score of a task says of how it was measured.
  func details(_ task: EvaluateTask) -> [String: JSON] {
    var details: [String: JSON] = [
      "kind": .string(task.kind.rawValue), "chat": .bool(parameters.isChat),
      "maxLength": .integer(subject.encoder.maximumLength),
    ]
    switch task.kind {
    case .choices, .answer:
      details["form"] = .string(task.formName)
      details["shots"] = .integer(task.shots.count)
      details["split"] = .string(task.data.split)
    default: break
    }
    if task.kind == .choices { details["normalization"] = .string(task.normalization.metric) }
    if task.kind == .answer || task.kind == .instructions || task.kind == .reward {
      details["maxTokens"] = .integer(task.generation.maximumTokens)
      details["temperature"] = .exact(task.generation.temperature)
    }
    return details
  }

  /// Questions of one subject with their prompts.
  func prompts(
    _ task: EvaluateTask, _ data: TaskData, _ subject: String, _ records: [TaskRecord]
  ) throws -> [(question: PosedQuestion, prompt: Prompt)] {
    guard let wording = task.wording else { return [] }
    let layout = try layout(task)
    let questions = try records.map(wording.posed)
    let examples =
      try task.shots.count == 0
      ? questions.map { _ in [] } : self.examples(task, data, subject, questions, wording)
    return try zip(questions, examples).map { question, examples in
      (question, try layout.prompt(for: question, examples: examples))
    }
  }

  private func examples(
    _ task: EvaluateTask, _ data: TaskData, _ subject: String, _ questions: [PosedQuestion],
    _ wording: TaskWording
  ) throws -> [[PosedQuestion]] {
    guard let split = task.shots.split(in: data) else {
      throw StageError(
        "shots are asked for, but the data has no dev, train or val questions to show; set shots: 0 or "
          + "exampleSplit")
    }
    let pool = try data.records(in: split).filter { $0.subject == subject }.map(wording.posed)
    return try task.shots.examples(
      of: questions, from: pool, isSameSplit: split == task.data.split)
  }
}

// MARK: Choices

extension EvaluateRun {
  private func choose(_ task: EvaluateTask, named name: String) throws {
    let data = try task.data.read(name, context)
    let asked = try task.data.asked(data, name)
    let total = asked.reduce(0) { $0 + $1.records.count }
    let scoring = ChoiceScoring(encoder: subject.encoder, normalization: task.normalization)
    var outcomes: [QuestionOutcome] = []
    for (subject, records) in asked {
      let prompts = try prompts(task, data, subject, records)
      let questions = try prompts.map { try AskedQuestion($0.question, prompt: $0.prompt) }
      outcomes += try score(questions, by: scoring, after: outcomes.count, of: total, name)
    }
    report(total, of: total, name)
    try write(&outcomes, of: name)
    try record(outcomes, data, task, named: name)
  }

  /// The outcomes of some questions; `total` is of all that are asked.
  private func score(
    _ questions: [AskedQuestion], by scoring: ChoiceScoring, after done: Int, of total: Int,
    _ note: String
  ) throws -> [QuestionOutcome] {
    let requests = questions.reduce(0) { $0 + $1.prompt.choices.count }
    return try scoring.outcomes(of: questions, by: subject.scorer) { answered in
      try context.checkCancellation()
      report(done + questions.count * answered / max(1, requests), of: total, note)
    }
  }

  private func write(_ outcomes: inout [QuestionOutcome], of name: String) throws {
    for index in outcomes.indices {
      outcomes[index].task = name
      try output.write(outcomes[index].json.canonicalText() + "\n")
    }
  }

  private func record(
    _ outcomes: [QuestionOutcome], _ data: TaskData, _ task: EvaluateTask, named name: String
  ) throws {
    guard let scores = TestScores(outcomes) else {
      throw StageError("the task \"\(name)\" has no questions to ask")
    }
    let details = details(task)
    score(scores.named(name), higherIsBetter: true, details)
    // A stage's only test keeps its few names; a task gives the harness's three accuracies.
    if !isOwn {
      for normalization in Normalization.allCases {
        let metric = normalization.metric
        let values = outcomes.map {
          (subject: $0.subject, value: $0.metrics[metric] == true ? 1.0 : 0)
        }
        guard let estimate = TestScores(of: values)?.micro else { continue }
        var details = details
        details["normalization"] = .string(metric)
        score(["\(name)/\(metric)": estimate], higherIsBetter: true, details)
      }
    }
    try recordByContamination(outcomes, data, task, named: name)
    reportTruncated(outcomes.count(where: \.isTruncated), of: outcomes.count, name)
  }

  /// Whether the stage asks by its own parameters alone.
  private var isOwn: Bool {
    parameters.tasks.isEmpty && context.inputs("taskFiles").isEmpty
  }

  /// The scores of questions that training text does not hold and of those that it does.
  private func recordByContamination(
    _ outcomes: [QuestionOutcome], _ data: TaskData, _ task: EvaluateTask, named name: String
  ) throws {
    guard let input = context.inputs("contamination").first else { return }
    let found = try Self.contamination(input)
    // Items without an id of their own are known there by their input and line.
    let port = try task.data.artifact(name, context).port
    let others = Dictionary(
      data.records(in: task.data.split).map { ($0.id, "\(port)/\($0.number)") },
      uniquingKeysWith: { first, _ in first })
    let known = outcomes.compactMap { outcome -> (QuestionOutcome, Bool)? in
      let names = [outcome.id] + (others[outcome.id].map { [$0] } ?? [])
      return names.lazy.compactMap { found[$0] }.first.map { (outcome, $0) }
    }
    if known.isEmpty { return }
    for (part, isHeld) in [("clean", false), ("contaminated", true)] {
      let outcomes = known.filter { $0.1 == isHeld }.map(\.0)
      guard let estimate = TestScores(outcomes)?.micro else { continue }
      score(["\(name)/\(part)": estimate], higherIsBetter: true, details(task))
    }
  }

  /// Whether each item is contaminated, by id.
  private static func contamination(_ input: InputArtifact) throws -> [String: Bool] {
    let reader = try input.store.makeReader(input.artifact.digest)
    var items: [String: Bool] = [:]
    while let line = try reader.nextLine() {
      guard !line.isEmpty else { continue }
      let json = try JSON(parsing: line)
      if let id = json["id"]?.stringValue { items[id] = json["contaminated"] == true }
    }
    return items
  }
}

// MARK: Written answers

extension EvaluateRun {
  /// Answers to prompts, with progress.
  func write(
    _ prompts: [String], _ settings: GenerationSettings, by subject: EvaluateSubject, _ note: String
  ) throws -> [GeneratedText] {
    report(0, of: prompts.count, note)
    return try subject.generator.answers(
      to: prompts, keys: Array(prompts.indices), settings,
      check: { try context.checkCancellation() }
    ) { report($0, of: prompts.count, note) }
  }

  /// What an outcome keeps of a written answer.
  static func members(_ answer: GeneratedText) -> [String: JSON] {
    [
      "response": .string(answer.text), "tokens": .integer(answer.tokens),
      "truncated": .bool(answer.isTruncated), "ended": .bool(answer.isEnded),
    ]
  }

  func write(_ outcomes: [TaskOutcome]) throws {
    for outcome in outcomes { try output.write(outcome.json.canonicalText() + "\n") }
  }

  private func answer(_ task: EvaluateTask, named name: String) throws {
    let data = try task.data.read(name, context)
    let asked = try task.data.asked(data, name).flatMap { subject, records in
      try prompts(task, data, subject, records)
    }
    let answers = try write(asked.map(\.prompt.context), task.generation, by: subject, name)
    let outcomes = try zip(asked, answers).map { asked, answer in
      try outcome(of: asked.question, answer, task, name)
    }
    try write(outcomes)
    score(TaskOutcome.scores(outcomes, name), higherIsBetter: true, details(task))
    reportTruncated(answers.count(where: \.isTruncated), of: answers.count, name)
  }

  private func outcome(
    of question: PosedQuestion, _ answer: GeneratedText, _ task: EvaluateTask, _ name: String
  ) throws -> TaskOutcome {
    var (metrics, found): ([String: Double], [String: JSON]) = ([:], [:])
    for extraction in task.extractions {
      let extracted = extraction.answer(in: answer.text)
      found[extraction.name] = .string(extracted)
      metrics[extraction.name] = task.comparison.areSame(extracted, question.answer) ? 1 : 0
    }
    var members = Self.members(answer)
    members["extracted"] = .object(found)
    members["target"] = .string(question.answer)
    return TaskOutcome(
      task: name, id: question.id, subject: question.subject,
      question: SHA256.hash(try question.content.canonical()), main: task.extractions[0].name,
      metrics: metrics, members: members)
  }
}

// MARK: Retrieval

extension EvaluateRun {
  private func retrieve(_ task: EvaluateTask, named name: String) throws {
    let needles = task.retrieval.task
    let texts = try texts(task.data, name)
    let isWritten = needles.choices == 0
    let questions = try needles.questions(
      in: texts.map(\.text), by: subject.encoder,
      reserve: isWritten ? task.generation.maximumTokens : 0)
    let layout = try layout(task)
    let prompts = try questions.map { try layout.prompt(for: $0, examples: []) }
    var details = details(task)
    details["form"] = isWritten ? "answer" : "choices"
    if isWritten {
      let answers = try write(prompts.map(\.context), task.generation, by: subject, name)
      let outcomes = try zip(questions, answers).map { question, answer in
        let isRight = ResponseMatch.contains(answer.text, question.answer)
        return TaskOutcome(
          task: name, id: question.id, subject: question.subject,
          question: SHA256.hash(try question.content.canonical()), main: "contains",
          metrics: ["contains": isRight ? 1 : 0], members: Self.members(answer))
      }
      try write(outcomes)
      score(TaskOutcome.scores(outcomes, name), higherIsBetter: true, details)
      return reportTruncated(answers.count(where: \.isTruncated), of: answers.count, name)
    }
    let asked = try zip(questions, prompts).map { try AskedQuestion($0, prompt: $1) }
    var outcomes = try score(
      asked, by: ChoiceScoring(encoder: subject.encoder, normalization: task.normalization),
      after: 0, of: asked.count, name)
    try write(&outcomes, of: name)
    if let scores = TestScores(outcomes) {
      score(scores.named(name), higherIsBetter: true, details)
    }
    reportTruncated(outcomes.count(where: \.isTruncated), of: outcomes.count, name)
  }
}

/// Whether a written answer holds the right one.
enum ResponseMatch {
  /// In any case.
  static func contains(_ response: String, _ answer: String) -> Bool {
    let (text, part) = (Array(response.lowercased().utf8), Array(answer.lowercased().utf8))
    return !part.isEmpty && text.firstRange(of: part) != nil
  }
}
