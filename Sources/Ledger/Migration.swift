/// One step from a version of the schema to the next.
struct Migration: Sendable {
  /// The version (`PRAGMA user_version`) after it; the first is 1.
  let version: Int
  let sql: String
}

extension Database {
  var userVersion: Int {
    get throws(LedgerError) {
      try first("PRAGMA user_version") { (row) in row.integer(0) } ?? 0
    }
  }

  /// Brings the schema up to the last migration, each in a transaction of its own. Another process
  /// may do the same at the same time: every step looks at the version under the write lock.
  func migrate(_ migrations: [Migration]) throws(LedgerError) {
    for migration in migrations where try userVersion < migration.version {
      try transaction { () throws(LedgerError) in
        guard try userVersion == migration.version - 1 else { return }
        try script(migration.sql)
        try script("PRAGMA user_version = \(migration.version)")
      }
    }
  }
}
