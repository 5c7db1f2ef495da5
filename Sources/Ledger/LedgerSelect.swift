import CSQLite

extension Ledger {
  /// Runs one read-only statement on the documented views and tables.
  package func select(_ sql: String) throws(LedgerError) -> SQLTable {
    // A connection of its own, which cannot write whatever the statement says.
    let database = try LedgerFile.openReading(path)
    sqlite3_limit(database.handle, SQLITE_LIMIT_ATTACHED, 0)
    let statement = try Statement(sql, on: database.handle)
    guard sqlite3_stmt_readonly(statement.pointer) != 0, statement.columnCount > 0,
      !sql.isPragma
    else {
      throw LedgerError(
        .refused, "only statements that read are allowed (SELECT, WITH, VALUES, EXPLAIN)", sql: sql)
    }
    var table = SQLTable(
      columns: (0..<statement.columnCount).map(statement.columnName), rows: [])
    while try statement.step() { table.rows.append(statement.row.values()) }
    return table
  }
}

extension String {
  /// A PRAGMA could lift `query_only`.
  fileprivate var isPragma: Bool {
    drop { $0.isWhitespace || $0 == ";" }.prefix(6).lowercased() == "pragma"
  }
}
