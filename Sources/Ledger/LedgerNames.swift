package import ContentStore

extension Ledger {
  /// The newest value of a tag; nil when there is none or it was taken away.
  package func tag(named name: String) throws(LedgerError) -> Tag? {
    let last = try tagRows("WHERE name = ? ORDER BY seq DESC LIMIT 1", name).first
    return last?.subject == nil ? nil : last
  }

  /// The current tags, by name.
  package func tags() throws(LedgerError) -> [Tag] {
    try tagRows(
      """
      WHERE ? IS NULL AND subject IS NOT NULL
        AND seq = (SELECT max(seq) FROM tag AS newest WHERE newest.name = tag.name)
      ORDER BY name
      """, nil)
  }

  /// Every value a tag ever had, oldest first.
  package func tagHistory(_ name: String) throws(LedgerError) -> [Tag] {
    try tagRows("WHERE name = ? ORDER BY seq", name)
  }

  private func tagRows(_ rest: String, _ name: String?) throws(LedgerError) -> [Tag] {
    try read { (database) throws(LedgerError) in
      try database.query("SELECT name, kind, subject, time FROM tag " + rest, name) { row in
        Tag(
          name: row.text(0), subject: subject(row, 1), time: Timestamp(microseconds: row.integer(3))
        )
      }
    }
  }

  private func subject(_ row: Row, _ column: Int32) -> Subject? {
    guard let kind = Subject.Kind(rawValue: row.text(column)),
      let digest = Digest(row.text(column + 1))
    else { return nil }
    return Subject(kind, digest)
  }

  /// Notes on something, oldest first.
  package func notes(on digest: Digest) throws(LedgerError) -> [Note] {
    try read { (database) throws(LedgerError) in
      try database.query(
        "SELECT kind, subject, text, time FROM note WHERE subject = ? ORDER BY seq",
        digest.description
      ) { (row) throws(LedgerError) in
        guard let subject = subject(row, 0) else { throw malformed("note", row.text(1)) }
        return Note(
          subject: subject, text: row.text(2), time: Timestamp(microseconds: row.integer(3)))
      }
    }
  }

  /// What has a digest beginning with these hex digits (with or without `sha256:`), at most
  /// `limit`: runs first, then executions, recipes, results, artifacts.
  package func matches(prefix: String, limit: Int = 20) throws(LedgerError) -> [Subject] {
    let hex = prefix.hasPrefix("sha256:") ? String(prefix.dropFirst(7)) : prefix
    guard !hex.isEmpty, hex.utf8.allSatisfy({ Self.hexDigits.contains($0) }) else { return [] }
    return try read { (database) throws(LedgerError) in
      var found: [Subject] = []
      for (kind, table, column) in Self.namedTables where found.count < limit {
        // "g" comes after every hex digit.
        let digests = try database.query(
          """
          SELECT DISTINCT \(column) FROM \(table) WHERE \(column) >= ?1 AND \(column) < ?1 || 'g'
          ORDER BY \(column) LIMIT ?2
          """, "sha256:" + hex, limit - found.count
        ) { (row) throws(LedgerError) in try digest(row.text(0)) }
        found += digests.map { Subject(kind, $0) }.filter { !found.contains($0) }
      }
      return found
    }
  }

  private static let hexDigits = Set("0123456789abcdef".utf8)

  private static let namedTables: [(Subject.Kind, String, String)] = [
    (.run, "run", "digest"), (.execution, "execution", "digest"), (.recipe, "recipe", "digest"),
    (.result, "result", "digest"), (.artifact, "output", "artifact"),
    (.artifact, "input", "artifact"),
  ]
}
