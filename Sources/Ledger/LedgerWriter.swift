package import ContentStore
import CSQLite

/// What a ledger keeps between calls. Touched only under the ledger's lock.
final class LedgerState {
  let database: Database
  var cursors: [Digest: MetricCursor] = [:]

  init(_ database: Database) { self.database = database }
}

/// Adds records inside a transaction; see `Ledger.write`.
package struct LedgerWriter: ~Copyable {
  let state: LedgerState
  /// The journal's last row.
  private(set) var seq: Int
  private var hash: Digest

  var database: Database { state.database }

  init(_ state: LedgerState) throws(LedgerError) {
    let last = try state.database.first(
      "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1"
    ) { (row) throws(LedgerError) in (seq: row.integer(0), hash: try digest(row.text(1))) }
    self.state = state
    seq = last?.seq ?? 0
    hash = last?.hash ?? Journal.start
  }

  /// Adds a new record to the journal.
  mutating func append(_ kind: String, _ json: JSON) throws(LedgerError) -> Digest {
    let body = try canonical(json)
    let digest = SHA256.hash(body)
    try append(kind, digest, String(decoding: body, as: UTF8.self))
    return digest
  }

  /// Adds a record unless it is there already.
  mutating func keep(_ kind: String, _ json: JSON) throws(LedgerError) -> Digest {
    let body = try canonical(json)
    let digest = SHA256.hash(body)
    let known = try database.first(
      "SELECT 1 FROM journal WHERE digest = ?", digest.description
    ) { _ in true }
    if known == nil { try append(kind, digest, String(decoding: body, as: UTF8.self)) }
    return digest
  }

  private mutating func append(
    _ kind: String, _ digest: Digest, _ body: String
  ) throws(LedgerError) {
    hash = Journal.next(after: hash.description, kind, digest.description)
    seq += 1
    try database.run(
      "INSERT INTO journal VALUES (?, ?, ?, ?, ?)", seq, kind, digest.description, body,
      hash.description)
  }

  private func canonical(_ json: JSON) throws(LedgerError) -> [UInt8] {
    do { return try json.canonical() } catch {
      throw LedgerError(.refused, "the record has no canonical form: \(error)")
    }
  }
}

/// The chain that ties each record to all before it.
enum Journal {
  /// What stands before the first row.
  static let start = Digest(bytes: [UInt8](repeating: 0, count: 32))

  /// SHA-256 of the previous hash, the record's kind and its digest, each a line of text.
  static func next(after hash: String, _ kind: String, _ digest: String) -> Digest {
    SHA256.hash(Array("\(hash)\n\(kind)\n\(digest)".utf8))
  }
}

/// A digest from a column; text that is none means that the row was changed.
func digest(_ text: String) throws(LedgerError) -> Digest {
  guard let digest = Digest(text) else {
    throw LedgerError(.damaged, "the ledger holds \"\(text)\" where a digest belongs; run verify")
  }
  return digest
}

// Runs and executions.
extension LedgerWriter {
  /// Starts a run and gives its id.
  package mutating func beginRun(_ start: RunStart) throws(LedgerError) -> Digest {
    var parts = RunParts(
      environment: try keep("environment", start.environment), code: try keepCode(start.code))
    var files: [JSON] = []
    for file in start.files {
      let text = try keep(
        "experiment-text", ["type": "experiment-text/1", "text": .string(file.text)])
      files.append(["name": .string(file.name), "text": .string(text.description)])
    }
    parts.files = .array(files)
    if start.merged != .null { parts.merged = try keep("experiment", start.merged) }
    return try append("run", start.json(parts, nonce: Self.nonce()))
  }

  package mutating func addRunStage(_ stage: RunStage, to run: Digest) throws(LedgerError) {
    _ = try append("run-stage", stage.json(run: run))
  }

  package mutating func endRun(_ run: Digest, _ end: RunEnd) throws(LedgerError) {
    _ = try append("run-end", end.json(run: run))
  }

  /// Starts an execution and gives its id.
  package mutating func beginExecution(_ start: ExecutionStart) throws(LedgerError) -> Digest {
    let parts = RunParts(
      environment: try keep("environment", start.environment), code: try keepCode(start.code))
    let recipe = try keep("recipe", start.recipe.json)
    return try append("execution", start.json(recipe: recipe, parts, nonce: Self.nonce()))
  }

  package mutating func endExecution(
    _ execution: Digest, _ end: ExecutionEnd
  ) throws(LedgerError) {
    let result: Digest? =
      if let result = end.result { try keep("result", result.json) } else { nil }
    _ = try append("execution-end", end.json(execution: execution, result: result))
    state.cursors[execution] = nil
  }

  private mutating func keepCode(_ code: JSON) throws(LedgerError) -> Digest? {
    code == .null ? nil : try keep("code", code)
  }

  /// 128 random bits: two runs of the same moment are two runs.
  private static func nonce() -> String {
    let bits = UInt64.random(in: 0...UInt64.max)
    return String(bits, radix: 16) + "-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
  }
}

// Names.
extension LedgerWriter {
  /// Points a tag at something, or (nil) takes it away. Earlier values stay on record.
  package mutating func tag(_ name: String, _ subject: Subject?) throws(LedgerError) {
    _ = try keep(
      "tag",
      [
        "type": "tag/1", "name": .string(name), "subject": subject?.json ?? .null,
        "time": .integer(Timestamp.now.microseconds),
      ])
  }

  package mutating func note(_ text: String, on subject: Subject) throws(LedgerError) {
    _ = try keep(
      "note",
      [
        "type": "note/1", "text": .string(text), "subject": subject.json,
        "time": .integer(Timestamp.now.microseconds),
      ])
  }
}
