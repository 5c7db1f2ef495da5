package import ContentStore

extension Ledger {
  package func execution(_ id: Digest) throws(LedgerError) -> RecordedExecution? {
    try executions(where: "execution.digest = ?", id).first
  }

  /// Executions that a run started, in order of their start.
  package func executions(ofRun run: Digest) throws(LedgerError) -> [RecordedExecution] {
    try executions(where: "execution.run = (SELECT seq FROM run WHERE digest = ?)", run)
  }

  /// Executions of a recipe, in order of their start.
  package func executions(ofRecipe recipe: Digest) throws(LedgerError) -> [RecordedExecution] {
    try executions(where: "execution.recipe = (SELECT seq FROM recipe WHERE digest = ?)", recipe)
  }

  private func executions(
    where condition: String, _ key: Digest
  ) throws(LedgerError) -> [RecordedExecution] {
    try read { (database) throws(LedgerError) in
      let reader = RecordReader(database)
      return try database.query(
        """
        SELECT execution.digest, beginning.body, finish.body
        FROM execution JOIN journal AS beginning ON beginning.seq = execution.seq
          LEFT JOIN execution_end ON execution_end.execution = execution.seq
          LEFT JOIN journal AS finish ON finish.seq = execution_end.seq
        WHERE \(condition) ORDER BY execution.seq
        """, key.description
      ) { (row) throws(LedgerError) in
        try recordedExecution(row.text(0), row.text(1), row.optionalText(2), reader)
      }
    }
  }

  private func recordedExecution(
    _ id: String, _ beginning: String, _ finish: String?, _ reader: RecordReader
  ) throws(LedgerError) -> RecordedExecution {
    let json = try reader.parse(beginning, id)
    guard let start = try ExecutionStart(json: json, record: reader.record),
      let recipe = json["recipe"]?.digestValue,
      let environment = json["environment"]?.digestValue
    else { throw malformed("execution", id) }
    var execution = RecordedExecution(
      id: try digest(id), recipe: recipe, start: start, end: nil, result: nil,
      environment: environment, code: json["code"]?.digestValue)
    if let finish {
      let json = try reader.parse(finish, id)
      guard let end = try ExecutionEnd(json: json, record: reader.record) else {
        throw malformed("execution-end", id)
      }
      execution.end = end
      execution.result = json["result"]?.digestValue
    }
    return execution
  }

  /// Every distinct result of a recipe, first recorded first. A hit is answered with the first.
  package func results(ofRecipe recipe: Digest) throws(LedgerError) -> [RecordedResult] {
    try read { (database) throws(LedgerError) in try database.results(ofRecipe: recipe) }
  }

  /// The finding about a recipe, if it gave different results.
  package func findings(ofRecipe recipe: Digest) throws(LedgerError) -> [Finding] {
    let results = try results(ofRecipe: recipe)
    guard results.count > 1, let used = try execution(results[0].executions[0]) else { return [] }
    let (op, stage) = (used.start.recipe.op, used.start.stage)
    return [Finding(recipe: recipe, op: op, stage: stage, results: results)]
  }

  /// All recipes with different results, in order of their first result.
  package func findings() throws(LedgerError) -> [Finding] {
    let recipes = try read { (database) throws(LedgerError) in
      try database.query(
        "SELECT recipe FROM findings GROUP BY recipe ORDER BY min(first_seq)"
      ) { (row) throws(LedgerError) in try digest(row.text(0)) }
    }
    var findings: [Finding] = []
    for recipe in recipes { findings += try self.findings(ofRecipe: recipe) }
    return findings
  }

  /// Scores of all stages of a run: stages in topological order, names sorted.
  package func scores(ofRun run: Digest) throws(LedgerError) -> [StageScore] {
    try read { (database) throws(LedgerError) in
      try database.query(
        """
        SELECT run_stage.stage, name, value, bits, standard_error, count, higher_is_better
        FROM run_stage JOIN execution_end ON execution_end.execution = run_stage.execution
          JOIN score ON score.result = execution_end.result
        WHERE run_stage.run = (SELECT seq FROM run WHERE digest = ?)
        ORDER BY position, name
        """, run.description
      ) { row in
        StageScore(
          stage: row.text(0), name: row.text(1),
          score: Score(
            exactDouble(row, value: 2, bits: 3),
            standardError: row.isNull(4) ? nil : row.real(4), count: row.optionalInteger(5),
            higherIsBetter: row.optionalInteger(6).map { $0 != 0 }))
      }
    }
  }
}

extension Database {
  /// The hot lookup: one indexed query.
  fileprivate func results(ofRecipe recipe: Digest) throws(LedgerError) -> [RecordedResult] {
    let reader = RecordReader(self)
    var results: [RecordedResult] = []
    try with(
      """
      SELECT result.digest, journal.body, execution.digest
      FROM execution JOIN execution_end ON execution_end.execution = execution.seq
        JOIN result ON result.seq = execution_end.result JOIN journal ON journal.seq = result.seq
      WHERE execution.recipe = (SELECT seq FROM recipe WHERE digest = ?)
      ORDER BY execution_end.seq
      """, [recipe.description]
    ) { (statement) throws(LedgerError) in
      while try statement.step() {
        let row = statement.row
        let (name, execution) = (try digest(row.text(0)), try digest(row.text(2)))
        if let index = results.firstIndex(where: { $0.digest == name }) {
          results[index].executions.append(execution)
          continue
        }
        guard let result = StageResult(json: try reader.parse(row.text(1), row.text(0))) else {
          throw malformed("result", row.text(0))
        }
        results.append(RecordedResult(digest: name, result: result, executions: [execution]))
      }
    }
    return results
  }
}
