import ContentStore
import Testing

@testable import Runner

@Suite struct LockTests {
  let laboratory: Laboratory
  init() throws { laboratory = try Laboratory() }

  private let text = """
    { name: "locked", stages: {
      one: { op: "number", with: { value: 1 } },
      sum: { op: "sum", inputs: { numbers: "one.value" } },
    } }
    """

  private func lock() throws -> Lock {
    let run = try #require(try laboratory.run(text).run)
    return try Lock(run: run, in: laboratory.workspace.ledger)
  }

  @Test func `a lock written is read back`() throws {
    let lock = try lock()
    try laboratory.write(try lock.text(), to: "lock.json")
    #expect(try Lock.load("\(laboratory.folder)/lock.json") == lock)
    #expect(try Lock.load("\(laboratory.folder)/absent.json") == nil)
    #expect(try lock.text().split(separator: "\n").count == 9)
  }

  @Test func `the lock of another experiment or profile is told from one's own`() throws {
    let lock = try lock()
    try lock.check(experiment: "locked", profile: nil, path: "lock.json")
    for (name, profile) in [("other", nil), ("locked", "smoke")] as [(String, String?)] {
      #expect {
        try lock.check(experiment: name, profile: profile, path: "a/lock.json")
      } throws: {
        let error = $0 as? RunnerError
        return error?.message.contains("a/lock.json is the lock of locked with its base") == true
      }
    }
  }

  @Test func `another machine's run equals the lock`() throws {
    let lock = try lock()
    let other = try Laboratory()
    var options = other.options
    (options.lock, options.isLocked) = (lock, true)
    let report = try other.run(text, options: options)
    #expect(report.lockDifferences == [])
    #expect(report.exitStatus == 0)
  }

  @Test func `locked refuses a recipe that is not in the lock before carrying it out`() throws {
    var options = laboratory.options
    (options.lock, options.isLocked) = (try lock(), true)
    let report = try laboratory.run(text, sets: ["stages.one.with.value=2"], options: options)
    #expect(report.outcomes == [.failed, .blocked])
    #expect(report["one"]?.execution == nil)
    #expect(report.exitStatus == 1)
  }

  @Test func `without locked, another recipe is told and another result is a failure`() throws {
    var lock = try lock()
    var options = laboratory.options
    options.lock = lock
    let other = try laboratory.run(text, sets: ["stages.one.with.value=2"], options: options)
    #expect(other.lockDifferences == [.recipe(stage: "one"), .recipe(stage: "sum")])
    #expect(other.exitStatus == 0)
    lock.stages["sum"]?.result = SHA256.hash([1])
    options.lock = lock
    let wrong = try laboratory.run(text, options: options)
    #expect(wrong.lockDifferences == [.result(stage: "sum")])
    #expect(wrong.exitStatus == 1)
  }

  @Test func `a file that is no lock is refused`() throws {
    try laboratory.write("{}", to: "bad.json")
    #expect(throws: RunnerError.self) { try Lock.load("\(laboratory.folder)/bad.json") }
  }
}
