package import ContentStore

extension Ledger {
  /// The done executions whose result holds an artifact, in order of their start.
  package func productions(of artifact: Digest) throws(LedgerError) -> [Production] {
    try read { (database) throws(LedgerError) in
      try database.query(
        """
        SELECT execution.digest, recipe.digest, result.digest, run.digest, execution.stage,
          recipe.op, output.port, output.kind
        FROM output JOIN result ON result.seq = output.result
          JOIN execution_end ON execution_end.result = output.result
          JOIN execution ON execution.seq = execution_end.execution
          JOIN recipe ON recipe.seq = execution.recipe
          LEFT JOIN run ON run.seq = execution.run
        WHERE output.artifact = ? ORDER BY execution.seq, output.port
        """, artifact.description
      ) { (row) throws(LedgerError) in
        Production(
          execution: try digest(row.text(0)), recipe: try digest(row.text(1)),
          result: try digest(row.text(2)), run: row.optionalText(3).flatMap(Digest.init),
          stage: row.text(4), op: row.text(5), port: row.text(6),
          artifact: Artifact(row.text(7) == "tree" ? .tree : .file, artifact))
      }
    }
  }

  /// The executions of branches that started from a snapshot of an execution, and the snapshots' steps, in the order of
  /// the runs. An execution that answers several runs counts for each.
  package func branches(
    from execution: Digest
  ) throws(LedgerError) -> [(execution: Digest, step: Int)] {
    try read { (database) throws(LedgerError) in
      try database.query(
        """
        SELECT answer.digest, min(journal.body ->> '$.parent.step')
        FROM execution AS maker JOIN run_stage AS made ON made.execution = maker.seq
          JOIN run AS parent ON parent.seq = made.run
          JOIN run AS branch ON branch.parent = parent.digest
          JOIN journal ON journal.seq = branch.seq
          JOIN run_stage AS own ON own.run = branch.seq AND own.stage = made.stage
          JOIN execution AS answer ON answer.seq = own.execution
        WHERE maker.digest = ? AND journal.body ->> '$.parent.stage' = made.stage
          AND journal.body ->> '$.parent.step' IS NOT NULL
        GROUP BY answer.seq ORDER BY min(branch.seq)
        """, execution.description
      ) { (row) throws(LedgerError) in (try digest(row.text(0)), row.integer(1)) }
    }
  }

  /// The recipes that take an artifact, in the order they were first recorded.
  package func consumptions(of artifact: Digest) throws(LedgerError) -> [Consumption] {
    try read { (database) throws(LedgerError) in
      try database.query(
        """
        SELECT recipe.digest, recipe.op, port, position, kind
        FROM input JOIN recipe ON recipe.seq = input.recipe
        WHERE artifact = ? ORDER BY recipe.seq, port, position
        """, artifact.description
      ) { (row) throws(LedgerError) in
        Consumption(
          recipe: try digest(row.text(0)), op: row.text(1), port: row.text(2),
          position: row.integer(3),
          artifact: Artifact(row.text(4) == "tree" ? .tree : .file, artifact))
      }
    }
  }
}
