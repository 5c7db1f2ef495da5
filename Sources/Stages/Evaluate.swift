import ContentStore
import Corpus
import Evaluation
import LanguageModel
import Ledger
package import Pipeline
import Text

/// Scores a checkpoint: on questions in MMLU's layout, on the perplexity of documents, and on tasks that
/// the experiment or files describe (docs/evaluation.md).
package enum Evaluate: Stage {
  package static let op = "evaluate"
  package static let revision = 5
  package static let summary =
    "Score a checkpoint on questions, written answers, instructions, retrieval, rewards and perplexity."
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    // A task may read questions of any shape.
    let hasTasks = parameters.map { !$0.tasks.isEmpty || $0.hasTaskFiles } ?? false
    let declared = [
      Port("checkpoint", .checkpoint, "The model, with its tokenizer."),
      Port(
        "adapter", PortType(rawValue: "adapter"), "A PEFT adapter's folder, added to the model.",
        optional: true),
      Port(
        "questions", hasTasks ? .any : .questions, "Questions in MMLU's layout, or a task's.",
        optional: true),
      Port("documents", .documents, "Text to measure perplexity on.", optional: true),
      Port(
        "prompts", .any, "Prompts or conversations to respond to, as JSON Lines.", optional: true),
      Port(
        "records", .records, "Conversations or preferences, for tasks of those kinds.",
        optional: true),
      Port(
        "contamination", .contamination,
        "Which questions a corpus holds (decontaminate): scores NAME/clean and NAME/contaminated.",
        optional: true),
      Port(
        "reward", .reward, "The world's hidden reward, that judges responses (world).",
        optional: true),
      Port(
        "rewardModel", .checkpoint, "A model with a score head, that judges responses.",
        optional: true),
      Port(
        "reference", .any,
        "What responses are held against: a checkpoint, or recorded responses as JSON Lines.",
        optional: true),
    ]
    // Tasks in files name their inputs only when they are read.
    let named = (parameters?.namedInputs ?? []).filter { name in
      name != "data" && !declared.contains { $0.name == name }
    }
    let isOpen = parameters?.hasTaskFiles ?? true
    return Ports(
      inputs: declared + named.map { Port($0, .any, "A task's data.", optional: true) },
      outputs: [
        Port("outcomes", .outcomes, "A line for every question and document, as JSON Lines.")
      ],
      otherInputs: isOpen ? .any : nil)
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let tasks = try parameters.tasks + EvaluateTaskFiles.tasks(context)
    try checkNames(tasks.map(\.name))
    let usesOwn = tasks.isEmpty
    let questions = usesOwn ? context.inputs("questions").first : nil
    let documents = usesOwn ? context.inputs("documents").first : nil
    guard questions != nil || documents != nil || !tasks.isEmpty else {
      throw StageError(
        "there is nothing to evaluate on; connect the input \"questions\" or \"documents\", or give "
          + "tasks")
    }
    let subject = try EvaluateSubject(
      context.input("checkpoint"), adapter: context.inputs("adapter").first,
      maximumLength: parameters.maximumLength, context)
    let run = EvaluateRun(parameters, subject, try context.makeFile("outcomes"), context)
    if questions != nil { try run.carryOut(parameters.ownTask(), named: parameters.name) }
    if documents != nil { try run.measure("documents", named: "perplexity", isTask: false) }
    for (name, task) in tasks { try run.carryOut(task, named: name) }
    try run.output.finish()
  }

  private static func checkNames(_ names: [String]) throws {
    for (index, name) in names.enumerated() where names.prefix(index).contains(name) {
      throw StageError("two tasks are called \"\(name)\"; rename one")
    }
  }
}

/// Tasks that files describe.
enum EvaluateTaskFiles {
  /// By the files' names, without what follows the point.
  static func tasks(_ context: any StageContext) throws -> [(name: String, task: EvaluateTask)] {
    guard let input = context.inputs("taskFiles").first else { return [] }
    return try input.tree().entries.keys.sorted().map { path in
      let file = path.split(separator: "/").last ?? path[...]
      let name = String(file.prefix { $0 != "." })
      let task = try readParameterFile(input.read(path: path), file: path) {
        (reader) throws(ParameterError) in
        try Evaluate.Parameters.check(name, at: "")
        return try EvaluateTask(from: &reader)
      }
      return (name, task)
    }
  }
}

extension Evaluate.Parameters {
  /// The task that the parameters themselves describe, on the input `questions`.
  func ownTask() throws -> EvaluateTask {
    var reader = ParameterReader(
      [
        "kind": "choices", "form": .string(form.rawValue), "shots": .integer(shots),
        "split": .string(split.rawValue), "subjects": .array(subjects.map(JSON.string)),
        "limit": limit.map(JSON.integer) ?? .null,
        "normalization": .string(normalization.rawValue), "data": "questions",
      ])
    return try reader.decode { (reader) throws(ParameterError) in
      try EvaluateTask(from: &reader)
    }
  }
}
