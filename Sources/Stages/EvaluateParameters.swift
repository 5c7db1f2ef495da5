import Evaluation
package import Pipeline

extension Evaluate {
  package struct Parameters: StageParameters {
    /// The stage's own task: the inputs `questions` in MMLU's layout, and `documents`.
    let name: String
    let form: PromptForm
    let shots: Int
    let split: QuestionSplit
    let subjects: [String]
    let limit: Int?
    let normalization: Normalization
    let maximumLength: Int?
    /// Further tasks, by name.
    let tasks: [(name: String, task: EvaluateTask)]
    let hasTaskFiles: Bool
    let isChat: Bool
    let system: String

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      name = try reader.string(
        "name", default: "mmlu",
        "Without tasks, what the questions' scores are called: NAME, NAME/subject.")
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
      isChat = try reader.boolean(
        "chat", default: false,
        "Whether prompts are rendered by the checkpoint's chat template (apply_chat_template).")
      system = try reader.string(
        "system", default: "",
        "What the system says before everything (system_instruction); empty for nothing.")
      tasks = try reader.objectMap(
        "tasks",
        "Tasks by name, in place of the parameters above: each asks an input's questions its own way."
      ) { (name, inner) throws(ParameterError) in
        if !inner.isListing { try Self.check(name, at: "tasks.\(name)") }
        return try EvaluateTask(from: &inner)
      }.map { ($0.name, $0.value) }
      let files = try reader.files(
        "taskFiles", optional: true,
        "Files with a task each (JSON5), named by their names: an object like those of tasks.")
      hasTaskFiles = !files.isEmpty || reader.isConnected("taskFiles")
      try reader.files(
        "data", optional: true,
        "Your own files that tasks read: JSON Lines, JSON, or CSV in MMLU's layout.")
    }

    /// Names are parts of scores' names.
    static func check(_ name: String, at path: String) throws(ParameterError) {
      let isGood =
        !name.isEmpty
        && name.unicodeScalars.allSatisfy {
          $0.isASCII && ($0.properties.isAlphabetic || "0123456789_-.".unicodeScalars.contains($0))
        }
      guard isGood else {
        throw ParameterError(
          path: path, message: "the name may hold letters, digits, _, - and . only")
      }
    }

    /// Inputs that tasks name, beyond the declared ones.
    var namedInputs: [String] {
      Set(tasks.compactMap { $0.task.data.input }).sorted()
    }
  }
}
