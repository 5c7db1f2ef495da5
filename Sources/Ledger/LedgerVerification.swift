import ContentStore

/// Something in the ledger that is not as it was recorded.
package struct Damage: Hashable, Sendable, CustomStringConvertible {
  /// Table and row, such as `journal seq 12` or `point id 4711`.
  package var place: String
  /// What is wrong there.
  package var problem: String

  package var description: String { "\(place): \(problem)" }
}

extension Ledger {
  /// Checks every row, record and link of the chain; an empty list when nothing is wrong. Reads the
  /// whole file.
  package func verify() throws(LedgerError) -> [Damage] {
    let database = try LedgerFile.openReading(path)
    do throws(LedgerError) {
      return try database.snapshot { () throws(LedgerError) in
        var verification = try Verification(database)
        return try verification.run()
      }
    } catch {
      guard error.kind == .damaged else { throw error }
      return [Damage(place: "the file \(path)", problem: error.message)]
    }
  }
}

/// Derives the ledger's tables again from its journal and compares.
private struct Verification {
  let recorded: Database
  /// A ledger in memory, filled from the journal's bodies by the same triggers.
  let derived: Database
  var damages: [Damage] = []

  init(_ recorded: Database) throws(LedgerError) {
    self.recorded = recorded
    derived = try Database(":memory:", .creating)
    try derived.migrate(LedgerFile.migrations)
  }

  mutating func run() throws(LedgerError) -> [Damage] {
    try checkFile()
    try checkSchema()
    try deriveJournal()
    for table in try Self.tables(of: derived) where table != "journal" && table != "point" {
      try compare(table)
    }
    try checkPoints()
    return damages
  }

  private mutating func report(_ place: String, _ problem: String) {
    damages.append(Damage(place: place, problem: problem))
  }

  /// SQLite's own checks: pages, indexes, types, references.
  private mutating func checkFile() throws(LedgerError) {
    for problem in try recorded.query("PRAGMA integrity_check", map: { $0.text(0) })
    where problem != "ok" { report("the file", problem) }
    let orphans = try recorded.query("PRAGMA foreign_key_check") {
      ($0.text(0), $0.optionalInteger(1), $0.text(2))
    }
    for (table, row, parent) in orphans {
      report("\(table) row \(row.map(String.init) ?? "?")", "refers to a missing row of \(parent)")
    }
  }

  /// Tables, triggers, indexes and views must be those that this version makes.
  private mutating func checkSchema() throws(LedgerError) {
    let expected = try Self.schema(of: derived)
    let found = try Self.schema(of: recorded)
    for (name, sql) in expected.sorted(by: { $0.key < $1.key }) where found[name] != sql {
      report("schema \(name)", found[name] == nil ? "is missing" : "was changed")
    }
    for name in found.keys.sorted() where expected[name] == nil {
      report("schema \(name)", "was added")
    }
  }

  private static func schema(of database: Database) throws(LedgerError) -> [String: String] {
    let rows = try database.query(
      "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'"
    ) { ($0.text(0), $0.text(1)) }
    return Dictionary(rows) { first, _ in first }
  }

  private static func tables(of database: Database) throws(LedgerError) -> [String] {
    try database.query(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid"
    ) { $0.text(0) }
  }

  // MARK: The journal

  /// Checks each row of the journal and projects its body again.
  private mutating func deriveJournal() throws(LedgerError) {
    // A damaged row must not stop those after it.
    try derived.script("DROP TRIGGER journal_only_grows; PRAGMA foreign_keys = OFF; BEGIN")
    let rows = try recorded.query("SELECT seq, kind, digest, body, hash FROM journal ORDER BY seq")
    {
      JournalRow($0)
    }
    var expected = 1
    var hash = Journal.start.description
    for row in rows {
      if row.seq != expected {
        report("journal seq \(expected)", "is missing (next is \(row.seq))")
        expected = row.seq
      }
      expected += 1
      check(row, after: &hash)
      project(row)
    }
    try derived.script("COMMIT")
  }

  private mutating func check(_ row: JournalRow, after hash: inout String) {
    let place = "journal seq \(row.seq)"
    let digest = SHA256.hash(Array(row.body.utf8))
    if digest.description != row.digest {
      report(place, "the \(row.kind) record's body does not have its digest \(row.digest)")
    }
    let type = (try? JSON(parsing: row.body))?["type"]?.stringValue
    if let type, type.split(separator: "/").first.map(String.init) != row.kind,
      !["environment", "code", "experiment"].contains(row.kind)
    {
      report(place, "says kind \(row.kind), but its record is \(type)")
    }
    let next = Journal.next(after: hash, row.kind, row.digest).description
    if next != row.hash {
      report(place, "the chain is broken: the hash does not follow from the row before")
    }
    hash = row.hash
  }

  private mutating func project(_ row: JournalRow) {
    do throws(LedgerError) {
      try derived.run(
        "INSERT INTO journal VALUES (?, ?, ?, ?, ?)", row.seq, row.kind, row.digest, row.body,
        row.hash)
    } catch {
      report("journal seq \(row.seq)", "the \(row.kind) record cannot be read: \(error.message)")
    }
  }

  // MARK: The projections

