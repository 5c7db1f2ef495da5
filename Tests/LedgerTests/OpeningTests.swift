import ContentStore
import Foundation
import Testing

@testable import Ledger

@Suite struct OpeningTests {
  @Test func `many connections that make one ledger at once all succeed`() async throws {
    let folder = NSTemporaryDirectory() + "exp-ledger-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/ledger.sqlite"
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask {
          let ledger = try Ledger(at: path)
          for _ in 0..<5 { _ = try ledger.beginRun(sampleRun("run-\(number)")) }
        }
      }
      try await group.waitForAll()
    }
    let ledger = try Ledger(at: path)
    #expect(try ledger.runs(limit: 100).count == 40)
    #expect(try ledger.verify() == [])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains("new") }
        == [])
  }

  @Test func `processes that make one ledger at once all succeed`() async throws {
    let folder = NSTemporaryDirectory() + "exp-ledger-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          await #expect(processExitsWith: .success) { [folder = folder as String] in
            let ledger = try Ledger(at: folder + "/ledger.sqlite")
            for _ in 0..<5 { _ = try ledger.beginRun(sampleRun()) }
          }
        }
      }
    }
    let ledger = try Ledger(at: folder + "/ledger.sqlite")
    #expect(try ledger.runs(limit: 100).count == 40)
    #expect(try ledger.verify() == [])
  }

  @Test func `a writer waits for another program's transaction`() throws {
    try withFolder { folder in
      let path = folder + "/ledger.sqlite"
      let ledger = try Ledger(at: path)
      let holder = Process()
      holder.executableURL = URL(fileURLWithPath: "/bin/sh")
      holder.arguments = [
        "-c",
        "{ echo 'BEGIN IMMEDIATE;'; echo 'SELECT 1;'; sleep 0.5; echo 'COMMIT;'; } "
          + "| sqlite3 \"$0\"", path,
      ]
      let pipe = Pipe()
      holder.standardOutput = pipe
      try holder.run()
      _ = pipe.fileHandleForReading.availableData
      _ = try ledger.beginRun(sampleRun())
      holder.waitUntilExit()
      #expect(try ledger.runs().count == 1)
    }
  }

  @Test(arguments: ["", "not a database at all, but a text that is long enough to look like one"])
  func `a file that is no ledger is refused as damaged`(content: String) throws {
    try withFolder { folder in
      let path = folder + "/ledger.sqlite"
      try Data(content.utf8).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: LedgerError.self) { try Ledger(at: path) }
      #expect(error?.kind == .damaged)
      #expect(error?.message.contains(path) == true)
      #expect(throws: LedgerError.self) { try Ledger(readingAt: path) }
    }
  }

  @Test func `another program's database is refused`() throws {
    try withFolder { folder in
      let path = folder + "/ledger.sqlite"
      try sqlite3(path, "CREATE TABLE run (x)")
      #expect(throws: LedgerError.self) { try Ledger(at: path) }
    }
  }

  @Test func `a broken page is damage, not a crash`() throws {
    try withFolder { folder in
      let path = folder + "/ledger.sqlite"
      do {
        let ledger = try Ledger(at: path)
        for _ in 0..<50 { _ = try ledger.beginRun(sampleRun()) }
      }
      try sqlite3(path, "PRAGMA wal_checkpoint(TRUNCATE)")
      let handle = try #require(FileHandle(forUpdatingAtPath: path))
      let size = try handle.seekToEnd()
      try handle.seek(toOffset: size - 4096)
      handle.write(Data(repeating: 0xA5, count: 4096))
      try handle.close()
      #expect(try Ledger(readingAt: path).verify() != [])
    }
  }

  @Test func `a missing ledger is not made by reading`() throws {
    try withFolder { folder in
      let error = #expect(throws: LedgerError.self) {
        try Ledger(readingAt: folder + "/ledger.sqlite")
      }
      #expect(error?.kind == .missing)
      let other = #expect(throws: LedgerError.self) {
        try Ledger(at: folder + "/none/ledger.sqlite")
      }
      #expect(other?.kind == .readOnly)
    }
  }

  @Test func `a ledger is read in a folder of any name`() throws {
    try withFolder { folder in
      let path = folder + "/ünïcode ?#%25 'x'.sqlite"
      let ledger = try Ledger(at: path)
      _ = try ledger.beginRun(sampleRun())
      #expect(try ledger.verify() == [])
      #expect(try Ledger(readingAt: path).runs().count == 1)
    }
  }

  @Test(arguments: [true, false])
  func `a ledger in a read-only folder can be read`(closed: Bool) throws {
    try withFolder { folder in
      let path = folder + "/ledger.sqlite"
      var writer: Ledger? = try Ledger(at: path)
      _ = try writer?.beginRun(sampleRun())
      let copy = folder + "/copy"
      try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
      // Without the writer's end the log is still there, as after a crash.
      if closed { writer = nil }
      for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
        try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + "/l" + suffix)
      }
      try readOnly(copy) {
        let ledger = try Ledger(readingAt: copy + "/l")
        #expect(try ledger.runs().count == 1)
        #expect(try ledger.select("SELECT count(*) FROM runs").rows == [[.integer(1)]])
        #expect(throws: LedgerError.self) { try Ledger(at: copy + "/l") }
        #expect(throws: LedgerError.self) { try Ledger(at: copy + "/new") }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: copy).count == (closed ? 1 : 2))
      withExtendedLifetime(writer) {}
    }
  }

  /// Runs `body` while the folder and its files cannot be written, root or not.
  private func readOnly(_ folder: String, _ body: () throws -> Void) throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    for file in files { chmod(folder + "/" + file, 0o444) }
    chmod(folder, 0o555)
    // The thread loses root's way round permissions; only the file system's identity changes.
    let setfsuid = dlsym(nil, "setfsuid").map {
      unsafeBitCast($0, to: (@convention(c) (UInt32) -> Int32).self)
    }
    let before = setfsuid?(getuid() == 0 ? 65534 : getuid())
    defer {
      if let before { _ = setfsuid?(UInt32(bitPattern: before)) }
      chmod(folder, 0o755)
    }
    try body()
  }
}

