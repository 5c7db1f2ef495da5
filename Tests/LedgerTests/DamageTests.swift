import ContentStore
import Testing

@testable import Ledger

/// What `verify` finds after someone changed the file with the sqlite3 shell.
@Suite struct DamageTests {
  /// A ledger with a row in every table.
  private func withSample(_ body: (String) throws -> Void) throws {
    try withFolder { folder in
      let path = folder + "/ledger.sqlite"
      do {
        let ledger = try Ledger(at: path)
        let run = try ledger.beginRun(sampleRun())
        let recipe = sampleRecipe(inputs: ["text": [sampleArtifact("in")]])
        let execution = try ledger.beginExecution(
          ExecutionStart(recipe: recipe, run: run, stage: "a", environment: sampleEnvironment))
        try ledger.addRunStage(
          RunStage(
            name: "a", position: 0, op: "count", recipe: try recipeDigest(recipe),
            execution: execution, outcome: .executed), to: run)
        try ledger.appendMetrics(
          (0..<5).map { MetricPoint(series: "x", step: $0, value: 0.5) }, to: execution)
        try ledger.endExecution(execution, ExecutionEnd(ending: .done, result: sampleResult()))
        try ledger.endRun(run, RunEnd(ending: .done))
        try ledger.tag("best", Subject(.run, run))
        try ledger.note("text", on: Subject(.run, run))
        #expect(try ledger.verify() == [])
      }
      try body(path)
    }
  }

  /// Tables with the columns of their triggers' names.
  private static let tables = [
    "journal", "recipe", "input", "result", "output", "score", "run", "run_end", "execution",
    "execution_end", "run_stage", "series", "batch", "point", "tag", "note",
  ]

