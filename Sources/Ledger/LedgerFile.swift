import CSQLite
import Glibc
import Schema

/// Opening and making the ledger's file.
enum LedgerFile {
  /// All versions of the schema so far.
  static let migrations = [
    Migration(version: 1, sql: Schema.ledger), Migration(version: 2, sql: Schema.ledger2),
  ]

  /// `PRAGMA application_id` of a ledger: "exp0".
  static let applicationID = 0x6578_7030

  /// Opens a ledger for writing; makes it when there is none.
  static func open(
    _ path: String, migrations: [Migration] = migrations
  ) throws(LedgerError) -> Database {
    if access(path, F_OK) != 0 { try create(path, migrations) }
    let database = try connect(path, .writing)
    try check(database, newest: migrations.last?.version ?? 0)
    guard sqlite3_db_readonly(database.handle, "main") == 0 else {
      throw LedgerError(.readOnly, "the ledger \(path) cannot be written; check its permissions")
    }
    try database.migrate(migrations)
    return database
  }

  /// Opens a ledger for reading, also where nothing can be written.
  static func openReading(
    _ path: String, migrations: [Migration] = migrations
  ) throws(LedgerError) -> Database {
    guard access(path, F_OK) == 0 else {
      throw LedgerError(.missing, "there is no ledger at \(path)")
    }
    let database = try connectReading(path)
    try check(database, newest: migrations.last?.version ?? 0)
    guard try database.userVersion == migrations.last?.version else {
      throw LedgerError(
        .readOnly,
        "the ledger \(path) was written by an older exp; open it once where it can be written")
    }
    try database.run("PRAGMA query_only = ON")
    return database
  }

  private static func connect(
    _ path: String, _ mode: Database.Mode
  ) throws(LedgerError) -> Database {
    do { return try Database(path, mode) } catch {
      guard case .sqlite(let code) = error.kind, code & 0xFF == SQLITE_CANTOPEN else { throw error }
      throw LedgerError(
        .readOnly, "the ledger \(path) cannot be opened: \(String(cString: strerror(errno)))")
    }
  }

  private static func connectReading(_ path: String) throws(LedgerError) -> Database {
    do throws(LedgerError) {
      let database = try connect(path, .reading)
      _ = try database.userVersion
      return database
    } catch {
      guard error.isAboutWriting else { throw error }
    }
    // A WAL database needs a file beside it even to be read. Where none can be made nobody writes
    // either, so the file alone is the whole truth, unless a crashed writer left a log.
    var log = stat()
    guard stat(path + "-wal", &log) == 0, log.st_size > 0 else {
      return try connect(path, .readingImmutable)
    }
    return try openCopy(path)
  }

  /// Reads the file and its log through a copy in the folder for temporary files.
  private static func openCopy(_ path: String) throws(LedgerError) -> Database {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let copy = "\(folder)/exp-ledger-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    defer { for suffix in ["", "-wal", "-shm"] { unlink(copy + suffix) } }
    for suffix in ["", "-wal"] {
      guard copyFile(path + suffix, to: copy + suffix) else {
        throw LedgerError(
          .readOnly, "the ledger \(path) cannot be copied to \(folder), which reading it needs here"
        )
      }
    }
    let database = try Database(copy, .writing)
    // The connection keeps the files after their names are gone.
    _ = try database.userVersion
    return database
  }

  private static func copyFile(_ source: String, to target: String) -> Bool {
    guard let input = fopen(source, "re") else { return false }
    defer { fclose(input) }
    guard let output = fopen(target, "wxe") else { return false }
    var isWhole = true
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while case let count = fread(&buffer, 1, buffer.count, input), count > 0 {
      isWhole = isWhole && fwrite(buffer, 1, count, output) == count
    }
    return fclose(output) == 0 && isWhole && ferror(input) == 0
  }

  /// Refuses what is no ledger, or one of a newer `exp`.
  private static func check(_ database: Database, newest: Int) throws(LedgerError) {
    let path = database.path
    let found = try database.first("PRAGMA application_id") { $0.integer(0) }
    guard found == applicationID else {
      throw LedgerError(
        .damaged,
        "\(path) is no ledger of exp (an empty file, or another program's database); "
          + "restore it from a copy, or move it away to start a new one")
    }
    let version = try database.userVersion
    guard version <= newest else {
      throw LedgerError(
        .newer,
        "the ledger \(path) was written by a newer exp (format \(version), this exp knows "
          + "\(newest)); use the newer exp")
    }
  }

  /// Makes a new ledger under another name and then gives it its own, unless another process was
  /// faster: so no one ever sees half a ledger, whenever we are killed.
  private static func create(_ path: String, _ migrations: [Migration]) throws(LedgerError) {
    let draft = "\(path).new-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    defer { for suffix in ["", "-wal", "-shm", "-journal"] { unlink(draft + suffix) } }
    try makeDraft(draft, for: path, migrations)
    guard link(draft, path) == 0 || errno == EEXIST || renameNew(draft, path) else {
      throw cannotCreate(path)
    }
    syncFolder(of: path)
  }

  private static func makeDraft(
    _ draft: String, for path: String, _ migrations: [Migration]
  ) throws(LedgerError) {
    do {
      let database = try Database(draft, .creating)
      // The write-ahead log comes last: until then every page is in the file itself, so that a full disk
      // is seen before the file gets its name.
      try database.migrate(migrations)
      try database.run("PRAGMA journal_mode = WAL")
    } catch {
      guard case .sqlite(let code) = error.kind, code & 0xFF == SQLITE_CANTOPEN else { throw error }
      throw cannotCreate(path)
    }
  }

  private static func cannotCreate(_ path: String) -> LedgerError {
    LedgerError(
      .readOnly,
      "the ledger \(path) cannot be created: \(String(cString: strerror(errno))); "
        + "choose a folder that exists and can be written")
  }

  /// For file systems without hard links: one process at a time looks and renames.
  private static func renameNew(_ draft: String, _ path: String) -> Bool {
    let lock = Glibc.open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard lock >= 0 else { return false }
    defer { close(lock) }
    guard flock(lock, LOCK_EX) == 0 else { return false }
    return access(path, F_OK) == 0 || rename(draft, path) == 0
  }

  private static func syncFolder(of path: String) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let descriptor = Glibc.open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

extension LedgerError {
  /// Whether SQLite failed because a file beside the database cannot be made.
  fileprivate var isAboutWriting: Bool {
    switch kind {
    case .readOnly: true
    case .sqlite(let code): code & 0xFF == SQLITE_CANTOPEN
    default: false
    }
  }
}
