import ContentStore
import Foundation
import Testing

@testable import Ledger

@Suite struct SettlingTests {
  @Test func `what lost its process is killed, what lives stays`() throws {
    try withLedger { ledger in
      var start = sampleRun()
      let alive = try ledger.beginRun(start)
      start.process = ProcessIdentity(bootID: "another boot", pid: 1, startTicks: 1)
      let dead = try ledger.beginRun(start)
      var execution = ExecutionStart(
        recipe: sampleRecipe(), run: dead, stage: "a", environment: sampleEnvironment)
      execution.process = start.process
      let orphan = try ledger.beginExecution(execution)
      #expect(try ledger.settle().map(\.subject.digest) == [orphan, dead])
      #expect(try ledger.run(alive)?.end == nil)
      #expect(try ledger.run(dead)?.end?.ending == .killed)
      #expect(try ledger.execution(orphan)?.end?.ending == .killed)
      #expect(try ledger.settle().isEmpty)
      #expect(try ledger.settle { _ in false }.map(\.subject.digest) == [alive])
      #expect(throws: LedgerError.self) {
        try ledger.endRun(alive, RunEnd(ending: .done))
      }
    }
  }

  @Test func `a process is known by boot, number and start`() throws {
    let current = ProcessIdentity.current
    #expect(current.isRunning)
    #expect(ProcessIdentity(json: current.json) == current)
    var other = current
    other.startTicks += 1
    #expect(!other.isRunning)
    other = current
    other.bootID = "another"
    #expect(!other.isRunning)
  }

  /// Each acknowledged batch is told through the pipe before the next; then the kernel kills.
  @Test func `no acknowledged point is lost by SIGKILL`() throws {
    try withFolder { folder in
      let path = folder + "/ledger.sqlite"
      let execution = try { () throws -> Digest in
        let ledger = try Ledger(at: path)
        return try ledger.beginExecution(
          ExecutionStart(
            recipe: sampleRecipe(), run: nil, stage: "a", environment: sampleEnvironment))
      }()
      let acknowledged = try killedWriter(path, execution)
      let ledger = try Ledger(at: path)
      let points = try ledger.points(of: execution)
      #expect(acknowledged > 0)
      #expect(points.count >= acknowledged * 100)
      #expect(points.count % 100 == 0)
      #expect(points.map(\.step) == Array(0..<points.count))
      #expect(try ledger.verify() == [])
      #expect(try ledger.settle { _ in false }.count == 1)
    }
  }

  /// Forks a child that writes batches of 100 points until it is killed; gives how many it told of.
  private func killedWriter(_ path: String, _ execution: Digest) throws -> Int {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    // fork is marked unavailable in Swift because most programs must not do it.
    let fork = try #require(
      dlsym(nil, "fork").map { unsafeBitCast($0, to: (@convention(c) () -> Int32).self) })
    let child = fork()
    if child == 0 {
      writeForever(path, execution, to: ends[1])
      _exit(1)
    }
    close(ends[1])
    var acknowledged = 0
    var byte: UInt8 = 0
    while acknowledged < 12, read(ends[0], &byte, 1) == 1 { acknowledged += 1 }
    kill(child, SIGKILL)
    while read(ends[0], &byte, 1) == 1 { acknowledged += 1 }
    close(ends[0])
    var status: Int32 = 0
    waitpid(child, &status, 0)
    return acknowledged
  }

  private func writeForever(_ path: String, _ execution: Digest, to pipe: Int32) {
    guard let ledger = try? Ledger(at: path) else { return }
    var step = 0
    while true {
      let points = (step..<step + 100).map { MetricPoint(series: "x", step: $0, value: 0.1) }
      guard (try? ledger.appendMetrics(points, to: execution)) != nil else { return }
      step += 100
      var byte: UInt8 = 1
      guard write(pipe, &byte, 1) == 1 else { return }
    }
  }
}

@Suite struct TimestampTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (1_721_747_045_123_999, "2024-07-23T15:04:05.123Z"),
    (951_782_400_000_000, "2000-02-29T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
    (4_107_542_399_999_000, "2100-02-28T23:59:59.999Z"),
  ]) func `moments are written as ISO 8601 in UTC`(microseconds: Int, text: String) throws {
    #expect(Timestamp(microseconds: microseconds).description == text)
  }
}

@Suite struct SampleLedgerTests {
  @Test func `a sample ledger is whole and traceable`() throws {
    try withLedger { ledger in
      try SampleLedger.fill(ledger, runs: 8, stages: 4, points: 6)
      #expect(try ledger.runs().count == 8)
      #expect(try ledger.runs().map(\.hits).reduce(0, +) == 4)
      #expect(try ledger.verify() == [])
      #expect(try ledger.findings().isEmpty)
      try SampleLedger.fill(ledger, runs: 2, stages: 2)
      #expect(try ledger.runs().map(\.number).first == 10)
    }
  }
}