  /// Names each row of a table that the journal does not give, or gives differently.
  private mutating func compare(_ table: String) throws(LedgerError) {
    let columns = try derived.query("SELECT name, pk FROM pragma_table_info(?)", table) {
      Column(name: $0.text(0), keyPosition: $0.integer(1))
    }
    let expected = try rows(of: table, columns, in: derived)
    let found = try rows(of: table, columns, in: recorded)
    for key in Set(expected.keys).union(found.keys).sorted() where expected[key] != found[key] {
      switch (expected[key], found[key]) {
      case (_?, nil): report("\(table) \(key)", "is missing")
      case (nil, _?): report("\(table) \(key)", "was added: no record gives it")
      case (let expected?, let found?):
        report("\(table) \(key)", Self.difference(columns, expected, found))
      default: break
      }
    }
  }

  /// A table's rows by a text of their key.
  private func rows(
    of table: String, _ columns: [Column], in database: Database
  ) throws(LedgerError) -> [String: [SQLValue]] {
    let keys = columns.indices.filter { columns[$0].keyPosition > 0 }
      .sorted { columns[$0].keyPosition < columns[$1].keyPosition }
    let rows = try database.query("SELECT * FROM \(table)") { row in
      let values = row.values()
      let name = keys.map { "\(columns[$0].name) \(values[$0].text)" }
      return (name.joined(separator: ", "), values)
    }
    return Dictionary(rows) { first, _ in first }
  }

  private static func difference(
    _ columns: [Column], _ expected: [SQLValue], _ found: [SQLValue]
  ) -> String {
    zip(columns, zip(expected, found)).filter { $1.0 != $1.1 }
      .map { "\($0.name) is \($1.1.text), recorded was \($1.0.text)" }
      .joined(separator: "; ")
  }

  // MARK: Metrics

  /// Holds each batch of points against the SHA-256 in the journal.
  private mutating func checkPoints() throws(LedgerError) {
    let batches = try derived.query(
      """
      SELECT batch.seq, execution, first, count, body FROM batch JOIN journal USING (seq)
      ORDER BY first
      """
    ) { Batch($0) }
    for batch in batches { try check(batch) }
    let last = batches.last.map { $0.first + $0.count - 1 } ?? 0
    let extra = try recorded.query(
      "SELECT id FROM point WHERE id > ? OR id < 1 ORDER BY id", last
    ) { $0.integer(0) }
    for id in extra { report("point id \(id)", "was added: no record gives it") }
  }

  private mutating func check(_ batch: Batch) throws(LedgerError) {
    let ids = try recorded.query(
      "SELECT id FROM point WHERE id BETWEEN ? AND ? ORDER BY id", batch.first,
      batch.first + batch.count - 1
    ) { $0.integer(0) }
    if ids.count != batch.count {
      let present = Set(ids)
      for id in batch.first..<batch.first + batch.count where !present.contains(id) {
        report("point id \(id)", "is missing")
      }
      return
    }
    guard let record = try? JSON(parsing: batch.body), let names = record["series"]?.stringArray
    else { return }
    guard try digest(of: batch, names)?.hex != record["sha256"]?.stringValue else { return }
    report(
      "point id \(batch.first)…\(batch.first + batch.count - 1)",
      "a step, value or series was changed: the batch (journal seq \(batch.seq), execution "
        + "\(record["execution"]?.stringValue ?? "?")) does not have its SHA-256")
  }

  /// The digest of a batch's points as they are now; nil when one is in a series of no name here.
  private func digest(of batch: Batch, _ names: [String]) throws(LedgerError) -> Digest? {
    let places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    let series = try recorded.query(
      "SELECT id, name FROM series WHERE execution = ?", batch.execution
    ) { ($0.integer(0), places[$0.text(1)]) }
    let place = Dictionary(series) { first, _ in first }
    var sum = MetricDigest(count: batch.count)
    var isWhole = true
    _ = try recorded.query(
      "SELECT series, step, value, bits FROM point WHERE id BETWEEN ? AND ? ORDER BY id",
      batch.first, batch.first + batch.count - 1
    ) { row in
      guard let place = place[row.integer(0)] ?? nil, row.isNull(2) != row.isNull(3) else {
        isWhole = false
        return
      }
      let bits = exactDouble(row, value: 2, bits: 3).bitPattern
      sum.add(series: place, step: row.integer(1), bits: bits)
    }
    return isWhole ? sum.finalize() : nil
  }
}

private struct JournalRow {
  var seq: Int
  var kind: String
  var digest: String
  var body: String
  var hash: String

  init(_ row: Row) {
    seq = row.integer(0)
    kind = row.text(1)
    digest = row.text(2)
    body = row.text(3)
    hash = row.text(4)
  }
}

private struct Column {
  var name: String
  /// From 1 in the primary key; 0 outside it.
  var keyPosition: Int
}

private struct Batch {
  var seq: Int
  var execution: Int
  var first: Int
  var count: Int
  var body: String

  init(_ row: Row) {
    seq = row.integer(0)
    execution = row.integer(1)
    first = row.integer(2)
    count = row.integer(3)
    body = row.text(4)
  }
}

extension SQLValue {
  /// The value for people.
  fileprivate var text: String {
    switch self {
    case .null: "NULL"
    case .integer(let value): String(value)
    case .real(let value): "\(value)"
    case .text(let value): value.count > 80 ? "'\(value.prefix(80))…'" : "'\(value)'"
    case .blob(let bytes): "\(bytes.count) bytes"
    }
  }
}
