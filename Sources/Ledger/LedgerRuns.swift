package import ContentStore

extension Ledger {
  package func run(_ id: Digest) throws(LedgerError) -> RecordedRun? {
    try read { (database) throws(LedgerError) in
      let row = try database.first(
        """
        SELECT run.number, journal.body, run_end.ending, run_end.ended
        FROM run JOIN journal USING (seq) LEFT JOIN run_end ON run_end.run = run.seq
        WHERE run.digest = ?
        """, id.description
      ) { ($0.integer(0), $0.text(1), runEnd($0, 2)) }
      guard let (number, body, end) = row else { return nil }
      return try recordedRun(id, number, body, end, RecordReader(database))
    }
  }

  private func recordedRun(
    _ id: Digest, _ number: Int, _ body: String, _ end: RunEnd?, _ reader: RecordReader
  ) throws(LedgerError) -> RecordedRun {
    let json = try reader.parse(body, id.description)
    guard let start = try RunStart(json: json, record: reader.record),
      let environment = json["environment"]?.digestValue
    else { throw malformed("run", id.description) }
    return RecordedRun(
      id: id, number: number, start: start, end: end, environment: environment,
      code: json["code"]?.digestValue)
  }

  /// The run of a small number, as `exp log` prints it.
  package func run(number: Int) throws(LedgerError) -> Digest? {
    try read { (database) throws(LedgerError) in
      try database.first("SELECT digest FROM run WHERE number = ?", number) {
        (row) throws(LedgerError) in try digest(row.text(0))
      }
    }
  }

  /// Runs, newest first.
  package func runs(
    _ filter: RunFilter = RunFilter(), limit: Int = 20
  ) throws(LedgerError) -> [RunSummary] {
    if let condition = filter.condition { try checkCondition(condition) }
    let purposes = filter.purposes.map { JSON.strings($0.map(\.rawValue).sorted()) }
    let list = (try? purposes?.canonicalText()) ?? nil
    return try read { (database) throws(LedgerError) in
      try database.query(
        """
        SELECT run, number, experiment, profile, purpose, parent, started_us,
          CASE status WHEN 'running' THEN NULL ELSE status END, ended_us,
          planned, executed, hits, failed, done, replicate_of, replicate
        FROM runs
        WHERE (?1 IS NULL OR experiment = ?1)
          AND (\(filter.includesReplicates ? "1" : "replicate IS NULL"))
          AND (?2 IS NULL OR purpose IN (SELECT value FROM json_each(?2)))
          AND (\(filter.condition ?? "1")\n)
        ORDER BY number DESC LIMIT ?3 OFFSET ?4
        """, filter.experiment, list, limit, filter.offset, map: summary)
    }
  }

  /// A condition must be one expression by itself, so that nothing can close our parenthesis.
  private func checkCondition(_ condition: String) throws(LedgerError) {
    _ = try select("SELECT 1 FROM runs WHERE \(condition)\n LIMIT 0")
    _ = try select("SELECT 1 FROM runs WHERE (\(condition)\n) LIMIT 0")
  }

  private func summary(_ row: Row) throws(LedgerError) -> RunSummary {
    guard let purpose = Purpose(rawValue: row.text(4)) else { throw malformed("run", row.text(0)) }
    return RunSummary(
      id: try digest(row.text(0)), number: row.integer(1), experiment: row.text(2),
      profile: row.optionalText(3), purpose: purpose,
      parent: row.optionalText(5).flatMap(Digest.init),
      replicate: row.optionalText(14).flatMap(Digest.init).map {
        Replicate(of: $0, number: row.integer(15))
      },
      started: Timestamp(microseconds: row.integer(6)), end: runEnd(row, 7),
      planned: row.integer(9), executed: row.integer(10), hits: row.integer(11),
      failed: row.integer(12), done: row.integer(13))
  }

  /// The replicates of a run that ended well, by number; the newest of each.
  package func replicates(of run: Digest) throws(LedgerError) -> [Digest] {
    try read { (database) throws(LedgerError) in
      try database.query(
        """
        SELECT run FROM runs WHERE replicate_of = ?1 AND status = 'done'
          AND number = (SELECT max(number) FROM runs AS other WHERE other.replicate_of = ?1
            AND other.replicate = runs.replicate AND other.status = 'done')
        ORDER BY replicate
        """, run.description
      ) { (row) throws(LedgerError) in try digest(row.text(0)) }
    }
  }

  private func runEnd(_ row: Row, _ column: Int32) -> RunEnd? {
    row.optionalText(column).flatMap(Ending.init).map {
      RunEnd(ending: $0, ended: Timestamp(microseconds: row.integer(column + 1)))
    }
  }

  /// The names of all experiments that ran, sorted.
  package func experiments() throws(LedgerError) -> [String] {
    try read { (database) throws(LedgerError) in
      try database.query("SELECT DISTINCT experiment FROM run ORDER BY experiment") { $0.text(0) }
    }
  }

  /// The recorded stages of a run in topological order.
  package func stages(ofRun run: Digest) throws(LedgerError) -> [RunStage] {
    try read { (database) throws(LedgerError) in
      let reader = RecordReader(database)
      return try database.query(
        """
        SELECT journal.digest, body FROM run_stage JOIN journal USING (seq)
        WHERE run = (SELECT seq FROM run WHERE digest = ?) ORDER BY position
        """, run.description
      ) { (row) throws(LedgerError) in
        guard let stage = RunStage(json: try reader.parse(row.text(1), row.text(0))) else {
          throw malformed("run-stage", row.text(0))
        }
        return stage
      }
    }
  }

  /// The newest finished (`done`) run with the same experiment, profile and overrides in which the
  /// stages had exactly these recipes, by stage name.
  package func finishedRun(
    experiment: String, profile: String?, overrides: [String], recipes: [String: Digest]
  ) throws(LedgerError) -> Digest? {
    let written = try? JSON.strings(overrides).canonicalText()
    return try read { (database) throws(LedgerError) in
      // One row per run, read until one fits; the newest nearly always does.
      try database.with(
        """
        SELECT run.digest, run.seq FROM run JOIN run_end ON run_end.run = run.seq
          JOIN journal ON journal.seq = run.seq
        WHERE experiment = ? AND profile IS ? AND ending = 'done'
          AND purpose IN ('run', 'branch') AND body -> '$.overrides' = ?
        ORDER BY number DESC
        """, [experiment, profile, written]
      ) { (statement) throws(LedgerError) in
        while try statement.step() {
          let row = statement.row
          if try database.recipes(ofRun: row.integer(1)) == recipes {
            return try digest(row.text(0))
          }
        }
        return nil
      }
    }
  }
}

extension Database {
  /// The recipe of each answered stage, by name.
  fileprivate func recipes(ofRun seq: Int) throws(LedgerError) -> [String: Digest] {
    let rows = try query(
      "SELECT stage, recipe FROM run_stage WHERE run = ? AND execution IS NOT NULL", seq
    ) { (row) throws(LedgerError) in (row.text(0), try digest(row.text(1))) }
    return Dictionary(uniqueKeysWithValues: rows)
  }
}
