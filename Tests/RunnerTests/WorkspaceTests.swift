import ContentStore
import Glibc
import Ledger
import Testing

@testable import Runner

@Suite struct WorkspaceTests {
  let laboratory: Laboratory
  init() throws { laboratory = try Laboratory() }

  @Test func `the nearest workspace at or above a folder is found`() throws {
    let deep = "\(laboratory.folder)/a/b"
    try FileSystem.createFolder(deep)
    #expect(Workspace.find(from: deep) == laboratory.folder)
    #expect(Workspace.find(from: laboratory.folder) == laboratory.folder)
  }

  @Test func `a new workspace goes to the repository's folder, else to the current one`() throws {
    let deep = "\(laboratory.folder)/repository/sub"
    try FileSystem.createFolder(deep)
    #expect(Workspace.home(from: deep) == deep)
    try FileSystem.createFolder("\(laboratory.folder)/repository/.git")
    #expect(Workspace.home(from: deep) == "\(laboratory.folder)/repository")
  }

  @Test func `a run whose process is gone is settled to killed, by readers too`() throws {
    let ledger = laboratory.workspace.ledger
    var start = RunStart(experiment: "dead", environment: [:])
    start.process = ProcessIdentity(
      bootID: ProcessIdentity.current.bootID, pid: 1 << 22, startTicks: 1)
    let dead = try ledger.beginRun(start)
    var living = RunStart(experiment: "living", environment: [:])
    living.started = Timestamp(microseconds: living.started.microseconds + 1)
    let alive = try ledger.beginRun(living)
    let read = try Workspace.openForReading(from: laboratory.folder)
    #expect(try read.ledger.run(dead)?.end?.ending == .killed)
    #expect(try read.ledger.run(alive)?.end == nil)
  }

  @Test func `a process of another machine lives as long as it holds its lock`() throws {
    let elsewhere = ProcessIdentity(bootID: "another-boot", pid: 77, startTicks: 5)
    #expect(!laboratory.workspace.isAlive(elsewhere))
    let lock = try FileLock.acquire(laboratory.workspace.lockPath(of: elsewhere))
    withExtendedLifetime(lock) { #expect(laboratory.workspace.isAlive(elsewhere)) }
  }

  @Test func `a damaged input is an error, never a wrong result`() throws {
    let text = """
      { name: "damage", stages: {
        one: { op: "number", with: { value: 1 } },
        sum: { op: "sum", inputs: { numbers: "one.value" } },
      } }
      """
    let first = try laboratory.run(text)
    let object = try #require(first["one"]?.result?.outputs["value"]?.digest)
    let path = laboratory.workspace.store.file(of: object)
    chmod(path, 0o644)
    try FileSystem.write(Array("2".utf8), to: path)
    let second = try laboratory.run(text, sets: ["stages.sum.with.scale=2"])
    #expect(second["sum"]?.outcome == .failed)
    #expect(second["sum"]?.error?.contains(object.hex.dropFirst(2)) == true)
  }
}
