import CSQLite

/// SQLite copies what is bound to it (`SQLITE_TRANSIENT`, a macro that Swift cannot see).
let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

/// A prepared statement. Used by one thread at a time: whoever holds the database's lock.
final class Statement {
  let pointer: OpaquePointer
  let sql: String
  private let database: OpaquePointer

  /// Prepares the one statement in `sql`.
  init(_ sql: String, on database: OpaquePointer) throws(LedgerError) {
    var pointer: OpaquePointer?
    var rest = ""
    let code = sql.withCString { text -> Int32 in
      var tail: UnsafePointer<CChar>?
      let code = sqlite3_prepare_v3(database, text, -1, 0, &pointer, &tail)
      if let tail { rest = String(cString: tail) }
      return code
    }
    guard code == SQLITE_OK else { throw LedgerError(code, on: database, sql: sql) }
    guard let pointer else { throw LedgerError(.refused, "the statement is empty", sql: sql) }
    guard rest.allSatisfy({ $0.isWhitespace || $0 == ";" }) else {
      sqlite3_finalize(pointer)
      throw LedgerError(.refused, "only one statement at a time is allowed", sql: sql)
    }
    self.pointer = pointer
    self.sql = sql
    self.database = database
  }

  deinit { sqlite3_finalize(pointer) }

  /// Binds a value to the parameter of this number, from 1.
  func bind(_ value: SQLValue, at index: Int32) throws(LedgerError) {
    let code =
      switch value {
      case .null: sqlite3_bind_null(pointer, index)
      case .integer(let integer): sqlite3_bind_int64(pointer, index, Int64(integer))
      case .real(let real): sqlite3_bind_double(pointer, index, real)
      case .text(let text): bind(text, at: index)
      case .blob(let bytes):
        sqlite3_bind_blob64(pointer, index, bytes, UInt64(bytes.count), transient)
      }
    if code != SQLITE_OK { throw LedgerError(code, on: database, sql: sql) }
  }

  private func bind(_ text: String, at index: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        sqlite3_bind_text64(
          pointer, index, $0.baseAddress, UInt64($0.count), transient, UInt8(SQLITE_UTF8))
      }
    }
  }

  /// Goes to the next row; false after the last.
  func step() throws(LedgerError) -> Bool {
    switch sqlite3_step(pointer) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw LedgerError(code, on: database, sql: sql)
    }
  }

  /// Makes the statement ready for other values.
  func reset() {
    sqlite3_reset(pointer)
    sqlite3_clear_bindings(pointer)
  }

  var columnCount: Int { Int(sqlite3_column_count(pointer)) }

  func columnName(_ index: Int) -> String {
    sqlite3_column_name(pointer, Int32(index)).map { String(cString: $0) } ?? ""
  }

  /// The row that the last `step` reached.
  var row: Row { Row(pointer: pointer) }
}

/// The current row of a statement; valid until the next step.
struct Row {
  let pointer: OpaquePointer

  func isNull(_ index: Int32) -> Bool { sqlite3_column_type(pointer, index) == SQLITE_NULL }
  func integer(_ index: Int32) -> Int { Int(sqlite3_column_int64(pointer, index)) }
  func real(_ index: Int32) -> Double { sqlite3_column_double(pointer, index) }

  func text(_ index: Int32) -> String {
    guard let bytes = sqlite3_column_text(pointer, index) else { return "" }
    let count = Int(sqlite3_column_bytes(pointer, index))
    return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
  }

  func optionalText(_ index: Int32) -> String? { isNull(index) ? nil : text(index) }
  func optionalInteger(_ index: Int32) -> Int? { isNull(index) ? nil : integer(index) }

  func value(_ index: Int32) -> SQLValue {
    switch sqlite3_column_type(pointer, index) {
    case SQLITE_INTEGER: .integer(integer(index))
    case SQLITE_FLOAT: .real(real(index))
    case SQLITE_TEXT: .text(text(index))
    case SQLITE_BLOB: .blob(bytes(index))
    default: .null
    }
  }

  func values() -> [SQLValue] { (0..<sqlite3_column_count(pointer)).map(value) }

  private func bytes(_ index: Int32) -> [UInt8] {
    guard let start = sqlite3_column_blob(pointer, index) else { return [] }
    let count = Int(sqlite3_column_bytes(pointer, index))
    return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
  }
}
