import ContentStore
import Corpus
package import Pipeline

extension Synthesize {
  package struct Parameters: StageParameters {
    /// One text that the model writes.
    struct Step {
      let name: String
      let prompt: TextTemplate
      let tokens: Int
      let temperature: Double
      let topK: Int?
      let topP: Double?
      let stops: [String]
    }

    struct Message {
      let role: String
      let content: TextTemplate
    }

    let steps: [Step]
    let samples: Int
    let partCharacters: Int
    let limit: Int?
    let text: TextTemplate
    let messages: [Message]
    let source: String
    let verifiers: [Verifier]
    let run: [String]
    let timeout: Double
    let parsesSpecialTokens: Bool
    /// The system message of the conversations that prompts are put into; nil when they are plain text.
    let system: String?

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      steps = try reader.objects(
        "steps", minimum: 1, "What the model writes for each document, one text after another."
      ) { (step) throws(ParameterError) in try Step(from: &step) }
      samples = try reader.integer(
        "samples", default: 1, in: 1...10_000, unit: "samples",
        "How often every document is written about.")
      partCharacters = try reader.integer(
        "partCharacters", default: 0, in: 0...1 << 40, unit: "characters",
        "Length of {part}, a random stretch of the document from a line's or a word's beginning; 0 for "
          + "the whole.")
      limit = try reader.optionalInteger(
        "limit", in: 1...1 << 40, unit: "documents", "How many documents are read at most.")
      text = try reader.template("text", "The text of the documents that are made.")
      messages = try reader.objects(
        "messages", "The messages of the records that are made; none for no records."
      ) { (message) throws(ParameterError) in
        Message(
          role: try message.string("role", "system, user or assistant."),
          content: try message.template("content", "What it says."))
      }
      source = try reader.string(
        "source", default: "", "The source of what is made; empty keeps the document's own.")
      verifiers = try reader.objects(
        "verify", "What a text must pass to be kept, in order."
      ) { (verifier) throws(ParameterError) in try Verifier(from: &verifier) }
      run = try reader.strings(
        "run", default: [],
        "For the verifier program: the program and its arguments, not read by a shell. It finds the texts "
          + "in parameters.json, and keeps by ending with status 0.")
      try reader.files("files", optional: true, "Files that the program finds in its folder.")
      timeout = try reader.number(
        "timeout", default: 10, in: 0.1...1e6, unit: "seconds",
        "A program that runs longer has failed.")
      parsesSpecialTokens = try reader.boolean(
        "parseSpecialTokens", default: false,
        "Whether special tokens written in prompts count as such, not as the text they are.")
      let isChat = try reader.boolean(
        "chat", default: false,
        "Whether a prompt, of a judge too, is what the user says in a conversation, written by the "
          + "checkpoint's chat template. Special tokens then count, wherever they come from.")
      let message = try reader.string(
        "system", default: "", "What the system says first in a chat; empty for no such message.")
      reader.omitDefaults(of: "chat", "system")
      system = isChat ? message : nil
      if reader.isListing { return }
      if !isChat, !message.isEmpty {
        throw ParameterError(path: "system", message: "is given, but chat is not true")
      }
      try checkPlaces()
      try checkProgram(&reader)
    }

    private func checkPlaces() throws(ParameterError) {
      var known = ["id", "text", "source", "part"]
      for (index, step) in steps.enumerated() {
        try Self.check(step.prompt, known, "steps[\(index)].prompt")
        if known.contains(step.name) || step.name.isEmpty || step.name.contains(".") {
          throw ParameterError(
            path: "steps[\(index)].name",
            message: "\"\(step.name)\" is taken, or empty, or has a dot; choose another")
        }
        known.append(step.name)
      }
      try Self.check(text, known, "text")
      for (index, message) in messages.enumerated() {
        try Self.check(message.content, known, "messages[\(index)].content")
      }
      for (index, verifier) in verifiers.enumerated() {
        for template in verifier.templates { try Self.check(template, known, "verify[\(index)]") }
      }
    }

