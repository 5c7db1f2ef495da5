package import ContentStore
package import Ledger

/// A store and what belongs to it: the folder `.exp/` beside the user's files, with
/// `ledger.sqlite`, `objects/`, `work/<recipe>/<attempt>/`, `locks/` and `memo`.
package struct Workspace: Sendable {
  /// The folder that holds `.exp`, absolute.
  package let folder: String
  package let ledger: Ledger
  package let store: ObjectStore
  /// Remembers digests of the user's files.
  package let memo: FileMemo

  private init(folder: String, ledger: Ledger) {
    self.folder = folder
    self.ledger = ledger
    store = ObjectStore(at: Self.store(in: folder) + "/objects")
    memo = FileMemo(at: Self.store(in: folder) + "/memo")
  }

  /// `.exp` itself.
  package var path: String { Self.store(in: folder) }
  private static func store(in folder: String) -> String {
    folder == "/" ? "/.exp" : folder + "/.exp"
  }
  /// Where the private folders of executions are.
  var workFolder: String { path + "/work" }
  var locksFolder: String { path + "/locks" }

  /// The nearest folder at or above `start` that holds a `.exp`; nil without one.
  package static func find(from start: String = FileSystem.currentFolder()) -> String? {
    nearest(holding: ".exp", from: start)
  }

  /// Where `exp run` makes a workspace when there is none: the folder of the git repository that
  /// `start` is in, else `start`.
  package static func home(from start: String = FileSystem.currentFolder()) -> String {
    nearest(holding: ".git", from: start) ?? start
  }

  private static func nearest(holding name: String, from start: String) -> String? {
    var folder: String? = start
    while let here = folder {
      if FileSystem.exists(here == "/" ? "/\(name)" : "\(here)/\(name)") { return here }
      folder = FileSystem.parent(of: here)
    }
    return nil
  }

  /// Opens the nearest workspace for reading; works in a read-only folder. Where it may be written,
  /// what dead processes left is settled, so that a killed run is never shown as running.
  package static func openForReading(
    from start: String = FileSystem.currentFolder()
  ) throws -> Workspace {
    guard let folder = find(from: start) else {
      throw RunnerError(
        .wrong,
        "there is no workspace (.exp) in \(start) or above it; `exp run` or `exp init` makes one")
    }
    let ledger = store(in: folder) + "/ledger.sqlite"
    guard FileSystem.exists(ledger) else {
      throw RunnerError(
        .wrong, "the workspace \(store(in: folder)) has no ledger yet; run something")
    }
    let workspace = Workspace(folder: folder, ledger: try reading(ledger))
    workspace.settleIfPossible(ledger)
    return workspace
  }

  /// A ledger of an older `exp` is brought up to date where it may be written.
  private static func reading(_ path: String) throws(LedgerError) -> Ledger {
    do { return try Ledger(readingAt: path) } catch {
      guard error.kind == .readOnly, (try? Ledger(at: path)) != nil else { throw error }
      return try Ledger(readingAt: path)
    }
  }

  /// Opens the nearest workspace for writing, or makes one, and settles what dead processes left.
  package static func openOrCreate(
    from start: String = FileSystem.currentFolder()
  ) throws -> (workspace: Workspace, isNew: Bool) {
    let found = find(from: start)
    return (try open(at: found ?? home(from: start)), found == nil)
  }

  /// Opens the workspace of exactly this folder for writing, making it when there is none.
  package static func open(at folder: String) throws -> Workspace {
    let path = store(in: folder)
    for part in ["", "/work", "/locks", "/objects"] { try FileSystem.createFolder(path + part) }
    if !FileSystem.exists(path + "/.gitignore") {
      // The store is not part of the user's sources.
      try FileSystem.write(Array("*\n".utf8), to: path + "/.gitignore")
    }
    let workspace = Workspace(folder: folder, ledger: try Ledger(at: path + "/ledger.sqlite"))
    try workspace.store.prepare()
    try workspace.settle()
    return workspace
  }

  /// Ends as `killed` every run and execution whose process is gone.
  private func settle() throws {
    let dead = try ledger.settle { isAlive($0.process) }
    for process in Set(dead.map(\.process)) {
      try? FileSystem.removeFile(lockPath(of: process))
    }
  }

  /// Settles for a reader; a folder that cannot be written stays as it is.
  private func settleIfPossible(_ path: String) {
    guard let open = try? ledger.unfinished(), open.contains(where: { !isAlive($0.process) }),
      let writable = try? Ledger(at: path)
    else { return }
    try? Workspace(folder: folder, ledger: writable).settle()
  }

  /// A process that records holds the lock on its own file, so that it is known to live even from
  /// another machine or another process namespace. Without such a file, boot and start time tell.
  package func isAlive(_ process: ProcessIdentity) -> Bool {
    let path = lockPath(of: process)
    guard FileSystem.exists(path) else { return process.isRunning }
    return (try? FileLock.isHeld(path)) ?? process.isRunning
  }

  /// Where a recording process holds its lock.
  func lockPath(of process: ProcessIdentity) -> String {
    "\(locksFolder)/process-\(process.bootID)-\(process.pid)-\(process.startTicks)"
  }
}
