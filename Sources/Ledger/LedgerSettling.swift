package import ContentStore

/// A run or execution without an end.
package struct Unfinished: Hashable, Sendable {
  /// Of kind `run` or `execution`.
  package var subject: Subject
  package var process: ProcessIdentity
  package var started: Timestamp
  /// The run an execution belongs to.
  package var run: Digest?
}

extension Ledger {
  /// Runs and executions without an end: executions first.
  package func unfinished() throws(LedgerError) -> [Unfinished] {
    try read { (database) throws(LedgerError) in
      if try database.allHaveEnded { return [] }
      let reader = RecordReader(database)
      return try database.query(
        """
        SELECT journal.kind, journal.digest, body, started
        FROM execution JOIN journal USING (seq)
        WHERE NOT EXISTS (SELECT 1 FROM execution_end WHERE execution = execution.seq)
        UNION ALL
        SELECT journal.kind, journal.digest, body, started FROM run JOIN journal USING (seq)
        WHERE NOT EXISTS (SELECT 1 FROM run_end WHERE run = run.seq)
        """
      ) { (row) throws(LedgerError) in
        let json = try reader.parse(row.text(2), row.text(1))
        guard let kind = Subject.Kind(rawValue: row.text(0)),
          let process = json["process"].flatMap(ProcessIdentity.init)
        else { throw malformed(row.text(0), row.text(1)) }
        return Unfinished(
          subject: Subject(kind, try digest(row.text(1))), process: process,
          started: Timestamp(microseconds: row.integer(3)), run: json["run"]?.digestValue)
      }
    }
  }

  /// Ends as `killed` every unfinished run and execution whose process is gone. `isAlive` is asked
  /// outside any transaction. Gives what it ended.
  @discardableResult
  package func settle(
    isAlive: (Unfinished) -> Bool = { $0.process.isRunning }
  ) throws(LedgerError) -> [Unfinished] {
    let gone = try unfinished().filter { !isAlive($0) }
    guard !gone.isEmpty else { return [] }
    return try write { (writer) throws(LedgerError) in
      var settled: [Unfinished] = []
      for item in gone where try writer.isUnfinished(item.subject) {
        try writer.kill(item)
        settled.append(item)
      }
      return settled
    }
  }
}

extension Database {
  /// The common case, answered by counting: every end belongs to one start.
  fileprivate var allHaveEnded: Bool {
    get throws(LedgerError) {
      try first(
        """
        SELECT (SELECT count(*) FROM execution) = (SELECT count(*) FROM execution_end)
          AND (SELECT count(*) FROM run) = (SELECT count(*) FROM run_end)
        """
      ) { $0.integer(0) == 1 } ?? false
    }
  }
}

extension LedgerWriter {
  /// Whether no other process has ended it in the meantime.
  fileprivate func isUnfinished(_ subject: Subject) throws(LedgerError) -> Bool {
    let table = subject.kind == .run ? "run" : "execution"
    return try database.first(
      """
      SELECT 1 FROM \(table)
      WHERE digest = ? AND NOT EXISTS (SELECT 1 FROM \(table)_end WHERE \(table) = \(table).seq)
      """, subject.digest.description
    ) { _ in true } ?? false
  }

  fileprivate mutating func kill(_ item: Unfinished) throws(LedgerError) {
    if item.subject.kind == .run {
      try endRun(item.subject.digest, RunEnd(ending: .killed))
    } else {
      let error = "its process (\(item.process.pid)) went away without a word"
      try endExecution(item.subject.digest, ExecutionEnd(ending: .killed, error: error))
    }
  }
}