@Suite struct MigrationTests {
  private static let steps = [
    Migration(
      version: 1,
      sql: "PRAGMA application_id = \(LedgerFile.applicationID); CREATE TABLE a (x) STRICT"
        .replacing("(x)", with: "(x TEXT)")),
    Migration(version: 2, sql: "ALTER TABLE a ADD COLUMN y TEXT"),
    Migration(version: 3, sql: "INSERT INTO a VALUES ('made', 'by three')"),
  ]

  private func rows(_ path: String) throws -> String { try sqlite3(path, "SELECT * FROM a") }

  @Test(arguments: 1...3) func `every earlier version becomes the newest`(version: Int) throws {
    try withFolder { folder in
      let path = folder + "/l"
      _ = try LedgerFile.open(path, migrations: Array(Self.steps.prefix(version)))
      if version < 3 {
        #expect(throws: LedgerError.self) {
          try LedgerFile.openReading(path, migrations: Self.steps)
        }
      }
      let database = try LedgerFile.open(path, migrations: Self.steps)
      #expect(try database.userVersion == 3)
      #expect(try rows(path) == "made|by three\n")
    }
  }

  @Test func `a migration that fails leaves the version before it`() throws {
    try withFolder { folder in
      let path = folder + "/l"
      let broken = Migration(version: 2, sql: "CREATE TABLE b (x TEXT); CREATE TABLE a (x TEXT)")
      _ = try LedgerFile.open(path, migrations: [Self.steps[0]])
      #expect(throws: LedgerError.self) {
        try LedgerFile.open(path, migrations: [Self.steps[0], broken])
      }
      #expect(try sqlite3(path, "PRAGMA user_version; SELECT name FROM sqlite_schema") == "1\na\n")
      _ = try LedgerFile.open(path, migrations: Self.steps)
    }
  }

  @Test func `a newer ledger is refused`() throws {
    try withFolder { folder in
      let path = folder + "/ledger.sqlite"
      _ = try Ledger(at: path)
      try sqlite3(path, "PRAGMA user_version = 99")
      let error = #expect(throws: LedgerError.self) { try Ledger(at: path) }
      #expect(error?.kind == .newer)
      #expect(error?.message.contains("newer exp") == true)
      #expect(throws: LedgerError.self) { try Ledger(readingAt: path) }
    }
  }

  @Test func `a failed write leaves nothing behind`() throws {
    try withLedger { ledger in
      #expect(throws: LedgerError.self) {
        try ledger.write { (writer) throws(LedgerError) in
          let run = try writer.beginRun(sampleRun())
          try writer.endRun(run, RunEnd(ending: .done))
          try writer.endRun(run, RunEnd(ending: .failed))
        }
      }
      #expect(try ledger.runs().isEmpty)
      _ = try ledger.beginRun(sampleRun())
      #expect(try ledger.verify() == [])
    }
  }
}

@Suite struct ReplicateTests {
  @Test func `a ledger of version 1 takes replicates, and keeps the newest of each number`() throws
  {
    try withFolder { folder in
      let path = folder + "/l"
      _ = try LedgerFile.open(path, migrations: Array(LedgerFile.migrations.prefix(1)))
      let ledger = try Ledger(at: path)
      let first = try ledger.beginRun(sampleRun())
      try ledger.endRun(first, RunEnd(ending: .done))
      func replicate(_ number: Int, _ ending: Ending) throws -> Digest {
        var start = sampleRun()
        start.replicate = Replicate(of: first, number: number)
        let run = try ledger.beginRun(start)
        try ledger.endRun(run, RunEnd(ending: ending))
        return run
      }
      let second = try replicate(2, .done)
      _ = try replicate(1, .done)
      let one = try replicate(1, .done)
      _ = try replicate(3, .failed)
      #expect(try ledger.replicates(of: first) == [one, second])
      #expect(try ledger.replicates(of: one).isEmpty)
      #expect(try ledger.run(second)?.start.replicate == Replicate(of: first, number: 2))
      #expect(try ledger.run(first)?.start.replicate == nil)
      #expect(try ledger.runs().compactMap(\.replicate?.number) == [3, 1, 1, 2])
      var alone = RunFilter(experiment: "quick")
      alone.includesReplicates = false
      #expect(try ledger.runs(alone).map(\.id) == [first])
      #expect(try ledger.verify().isEmpty)
    }
  }
}
