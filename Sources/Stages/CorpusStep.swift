import ContentStore
import Corpus
import Ledger
import Numerics
package import Pipeline
import Synchronization

extension PortType {
  /// What a step did to a corpus: one JSON object, `"type": "corpus-statistics/1"`.
  package static let statistics: PortType = "statistics"
}

/// The outputs that every op on documents has.
enum CorpusPorts {
  static let outputs = [
    Port("kept", .documents, "The documents that stay."),
    Port(
      "removed", .documents,
      "The documents that go, as they came in; metadata.removed says by which rule, and why."),
    statistics,
  ]

  static let statistics = Port(
    "statistics", .statistics, "Counts and characters by rule and source, with examples.")
}

/// Which documents ought to go, where their metadata says so: what a step is scored against.
struct CorpusTruth: Sendable {
  private let signs: [(path: String, values: Set<String>)]

  /// The parameter `truth`.
  init(from reader: inout ParameterReader) throws(ParameterError) {
    let map = try reader.map(
      "truth", default: [:],
      "Where the truth about made-up documents is known: members of the metadata by their path "
        + "(truth.quality), each with the value of documents that ought to go (low; low|spam for "
        + "either, * for any). The step is then scored by precision and recall.")
    signs = map.sorted { $0.key < $1.key }.map { path, values in
      (path, Set(values.split(separator: "|").map(String.init)))
    }
  }

  /// Nil when nothing is known.
  func isBad(_ document: Document) -> Bool? {
    if signs.isEmpty { return nil }
    return signs.contains { path, values in
      guard let value = document.metadata.member(at: path), value != .null else { return false }
      return values.contains("*") || values.contains(value.plainText)
    }
  }
}

/// What a step makes of one document.
struct CorpusOutcome: Sendable {
  var entry: CorpusStatistics.Entry
  /// Lines of JSON, line feeds included.
  var kept: [UInt8] = []
  var removed: [UInt8] = []

  /// - Parameters:
  ///   - kept: what stays of the document: itself, a rewritten form, or pieces.
  ///   - note: members for `metadata.removed` beside rule and reason.
  init(
    _ document: Document, kept: [Document], removal: Removal?, counts: [String: Int] = [:],
    note: [String: JSON] = [:], isBad: Bool?
  ) throws {
    let characters = kept.reduce(0) { $0 + $1.text.unicodeScalars.count }
    entry = CorpusStatistics.Entry(
      document, keptCharacters: removal == nil ? characters : nil, removal: removal,
      counts: counts, isBad: isBad)
    if let removal {
      var gone = document
      gone.metadata = document.metadata.marked(removal, note: note)
      removed = try gone.line()
    } else {
      for document in kept { self.kept += try document.line() }
    }
  }
}

extension JSON {
  /// Metadata with why their document or record was removed.
  /// - Parameter note: members beside rule and reason.
  func marked(_ removal: Removal, note: [String: JSON] = [:]) -> JSON {
    var metadata = objectValue ?? [:]
    metadata["removed"] = .object(
      note.merging(["rule": .string(removal.rule), "reason": .string(removal.reason)]) { $1 })
    return .object(metadata)
  }
}

/// The outputs of a step on documents while they are written.
final class CorpusOutput {
  private let op: String
  private let context: any StageContext
  private let kept: any OutputFile
  private let removed: any OutputFile
  private(set) var statistics = CorpusStatistics()

  init(_ op: String, _ context: any StageContext) throws {
    (self.op, self.context) = (op, context)
    kept = try context.makeFile("kept")
    removed = try context.makeFile("removed")
  }

  func add(_ outcome: CorpusOutcome) throws {
    statistics.add(outcome.entry)
    if !outcome.kept.isEmpty { try kept.write(outcome.kept) }
    if !outcome.removed.isEmpty { try removed.write(outcome.removed) }
  }

  func finish() throws {
    try kept.finish()
    try removed.finish()
    let file = try context.makeFile("statistics")
    try file.write(statistics.json(op: op).canonical() + [UInt8(ascii: "\n")])
    try file.finish()
    let (input, kept) = (statistics.input, statistics.kept)
    context.score("input/documents", Score(Double(input.documents)))
    context.score("kept/documents", Score(Double(kept.documents)))
    context.score("kept/characters", Score(Double(kept.characters)))
    for (removal, tally) in statistics.removals {
      context.score("removed/\(removal.rule)/\(removal.reason)", Score(Double(tally.documents)))
    }
    if let (value, count) = statistics.precision {
      context.score("precision", Score(value, count: count, higherIsBetter: true))
    }
    if let (value, count) = statistics.recall {
      context.score("recall", Score(value, count: count, higherIsBetter: true))
    }
    context.log(
      "kept \(kept.documents) of \(input.documents) documents, \(kept.characters) of "
        + "\(input.characters) characters")
  }
}

extension StageContext {
  /// Runs through the documents on a port: `body` on several threads, `consume` in order.
  /// - Parameter note: what the pass is, for progress.
  func forEachDocument<Result: Sendable>(
    _ port: String = "documents", _ note: String = "",
    _ body: @Sendable (Document) throws -> Result, consume: (Document, Result) throws -> Void
  ) throws {
    let reader = try input(port).documents(named: port)
    let compute = Compute(threads: threads)
    while true {
      let batch = try reader.nextBatch(bytes: documentBatchBytes)
      if batch.isEmpty { break }
      try checkCancellation()
      for (document, result) in zip(batch, try batch.mapped(compute, body)) {
        try consume(document, result)
      }
      progress(
        Progress(
          done: Double(reader.position), total: Double(reader.size), unit: "bytes", note: note))
    }
  }
}

extension [Document] {
  /// The results in order, worked out by several threads.
  fileprivate func mapped<Result: Sendable>(
    _ compute: Compute, _ body: @Sendable (Document) throws -> Result
  ) throws -> [Result] {
    let parts = Mutex<[(first: Int, results: Swift.Result<[Result], any Error>)]>([])
    compute.split(count) { range in
      let results = Swift.Result { try range.map { try body(self[$0]) } }
      parts.withLock { $0.append((range.lowerBound, results)) }
    }
    return try parts.withLock { $0 }.sorted { $0.first < $1.first }.flatMap { try $0.results.get() }
  }
}
