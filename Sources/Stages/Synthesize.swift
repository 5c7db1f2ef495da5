import ContentStore
import Corpus
import Ledger
import Numerics
package import Pipeline

/// Lets a checkpoint write data from documents: questions and answers, instructions for given responses,
/// rephrasings; and keeps what passes verifiers.
package enum Synthesize: Stage {
  package static let op = "synthesize"
  package static let revision = 2
  package static let summary =
    "Let a checkpoint write data from documents by prompts, and keep what passes verifiers."
  package static let usesSeed = true
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    let records = Port(
      "records", PortType(rawValue: "records"), "Conversations of what was kept, by messages.")
    return Ports(
      inputs: [
        Port("documents", .documents, "What is written about."),
        Port("checkpoint", .checkpoint, "The model that writes, with its tokenizer."),
        Port(
          "judge", .checkpoint, "The model that judges; by default the one that writes.",
          optional: true),
      ],
      outputs: CorpusPorts.outputs + (parameters?.messages.isEmpty == true ? [] : [records]))
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    try SynthesisRun(parameters, context).run()
  }
}

/// One text under way: a document and what was written about it.
private struct Draught {
  /// Keys the draws: the same whatever else is written.
  let key: Int
  let document: Document
  let part: String
  let sample: Int
  var texts: [String: String] = [:]
  var notes: [String: JSON] = [:]
  var removal: Removal?

  func value(_ place: String) -> String? {
    if let text = texts[place] { return text }
    if place == "part" { return part }
    let prefix = "metadata."
    return document.field(place.hasPrefix(prefix) ? String(place.dropFirst(prefix.count)) : place)
  }
}

private final class SynthesisRun {
  private let parameters: Synthesize.Parameters
  private let context: any StageContext
  private let writer: WritingModel
  private let judge: WritingModel
  private let output: CorpusOutput
  private let records: (any OutputFile)?
  private let programs: VerifierProgram?
  /// Documents that are written about together. Bears on speed only.
  private static let batch = 32

  init(_ parameters: Synthesize.Parameters, _ context: any StageContext) throws {
    (self.parameters, self.context) = (parameters, context)
    writer = try WritingModel(
      context.input("checkpoint"), parsesSpecial: parameters.parsesSpecialTokens,
      system: parameters.system, threads: context.threads)
    judge =
      try context.inputs("judge").first.map {
        try WritingModel($0, system: parameters.system, threads: context.threads)
      } ?? writer
    output = try CorpusOutput(Synthesize.op, context)
    records = parameters.messages.isEmpty ? nil : try context.makeFile("records")
    programs = try parameters.run.isEmpty ? nil : VerifierProgram(parameters, context)
  }

  func run() throws {
    let reader = try context.input("documents").documents()
    var (batch, index): ([Draught], Int) = ([], 0)
    while index < parameters.limit ?? .max, let document = try reader.next() {
      batch += draughts(document, index)
      index += 1
      guard index % Self.batch == 0 else { continue }
      try carryOut(&batch)
      context.progress(
        Progress(done: Double(reader.position), total: Double(reader.size), unit: "bytes"))
    }
    try carryOut(&batch)
    try output.finish()
    try records?.finish()
  }

  private func draughts(_ document: Document, _ index: Int) -> [Draught] {
    (0..<parameters.samples).map { sample in
      let key = index * parameters.samples + sample
      return Draught(
        key: key, document: document, part: part(of: document.text, key), sample: sample)
    }
  }

  /// A random stretch of a text that begins a line or, in long lines, a word.
  private func part(of text: String, _ key: Int) -> String {
    let scalars = Array(text.unicodeScalars)
    let length = parameters.partCharacters
    guard length > 0, scalars.count > length else { return text }
    let stream = RandomStream(seed: context.seed, purpose: "synthesize/part")
    var start = Int(stream.integer(at: UInt64(key), below: UInt64(scalars.count - length + 1)))
    let from = max(0, start - length / 2)
    if let line = scalars[from..<start].lastIndex(of: "\n") {
      start = line + 1
    } else if let space = scalars[from..<start].lastIndex(of: " ") {
      start = space + 1
    }
    return String(String.UnicodeScalarView(scalars[start..<start + length]))
  }

  private func carryOut(_ batch: inout [Draught]) throws {
    for step in parameters.steps { try write(step, &batch) }
    for verifier in parameters.verifiers { try verify(verifier, &batch) }
    for draught in batch { try finish(draught) }
    batch = []
    try context.checkCancellation()
  }

