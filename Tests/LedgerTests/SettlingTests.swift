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

  /// A child process tells of each batch after it is recorded, and is killed inside another.
  @Test func `no acknowledged point is lost by SIGKILL`() async throws {
    let folder = NSTemporaryDirectory() + "exp-ledger-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String] in
      let ledger = try Ledger(at: folder + "/ledger.sqlite")
      let execution = try ledger.beginExecution(
        ExecutionStart(
          recipe: sampleRecipe(), run: nil, stage: "a", environment: sampleEnvironment))
      for batch in 0..<20 {
        try ledger.appendMetrics(batchOfPoints(batch), to: execution)
        let told = FileManager.default.createFile(atPath: folder + "/told-\(batch)", contents: nil)
        #expect(told)
      }
      try ledger.write { (writer) throws(LedgerError) in
        try writer.appendMetrics(batchOfPoints(20), to: execution)
        kill(getpid(), SIGKILL)
      }
    }
    let told = try FileManager.default.contentsOfDirectory(atPath: folder)
      .count { $0.hasPrefix("told") }
    #expect(told == 20)
    let ledger = try Ledger(at: folder + "/ledger.sqlite")
    let execution = try #require(try ledger.unfinished().first?.subject.digest)
    #expect(try ledger.points(of: execution) == (0..<told).flatMap(batchOfPoints))
    #expect(try ledger.verify() == [])
    #expect(try ledger.settle().map(\.subject.digest) == [execution])
    #expect(try ledger.execution(execution)?.end?.ending == .killed)
  }
}

private func batchOfPoints(_ batch: Int) -> [MetricPoint] {
  (batch * 100..<batch * 100 + 100).map { MetricPoint(series: "x", step: $0, value: 0.1) }
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
