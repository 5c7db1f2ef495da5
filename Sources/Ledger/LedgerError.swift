import CSQLite

/// What went wrong with the ledger: what, where, and what to do.
package struct LedgerError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Kind: Hashable, Sendable {
    /// There is no ledger at this path.
    case missing
    /// The file is no ledger, or what it holds contradicts itself. Exit status 3.
    case damaged
    /// Written by a newer `exp` than this one.
    case newer
    /// The folder or file cannot be written.
    case readOnly
    /// Another program has held the write lock for longer than we are willing to wait.
    case busy
    /// The disk is full (SQLITE_FULL, ENOSPC).
    case full
    /// A statement that `select` does not allow, or a record that contradicts what is recorded.
    case refused
    /// Any other answer of SQLite: its extended result code.
    case sqlite(Int32)
  }

  package var kind: Kind
  package var message: String
  /// The SQL that failed, when there was one.
  package var sql: String?

  package init(_ kind: Kind, _ message: String, sql: String? = nil) {
    self.kind = kind
    self.message = message
    self.sql = sql
  }

  package var description: String {
    sql.map { "\(message) (in: \($0))" } ?? message
  }
}

extension LedgerError {
  /// The error behind a SQLite result code.
  init(_ code: Int32, on database: OpaquePointer, sql: String?) {
    let path = sqlite3_db_filename(database, "main").map { String(cString: $0) } ?? ""
    let place = path.isEmpty ? "the ledger" : "the ledger \(path)"
    let detail = String(cString: sqlite3_errmsg(database))
    switch code & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED:
      self.init(
        .busy,
        "\(place) is held by another program's open transaction; end it there (an sqlite3 shell?) "
          + "and try again")
    case SQLITE_FULL:
      self.init(.full, "the disk is full: \(place) cannot grow; free some space and try again")
    case SQLITE_READONLY, SQLITE_PERM:
      self.init(.readOnly, "\(place) cannot be written: \(detail)")
    case SQLITE_CORRUPT, SQLITE_NOTADB:
      self.init(
        .damaged,
        "\(place) is damaged or no ledger: \(detail); restore it from a copy", sql: sql)
    case SQLITE_CONSTRAINT:
      self.init(.refused, "\(place) does not take this record: \(detail)", sql: sql)
    default: self.init(.sqlite(code), "\(place): \(detail)", sql: sql)
    }
  }
}
