package import ContentStore

/// Reads records by digest and remembers them for as long as one question takes: runs and executions
/// share environments and code.
final class RecordReader {
  private let database: Database
  private var known: [String: JSON] = [:]

  init(_ database: Database) { self.database = database }

  /// The record that a digest names; nil for null or when there is none.
  func record(_ digest: JSON?) throws(LedgerError) -> JSON? {
    guard let digest = digest?.stringValue else { return nil }
    if let json = known[digest] { return json }
    let body = try database.first("SELECT body FROM journal WHERE digest = ?", digest) {
      $0.text(0)
    }
    guard let body else { return nil }
    let json = try parse(body, digest)
    known[digest] = json
    return json
  }

  func parse(_ body: String, _ name: String) throws(LedgerError) -> JSON {
    do { return try JSON(parsing: body) } catch {
      throw LedgerError(.damaged, "the record \(name) is damaged (\(error)); run verify")
    }
  }
}

/// The error for a record that does not have the form of its kind.
func malformed(_ kind: String, _ digest: String) -> LedgerError {
  LedgerError(.damaged, "the \(kind) record \(digest) is damaged; run verify")
}

extension Ledger {
  /// Any record by its digest: recipes, results, environments, code, experiment texts, merged
  /// experiments, …
  package func record(_ digest: Digest) throws(LedgerError) -> JSON? {
    try read { (database) throws(LedgerError) in
      try RecordReader(database).record(.string(digest.description))
    }
  }

  package func recipe(_ digest: Digest) throws(LedgerError) -> Recipe? {
    try record(digest).flatMap(Recipe.init)
  }

  package func result(_ digest: Digest) throws(LedgerError) -> StageResult? {
    try record(digest).flatMap(StageResult.init)
  }
}