  // MARK: Writing

  private func write(_ step: Synthesize.Parameters.Step, _ batch: inout [Draught]) throws {
    var (prompts, places): ([[Int]], [Int]) = ([], [])
    for index in batch.indices where batch[index].removal == nil {
      guard let prompt = step.prompt.filled(batch[index].value) else {
        batch[index].removal = Removal(
          rule: "prompt", reason: "\(step.name): the metadata lacks a place")
        continue
      }
      guard let tokens = try writer.tokens(of: prompt), tokens.count + step.tokens <= writer.window
      else {
        batch[index].removal = Removal(
          rule: "prompt", reason: "\(step.name): does not fit the model")
        continue
      }
      prompts.append(tokens)
      places.append(index)
    }
    if prompts.isEmpty { return }
    let seeds = RandomStream(seed: context.seed, purpose: "synthesize/\(step.name)")
    let manner = WritingModel.Manner(
      tokens: step.tokens, temperature: step.temperature, topK: step.topK, topP: step.topP,
      stops: step.stops, seed: seeds.uint64(at: 0))
    let texts = try writer.write(prompts, keys: places.map { batch[$0].key }, manner) {
      try context.checkCancellation()
    }
    for (index, text) in zip(places, texts) {
      batch[index].texts[step.name] = text
      if text.isEmpty {
        batch[index].removal = Removal(rule: "empty", reason: "\(step.name): nothing was written")
      }
    }
  }

  // MARK: Verifying

  private func verify(_ verifier: Synthesize.Verifier, _ batch: inout [Draught]) throws {
    let places = batch.indices.filter { batch[$0].removal == nil }
    switch verifier {
    case .answer(let written, let expected, let match):
      for index in places { checkAnswer(written, expected, match, &batch[index]) }
    case .program:
      for index in places {
        if let reason = try programs?.failure(of: batch[index].texts, batch[index].document) {
          batch[index].removal = Removal(rule: verifier.name, reason: reason)
        }
      }
    case .judge(let prompt, let yes, let no, let threshold):
      let prompts = places.map { prompt.filled(batch[$0].value) ?? "" }
      let answers = try judge.preference(after: prompts, yes, over: no) {
        try context.checkCancellation()
      }
      for (index, answer) in zip(places, answers) {
        batch[index].notes["judge"] = .exact(answer)
        if answer < threshold {
          batch[index].removal = Removal(rule: verifier.name, reason: "no is likelier")
        }
      }
    }
  }

  private func checkAnswer(
    _ written: TextTemplate, _ expected: TextTemplate, _ match: AnswerMatch,
    _ draught: inout Draught
  ) {
    guard let expected = expected.filled(draught.value) else {
      return draught.removal = Removal(rule: "answer", reason: "no right answer is known")
    }
    if !match.isRight(written.filled(draught.value) ?? "", expected: expected) {
      draught.removal = Removal(rule: "answer", reason: "wrong")
    }
  }

  // MARK: Giving out

  private func finish(_ draught: Draught) throws {
    let document = made(draught)
    try output.add(
      CorpusOutcome(document, kept: [document], removal: draught.removal, isBad: nil))
    guard draught.removal == nil, let records else { return }
    let messages: [JSON] = parameters.messages.map { message in
      [
        "role": .string(message.role),
        "content": .string(message.content.filled(draught.value) ?? ""),
      ]
    }
    let record: JSON = [
      "id": .string(document.id), "source": .string(document.source),
      "metadata": document.metadata, "messages": .array(messages),
    ]
    try records.write(record.canonicalText() + "\n")
  }

  /// The document that is made. Its metadata keeps the origin's, and says what was written.
  private func made(_ draught: Draught) -> Document {
    var metadata = draught.document.metadata.objectValue ?? [:]
    var notes = draught.notes
    notes["from"] = .string(draught.document.id)
    notes["sample"] = .integer(draught.sample)
    notes["texts"] = .object(draught.texts.mapValues(JSON.string))
    metadata["synthesis"] = .object(notes)
    return Document(
      id: "\(draught.document.id)+\(draught.sample)",
      text: parameters.text.filled(draught.value) ?? "",
      source: parameters.source.isEmpty ? draught.document.source : parameters.source,
      metadata: .object(metadata))
  }
}
