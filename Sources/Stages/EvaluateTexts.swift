import ContentStore
import Corpus
import Evaluation
import Ledger
import Pipeline

// Perplexity, and what reads documents.
extension EvaluateRun {
  /// The perplexities of the documents on an input, some at a time.
  /// - Parameters:
  ///   - limit: how many documents are measured at most, the first ones.
  ///   - isTask: whether the outcomes say which task they are of.
  func measure(
    _ port: String, named name: String, limit: Int? = nil, isTask: Bool = true
  ) throws {
    guard let input = context.inputs(port).first else {
      throw StageError("nothing is connected to the input \"\(port)\"")
    }
    let scoring = DocumentScoring(encoder: subject.encoder)
    var outcomes: [DocumentOutcome] = []
    try Self.documents(input, port, limit: limit) { batch, position, size in
      outcomes += try scoring.outcomes(of: batch, by: subject.scorer) { _ in
        try context.checkCancellation()
      }
      context.progress(
        Progress(done: Double(position), total: Double(size), unit: "bytes", note: name))
    }
    for outcome in outcomes {
      var json = outcome.json.objectValue ?? [:]
      if isTask { json["task"] = .string(name) }
      try output.write(JSON.object(json).canonicalText() + "\n")
    }
    guard let scores = PerplexityScores(outcomes) else {
      throw StageError("the documents hold no text to measure perplexity on")
    }
    score(
      scores.named(name), higherIsBetter: false,
      ["kind": "perplexity", "maxLength": .integer(subject.encoder.maximumLength)])
  }

  /// The texts of a task's documents.
  func texts(_ data: EvaluateData, _ name: String) throws -> [(id: String, text: String)] {
    let (port, input) = try data.artifact(name, context)
    var texts: [(id: String, text: String)] = []
    try Self.documents(input, port, limit: data.limit) { batch, _, _ in texts += batch }
    return texts
  }

  /// Documents from a documents artifact; or from files, whose lines are records with a `text`, or which
  /// are texts.
  /// - Parameter limit: how many at most, the first ones; what comes after them is not read.
  private static func documents(
    _ input: InputArtifact, _ port: String, limit: Int?,
    _ body: ([(id: String, text: String)], _ position: Int, _ size: Int) throws -> Void
  ) throws {
    var left = limit ?? .max
    func give(_ texts: [(id: String, text: String)], _ position: Int, _ size: Int) throws {
      let wanted = texts.prefix(left)
      left -= wanted.count
      try body(Array(wanted), position, size)
    }
    guard input.artifact.kind == .tree else {
      let reader = try input.documents(named: port)
      while left > 0 {
        let batch = try reader.nextBatch(bytes: batchBytes)
        if batch.isEmpty { return }
        try give(batch.map { ($0.id, $0.text) }, reader.position, reader.size)
      }
      return
    }
    let paths = try input.tree().entries.keys.sorted()
    for (index, path) in paths.enumerated() where left > 0 {
      let bytes = try input.read(path: path)
      let isRecords = path.hasSuffix(".jsonl") || path.hasSuffix(".json")
      let texts =
        isRecords ? try self.records(bytes, path) : [(path, String(decoding: bytes, as: UTF8.self))]
      try give(texts, index + 1, paths.count)
    }
  }

  private static func records(
    _ bytes: [UInt8], _ path: String
  ) throws -> [(id: String, text: String)] {
    try TaskData(files: [(path, bytes)], name: path).records.map { record in
      guard let text = record.fields["text"]?.stringValue else {
        throw QuestionError("\(record.place): the member \"text\" is missing or no text")
      }
      return (record.id, text)
    }
  }

  /// Enough documents at a time to fill batches, few enough for progress to move.
  private static let batchBytes = 1 << 17
}
