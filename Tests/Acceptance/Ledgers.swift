import CSQLite
import Testing

/// Changes a ledger file as anyone with an SQLite client could.
enum Ledgers {
  /// Drops the triggers that stand in the way, sets a column, and gives how many rows changed.
  static func edit(_ path: String, table: String, column: String, to value: String) throws -> Int {
    var handle: OpaquePointer?
    try #require(sqlite3_open(path, &handle) == SQLITE_OK)
    defer { sqlite3_close(handle) }
    for name in triggers(handle) { sqlite3_exec(handle, "DROP TRIGGER \"\(name)\"", nil, nil, nil) }
    let sql = "UPDATE \(table) SET \(column) = \(value)"
    try #require(
      sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK,
      "\(String(cString: sqlite3_errmsg(handle)))")
    return Int(sqlite3_changes(handle))
  }

  private static func triggers(_ handle: OpaquePointer?) -> [String] {
    var statement: OpaquePointer?
    sqlite3_prepare_v2(
      handle, "SELECT name FROM sqlite_schema WHERE type = 'trigger'", -1, &statement, nil)
    defer { sqlite3_finalize(statement) }
    var names: [String] = []
    while sqlite3_step(statement) == SQLITE_ROW {
      names.append(String(cString: sqlite3_column_text(statement, 0)))
    }
    return names
  }
}
