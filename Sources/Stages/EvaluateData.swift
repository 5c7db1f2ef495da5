import ContentStore
import Evaluation
import Pipeline

/// Where a task's questions are.
struct EvaluateData: Sendable {
  /// The input that holds them; nil for the kind's own.
  let input: String?
  /// The input that `files` becomes, where files are given.
  let filesPort: String
  let usual: String
  /// Ends of the paths that are read; none for all.
  let paths: [String]
  let split: String
  let subjects: [String]
  let subjectMember: String
  let limit: Int?

  init(
    from reader: inout ParameterReader, _ kind: EvaluateTask.Kind
  ) throws(ParameterError) {
    usual =
      switch kind {
      case .choices, .answer: "questions"
      case .instructions, .reward: "prompts"
      case .perplexity, .retrieval: "documents"
      case .conversations, .preferences: "records"
      }
    let input = try reader.string(
      "data", default: "",
      "The stage's input that holds the data. Empty for the kind's own (questions, prompts, "
        + "documents or records) or, where that is not connected, the files of the stage's parameter data."
    )
    self.input = input.isEmpty ? nil : input
    filesPort = reader.at("files")
    try reader.files(
      "files", optional: true,
      "The task's own data: JSON Lines, JSON, or CSV in MMLU's layout; names such as x_test.jsonl and "
        + "x_train.jsonl say the split.")
    paths = try reader.strings(
      "paths", default: [], "Of several files, the ends of the names that are read; none for all.")
    split = try reader.string(
      "split", default: "test", "Which questions are asked: test, val, dev or train.")
    subjects = try reader.strings(
      "subjects", default: [], "Subjects to ask about; none means every one found.")
    subjectMember = try reader.string(
      "subject", default: "",
      "The member of a record that names its subject; empty for the files' names.")
    limit = try reader.optionalInteger(
      "limit", in: 1...(1 << 40), unit: "questions",
      "The most of each subject, or the most documents.")
  }

  /// The input artifact. Throws when nothing is connected.
  func artifact(_ task: String, _ context: any StageContext) throws -> (port: String, InputArtifact)
  {
    for port in [filesPort, input ?? usual] + (input == nil ? ["data"] : []) {
      if let found = context.inputs(port).first { return (port, found) }
    }
    throw StageError(
      "the task \"\(task)\" has no data: connect the input \"\(input ?? usual)\", or name files")
  }

  /// Names and bytes of the files to read.
  func files(
    _ task: String, _ context: any StageContext
  ) throws -> [(path: String, bytes: [UInt8])] {
    let (port, input) = try artifact(task, context)
    guard input.artifact.kind == .tree else {
      return [("\(port).jsonl", try input.read())]
    }
    let found = try input.tree().entries.keys.sorted().filter { path in
      let ending = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
      return ["csv", "json", "jsonl", "ndjson", "txt"].contains(ending)
        && (paths.isEmpty || paths.contains { path.hasSuffix($0) })
    }
    guard !found.isEmpty else {
      throw StageError(
        "the task \"\(task)\" finds no file in the input \"\(port)\""
          + (paths.isEmpty ? "" : " that ends in \(paths.joined(separator: " or "))"))
    }
    return try found.map { ($0, try input.read(path: $0)) }
  }

  /// The records, read.
  func read(_ task: String, _ context: any StageContext) throws -> TaskData {
    try TaskData(files: files(task, context), name: task, subject: subjectMember)
  }

  /// The records to ask, by subject in order, each subject's in the data's order.
  func asked(_ data: TaskData, _ task: String) throws -> [(subject: String, records: [TaskRecord])]
  {
    let records = data.records(in: split)
    guard !records.isEmpty else {
      throw StageError(
        "the task \"\(task)\" has no \(split) questions"
          + (data.splits.isEmpty ? "" : "; there are \(data.splits.joined(separator: ", "))"))
    }
    let groups = Dictionary(grouping: records, by: \.subject)
    for name in subjects where groups[name] == nil {
      throw ParameterError(
        path: "subjects",
        message: "there are no \(split) questions on \"\(name)\""
          + didYouMean(name, among: groups.keys.sorted()))
    }
    let chosen = subjects.isEmpty ? groups.keys.sorted() : Set(subjects).sorted()
    return chosen.map { ($0, Array((groups[$0] ?? []).prefix(limit ?? .max))) }
  }
}

/// Which solved examples stand before a question.
struct EvaluateShots: Sendable {
  enum Order: String, CaseIterable {
    /// The first ones (the harness's `first_n`).
    case first
    /// Python's random.Random(1234).sample for one question after another (the harness's default).
    case random
  }

  let count: Int
  let split: String?
  let order: Order
  let areTurns: Bool

  init(from reader: inout ParameterReader) throws(ParameterError) {
    count = try reader.integer(
      "shots", default: 0, in: 0...1000, unit: "questions", "Solved examples in front of each.")
    let split = try reader.string(
      "exampleSplit", default: "",
      "Where they are from; empty for dev, else train, else val, whichever is there.")
    self.split = split.isEmpty ? nil : split
    order = try reader.choice(
      "exampleOrder", default: Order.first,
      "first: the split's first ones, as mmlu. random: drawn as lm-evaluation-harness draws them where a "
        + "task does not say (Python's random.Random(1234)).")
    areTurns = try reader.boolean(
      "examplesAreTurns", default: true,
      "In a chat, whether examples are turns of their own (fewshot_as_multiturn).")
  }