  @Test(arguments: tables) func `no row can be changed or deleted`(table: String) throws {
    try withSample { path in
      #expect(try sqlite3(path, "DELETE FROM \(table)").contains("append-only"))
      let column = try sqlite3(path, "SELECT name FROM pragma_table_info('\(table)') LIMIT 1")
        .split(separator: "\n")[0]
      #expect(
        try sqlite3(path, "UPDATE \(table) SET \(column) = \(column)").contains("append-only"))
    }
  }

  @Test func `the journal takes no row in the middle`() throws {
    try withSample { path in
      let row = "SELECT 1, kind, digest, body, hash FROM journal WHERE seq = 1"
      let error = #expect(throws: LedgerError.self) {
        try Database(path, .writing).script("INSERT OR REPLACE INTO journal \(row)")
      }
      #expect(error?.message.contains("only grows") == true)
    }
  }

  /// Drops the guards, runs a change, puts the guards back; gives what verify says.
  private func tamper(_ table: String, _ change: String) throws -> [Damage] {
    var damages: [Damage] = []
    try withSample { path in
      let guards = [
        "\(table)_keeps_values", "\(table)_keeps_rows",
        "journal_only_grows", "batch_precedes_end",
      ]
      let saved = try guards.map { try sqlite3(path, Self.triggerText($0)) }
      let drops = guards.map { "DROP TRIGGER \($0);" }.joined()
      let database = try Database(path, .writing)
      try database.script("PRAGMA foreign_keys = OFF;" + drops + change)
      for sql in saved { try database.script(sql) }
      damages = try Ledger(readingAt: path).verify()
    }
    return damages
  }

  private static func triggerText(_ name: String) -> String {
    "SELECT sql FROM sqlite_schema WHERE name = '\(name)'"
  }

  /// Every column of every table, changed to something of its type.
  private static let columns: [(table: String, column: String, change: String)] = [
    ("journal", "kind", "'tag'"), ("journal", "digest", "replace(digest, ':', ':0')"),
    ("journal", "body", "replace(body, '1', '2')"), ("journal", "hash", "digest"),
    ("recipe", "digest", "digest || 'x'"), ("recipe", "op", "'other'"),
    ("recipe", "revision", "7"), ("input", "kind", "'tree'"),
    ("input", "port", "'p'"), ("input", "position", "3"), ("input", "artifact", "artifact || 'x'"),
    ("result", "digest", "digest || 'x'"), ("output", "port", "port || 'x'"),
    ("output", "kind", "CASE kind WHEN 'file' THEN 'tree' ELSE 'file' END"),
    ("output", "artifact", "'x'"), ("score", "value", "0.75"), ("score", "bits", "5"),
    ("score", "standard_error", "0.5"), ("score", "count", "5"), ("score", "name", "name || 'x'"),
    ("score", "higher_is_better", "0"), ("run", "number", "5"), ("run", "digest", "'x'"),
    ("run", "experiment", "'x'"), ("run", "profile", "NULL"), ("run", "purpose", "'audit'"),
    ("run", "parent", "'x'"), ("run", "started", "1"), ("run_end", "ending", "'failed'"),
    ("run_end", "ended", "1"), ("run_end", "seq", "1"), ("execution", "digest", "'x'"),
    ("execution", "recipe", "NULL + 5"), ("execution", "run", "NULL"),
    ("execution", "stage", "'x'"),
    ("execution", "purpose", "'audit'"), ("execution", "started", "1"),
    ("execution_end", "ended", "1"), ("execution_end", "seq", "1"), ("run_stage", "stage", "'x'"),
    ("run_stage", "position", "4"), ("run_stage", "op", "'x'"), ("run_stage", "recipe", "'x'"),
    ("run_stage", "outcome", "'hit'"), ("series", "name", "'y'"), ("batch", "first", "2"),
    ("batch", "count", "4"), ("point", "step", "step + 1"), ("point", "value", "value + 1e-9"),
    ("tag", "name", "'x'"), ("tag", "kind", "'result'"), ("tag", "subject", "'x'"),
    ("tag", "time", "1"), ("note", "kind", "'result'"), ("note", "subject", "'x'"),
    ("note", "text", "'x'"), ("note", "time", "1"),
  ].filter { $0.2 != "NULL + 5" }

  @Test(arguments: columns)
  func `a changed value is found and named`(
    change: (table: String, column: String, change: String)
  ) throws {
    let (table, column, value) = change
    let key = try keyed(table)
    let damages = try tamper(
      table,
      "UPDATE \(table) SET \(column) = \(value) WHERE \(key) = (SELECT max(\(key)) FROM \(table))")
    #expect(damages.contains { $0.place.hasPrefix(table) }, "\(damages)")
  }

  private func keyed(_ table: String) throws -> String {
    switch table {
    case "input": "recipe"
    case "output", "score": "result"
    case "run_end": "run"
    case "execution_end": "execution"
    case "series", "point": "id"
    default: "seq"
    }
  }

  @Test(arguments: tables) func `a deleted row is found and named`(table: String) throws {
    let key = try keyed(table)
    let row = table == "point" ? "3" : "(SELECT max(\(key)) FROM \(table))"
    // The journal's last row is missed by its projection, others by themselves.
    let place = table == "journal" ? "note" : table
    let damages = try tamper(table, "DELETE FROM \(table) WHERE \(key) = \(row)")
    #expect(damages.contains { $0.place.hasPrefix(place) }, "\(damages)")
  }

  @Test(arguments: [
    ("tag", "INSERT INTO tag VALUES (3, 'evil', 'run', 'sha256:00', 1)"),
    ("point", "INSERT INTO point VALUES (6, 1, 9, 0.5, NULL)"),
    ("output", "INSERT INTO output SELECT result, 'evil', 'file', artifact FROM output LIMIT 1"),
    ("journal", "INSERT INTO journal SELECT max(seq) + 1, 'odd', 'x', '{}', 'y' FROM journal"),
  ]) func `an added row is found and named`(table: String, sql: String) throws {
    let damages = try tamper(table, sql)
    #expect(damages.contains { $0.place.hasPrefix(table) }, "\(damages)")
  }

  @Test func `a missing trigger is found`() throws {
    try withSample { path in
      try sqlite3(path, "DROP TRIGGER tag_keeps_values")
      let damages = try Ledger(readingAt: path).verify()
      #expect(damages.map(\.place) == ["schema trigger tag_keeps_values"])
    }
  }

  @Test func `SQL that would write is refused`() throws {
    try withLedger { ledger in
      for sql in [
        "DELETE FROM journal", "PRAGMA query_only = OFF", "CREATE TABLE x (y)",
        "ATTACH ':memory:' AS other", "SELECT 1; SELECT 2", "", "VACUUM",
        "WITH x AS (SELECT 1) INSERT INTO tag SELECT 1, 'x', NULL, NULL, 2 FROM x",
      ] {
        #expect(throws: LedgerError.self, "\(sql)") { try ledger.select(sql) }
      }
      let rows = try ledger.select("VALUES (1, 'x');").rows
      #expect(rows == [[.integer(1), .text("x")]])
    }
  }

  @Test func `an SQL error carries the SQL`() throws {
    try withLedger { ledger in
      let error = #expect(throws: LedgerError.self) { try ledger.select("SELECT none") }
      #expect(error?.sql == "SELECT none")
      #expect(error?.message.contains("no such column") == true, "\(error)")
    }
  }

  @Test func `views show parameters by their path`() throws {
    try withSample { path in
      let rows = try Ledger(readingAt: path).select(
        "SELECT path, value FROM run_parameters WHERE stage = 'a' ORDER BY path"
      ).rows
      #expect(
        rows == [
          [.text("empty"), .text("{}")], [.text("model.layers"), .integer(4)],
          [.text("model.names[0]"), .text("x")], [.text("model.names[1]"), .text("y")],
          [.text("n"), .integer(1)],
        ])
    }
  }

  @Test(arguments: [
    "runs", "stage_executions", "run_stages", "run_scores", "parameters", "run_parameters",
    "metrics", "outputs", "inputs", "tags", "tag_history", "notes", "records", "journal",
  ]) func `the sqlite3 shell reads every view`(view: String) throws {
    try withSample { path in
      let count = try sqlite3(path, "SELECT count(*) > 0 FROM (SELECT * FROM \(view))")
      #expect(count == "1\n")
    }
  }
}