    /// Every place must be known now; those in the metadata are looked up in each document.
    private static func check(
      _ template: TextTemplate, _ known: [String], _ path: String
    ) throws(ParameterError) {
      for place in template.places where !known.contains(place) && !place.hasPrefix("metadata.") {
        throw ParameterError(
          path: path,
          message: "{\(place)} is not known there" + didYouMean(place, among: known)
            + "; there are \(known.joined(separator: ", ")) and metadata.PATH")
      }
    }

    private func checkProgram(_ reader: inout ParameterReader) throws(ParameterError) {
      let isNeeded = verifiers.contains { if case .program = $0 { true } else { false } }
      guard isNeeded == !run.isEmpty else {
        throw ParameterError(
          path: "run",
          message: isNeeded
            ? "must name the program of the verifier" : "is given, but no verifier runs it")
      }
      guard isNeeded else { return }
      let program = try Program(run[0], searchPath: Program.standardPath)
      try reader.impliedFiles("program") { () throws(ParameterError) in program.identity }
    }
  }

  /// What keeps a text or drops it.
  enum Verifier {
    /// The two texts must match.
    case answer(written: TextTemplate, expected: TextTemplate, AnswerMatch)
    /// The program must end well.
    case program
    /// The judge must find `yes` this likely rather than `no`.
    case judge(prompt: TextTemplate, yes: String, no: String, threshold: Double)

    enum Kind: String, CaseIterable {
      case answer, program, judge
    }

    init(from reader: inout ParameterReader) throws(ParameterError) {
      let kind: Kind = try reader.choice(
        "kind",
        "answer: two texts must match. program: run must end with status 0. judge: a model must say yes."
      )
      self = try Self.read(kind, &reader)
      if reader.isListing {
        for other in Kind.allCases where other != kind { _ = try Self.read(other, &reader) }
      }
    }

    private static func read(
      _ kind: Kind, _ reader: inout ParameterReader
    ) throws(ParameterError) -> Verifier {
      switch kind {
      case .program: .program
      case .answer:
        .answer(
          written: try reader.template("written", "answer: what was written, such as {answer}."),
          expected: try reader.template(
            "expected", "answer: what is right, such as {metadata.fields.answer}."),
          try reader.choice(
            "compare", default: AnswerMatch.exact,
            "answer: exact (but for white space), number (the last number of each), or contains."))
      case .judge:
        .judge(
          prompt: try reader.template("prompt", "judge: the question that the model answers."),
          yes: try reader.string("yes", default: " yes", "judge: the answer that keeps."),
          no: try reader.string("no", default: " no", "judge: the answer that drops."),
          threshold: try reader.number(
            "threshold", default: 0.5, in: 0...1,
            "judge: the least p(yes) / (p(yes) + p(no)) that keeps."))
      }
    }

    var templates: [TextTemplate] {
      switch self {
      case .answer(let written, let expected, _): [written, expected]
      case .program: []
      case .judge(let prompt, _, _, _): [prompt]
      }
    }

    /// What the statistics call it.
    var name: String {
      switch self {
      case .answer: "answer"
      case .program: "program"
      case .judge: "judge"
      }
    }
  }
}

extension Synthesize.Parameters.Step {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    name = try reader.string("name", "What later templates call the text: {NAME}.")
    prompt = try reader.template(
      "prompt",
      "What the model continues, with places: {text}, {part}, {id}, {source}, {metadata.PATH}, and earlier "
        + "steps' names; {{ and }} for braces.")
    tokens = try reader.integer(
      "tokens", default: 128, in: 1...1 << 20, unit: "tokens", "The most that is written.")
    temperature = try reader.number(
      "temperature", default: 0.8, in: 0...100, "0 takes the likeliest token each time.")
    topK = try reader.optionalInteger(
      "topK", in: 1...1 << 30, unit: "tokens", "Only the likeliest tokens, this many.")
    topP = try reader.optionalNumber(
      "topP", in: 0...1, "Only the likeliest tokens that make up this probability.")
    stops = try reader.strings(
      "stop", default: [], "Texts at which the writing ends; they are cut off.")
  }
}

extension ParameterReader {
  /// A text with places to fill.
  mutating func template(
    _ name: String, _ summary: String
  ) throws(ParameterError) -> TextTemplate {
    let source = try string(name, summary)
    do throws(CorpusError) { return try TextTemplate(source) } catch {
      throw ParameterError(path: name, message: error.message)
    }
  }
}