  /// The split of the examples.
  func split(in data: TaskData) -> String? {
    split ?? ["dev", "train", "val"].first(where: data.splits.contains)
  }

  /// The examples of every question of one subject, in order.
  func examples(
    of questions: [PosedQuestion], from pool: [PosedQuestion], isSameSplit: Bool
  ) throws -> [[PosedQuestion]] {
    if count == 0 { return questions.map { _ in [] } }
    var draws = PythonRandom(seed: 1234)
    return try questions.map { question in
      switch order {
      case .first:
        let others =
          isSameSplit ? pool.filter { !$0.hasSameContent(as: question) } : pool
        guard others.count >= count else { throw tooFew(question, others.count) }
        return Array(others.prefix(count))
      case .random:
        let wanted = isSameSplit ? count + 1 : count
        guard pool.count >= wanted else { throw tooFew(question, pool.count) }
        let drawn = draws.sample(wanted, of: pool.count).map { pool[$0] }
        let others = isSameSplit ? drawn.filter { !$0.hasSameContent(as: question) } : drawn
        if others.count >= count { return Array(others.prefix(count)) }
        // A question that stands twice was drawn twice: the harness draws again from the others.
        let rest = pool.filter { !$0.hasSameContent(as: question) }
        guard rest.count >= count else { throw tooFew(question, rest.count) }
        return draws.sample(count, of: rest.count).map { rest[$0] }
      }
    }
  }

  private func tooFew(_ question: PosedQuestion, _ count: Int) -> QuestionError {
    let subject = question.subject.isEmpty ? "the task" : "the subject \(question.subject)"
    return QuestionError(
      "\(subject) has \(count) questions to serve as examples, but \(self.count) shots were asked for; "
        + "lower \"shots\" or set exampleSplit")
  }
}

/// Needles in haystacks.
struct EvaluateRetrieval: Sendable {
  let task: NeedleTask

  init(from reader: inout ParameterReader) throws(ParameterError) {
    task = try reader.object("retrieval", "What is hidden and asked, of kind retrieval.") {
      (inner) throws(ParameterError) in
      let task = NeedleTask(
        lengths: try Self.integers(
          &inner, "lengths", [128, 256], in: 8...(1 << 24), "tokens",
          "Tokens of the whole prompt and answer."),
        depths: try Self.integers(
          &inner, "depths", [0, 25, 50, 75, 100], in: 0...100, "per cent",
          "Where the needle lies in the haystack."),
        count: try inner.integer(
          "count", default: 10, in: 1...100_000, unit: "questions", "For each length and depth."),
        keys: try inner.strings("keys", default: Self.keys, "What a needle may be about."),
        values: try inner.strings("values", default: Self.values, "What it may say of that."),
        needle: try inner.template(
          "needle", default: "{{key}} hid the treasure in the {{value}}.",
          "The sentence that is hidden."),
        prompt: try inner.template(
          "prompt",
          default: "{{context}}\n\nQuestion: Where did {{key}} hide the treasure?\nAnswer:",
          "What is asked."),
        answer: try inner.template(
          "answer", default: "{{key}} hid the treasure in the {{value}}.",
          "An answer that is offered. One that is written counts when it has the value in it."),
        choices: try inner.integer(
          "choices", default: 4, in: 0...1000, "Answers offered; 0 to have one written."),
        seed: UInt64(try inner.integer("seed", default: 1234, "What is hidden where.")))
      if inner.isListing { return task }
      try Self.check(task, inner)
      return task
    }
  }

  private static let keys = [
    "Alma", "Bram", "Cora", "Dario", "Edda", "Falk", "Gita", "Hugo", "Iris", "Joren",
  ]
  private static let values = [
    "bridge", "tower", "lighthouse", "castle", "fountain", "market", "library", "windmill",
    "harbour", "cathedral",
  ]

  private static func integers(
    _ reader: inout ParameterReader, _ name: String, _ fallback: [Int], in range: ClosedRange<Int>,
    _ unit: String, _ summary: String
  ) throws(ParameterError) -> [Int] {
    let values = try reader.numbers(
      name, default: fallback.map(Double.init),
      in: Double(range.lowerBound)...Double(range.upperBound), unit: unit, summary)
    if reader.isListing { return [] }
    let integers = values.compactMap(Int.init(exactly:))
    guard !integers.isEmpty, integers.count == values.count, Set(integers).count == values.count
    else {
      throw ParameterError(
        path: reader.at(name), message: "must be integers, at least one and each once")
    }
    return integers
  }

  private static func check(
    _ task: NeedleTask, _ reader: ParameterReader
  ) throws(ParameterError) {
    if task.keys.isEmpty { throw ParameterError(path: reader.at("keys"), message: "is empty") }
    guard Set(task.values).count == task.values.count, task.values.count >= max(1, task.choices)
    else {
      throw ParameterError(
        path: reader.at("values"),
        message: "must be at least as many as choices (\(max(1, task.choices))), all different")
    }
    if task.choices == 1 {
      throw ParameterError(path: reader.at("choices"), message: "must be 0 or at least 2")
    }
  }
}
