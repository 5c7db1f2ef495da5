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
