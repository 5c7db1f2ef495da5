import CSQLite
import Glibc

/// A connection to one SQLite file. Used by one thread at a time: whoever holds the ledger's lock.
final class Database {
  enum Mode {
    /// Reading and writing an existing file.
    case writing
    /// Making a new file.
    case creating
    case reading
    /// Reading a file that nobody writes and beside which nothing can be made.
    case readingImmutable
  }

  let handle: OpaquePointer
  let path: String
  private var prepared: [String: Statement] = [:]

  /// Opens `path`, or `:memory:` for a database of its own.
  init(_ path: String, _ mode: Mode) throws(LedgerError) {
    var handle: OpaquePointer?
    let flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | mode.flags
    let code = sqlite3_open_v2(Self.uri(path, mode), &handle, flags, nil)
    guard let handle else { throw LedgerError(.sqlite(code), "out of memory") }
    guard code == SQLITE_OK else {
      let error = LedgerError(code, on: handle, sql: nil)
      sqlite3_close_v2(handle)
      throw error
    }
    self.handle = handle
    self.path = path
    sqlite3_busy_handler(handle, waitForOthers, nil)
    registerFunctions(on: handle)
    try script(
      "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA recursive_triggers = ON;")
  }

  deinit {
    prepared = [:]
    sqlite3_close_v2(handle)
  }

  /// The `file:` name under which SQLite opens a path.
  static func uri(_ path: String, _ mode: Mode) -> String {
    if path == ":memory:" { return path }
    let safe = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)
    let hex = Array("0123456789ABCDEF")
    var uri = "file:"
    for byte in path.utf8 {
      uri +=
        safe.contains(byte)
        ? String(Unicode.Scalar(byte)) : "%\(hex[Int(byte >> 4)])\(hex[Int(byte & 15)])"
    }
    return mode == .readingImmutable ? uri + "?immutable=1" : uri
  }

  /// Runs statements without values or rows.
  func script(_ sql: String) throws(LedgerError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    if code != SQLITE_OK { throw LedgerError(code, on: handle, sql: sql) }
  }

  /// Runs a statement to its end and drops its rows.
  func run(_ sql: String, _ values: any SQLBindable...) throws(LedgerError) {
    try with(sql, values) { (statement) throws(LedgerError) in
      while try statement.step() {}
    }
  }

  /// Runs a query and maps its rows.
  func query<Value>(
    _ sql: String, _ values: any SQLBindable...,
    map: (Row) throws(LedgerError) -> Value
  ) throws(LedgerError) -> [Value] {
    try with(sql, values) { (statement) throws(LedgerError) in
      var result: [Value] = []
      while try statement.step() { result.append(try map(statement.row)) }
      return result
    }
  }

  /// The first row of a query, mapped; nil when there is none.
  func first<Value>(
    _ sql: String, _ values: any SQLBindable...,
    map: (Row) throws(LedgerError) -> Value
  ) throws(LedgerError) -> Value? {
    try with(sql, values) { (statement) throws(LedgerError) in
      try statement.step() ? try map(statement.row) : nil
    }
  }

  /// Lends a prepared statement with values bound; it is kept for the next use.
  func with<Value>(
    _ sql: String, _ values: [any SQLBindable],
    _ body: (Statement) throws(LedgerError) -> Value
  ) throws(LedgerError) -> Value {
    // Taken out while in use, so that a nested use of the same SQL gets a statement of its own.
    let statement =
      if let kept = prepared.removeValue(forKey: sql) { kept } else {
        try Statement(sql, on: handle)
      }
    defer {
      statement.reset()
      prepared[sql] = statement
    }
    for (index, value) in values.enumerated() {
      try statement.bind(value.sqlValue, at: Int32(index + 1))
    }
    return try body(statement)
  }

  /// Runs `body` as one transaction that holds the write lock from the start.
  func transaction<Value>(
    _ body: () throws(LedgerError) -> Value
  ) throws(LedgerError) -> Value {
    try run("BEGIN IMMEDIATE")
    do {
      let value = try body()
      try run("COMMIT")
      return value
    } catch {
      // After some errors (a full disk) SQLite has rolled back by itself.
      if sqlite3_get_autocommit(handle) == 0 { try? run("ROLLBACK") }
      throw error
    }
  }

  /// Runs `body` on one unchanging view of the file.
  func snapshot<Value>(_ body: () throws(LedgerError) -> Value) throws(LedgerError) -> Value {
    try run("BEGIN")
    defer { try? run("COMMIT") }
    return try body()
  }
}

extension Database.Mode {
  fileprivate var flags: Int32 {
    switch self {
    case .writing: SQLITE_OPEN_READWRITE
    case .creating: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    case .reading, .readingImmutable: SQLITE_OPEN_READONLY
    }
  }
}

/// How long a writer waits for another before it says so. `exp` itself holds the lock for
/// milliseconds; only a person with an open transaction in another program holds it longer.
private let patience = 120_000

/// SQLite's busy handler: sleeps a little longer each time, up to 10 ms, so that many writers take
/// turns quickly. `attempt` counts from 0.
private let waitForOthers: @convention(c) (UnsafeMutableRawPointer?, Int32) -> Int32 = {
  _, attempt in
  let milliseconds = min(Int(attempt) + 1, 10)
  guard Int(attempt) * 10 < patience else { return 0 }
  usleep(UInt32(milliseconds * 1000))
  return 1
}
