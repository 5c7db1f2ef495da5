import ContentStore
import Ledger
import Testing

@testable import Runner

@Suite struct RunTests {
  let laboratory: Laboratory
  init() throws { laboratory = try Laboratory() }

  private let adding = """
    { name: "adding", stages: {
      one: { op: "number", with: { value: 1 } },
      two: { op: "number", with: { value: 2 } },
      sum: { op: "sum", inputs: { numbers: ["one.value", "two.value"] } },
    } }
    """

  @Test func `a run carries out every stage and records it`() throws {
    let report = try laboratory.run(adding)
    #expect(report.outcomes == [.executed, .executed, .executed])
    #expect(report.exitStatus == 0)
    #expect(try laboratory.text(report, "sum") == "3")
    let run = try #require(report.run)
    #expect(try laboratory.workspace.ledger.run(run)?.end?.ending == .done)
    let stages = try laboratory.workspace.ledger.stages(ofRun: run)
    #expect(stages.map(\.name) == ["one", "two", "sum"])
    #expect(stages[2].inputs == ["numbers": ["one.value", "two.value"]])
    let execution = try #require(stages[0].execution)
    #expect(
      try laboratory.workspace.ledger.points(of: execution) == [
        MetricPoint(series: "value", step: 1, value: 1)
      ])
    let log = try #require(try laboratory.workspace.ledger.execution(execution)?.end?.log)
    #expect(try laboratory.workspace.store.read(log.digest) == Array("writing 1\n".utf8))
  }

  @Test func `a run in which nothing changed records nothing and names the earlier run`() throws {
    let first = try laboratory.run(adding)
    let second = try laboratory.run(adding)
    #expect(second.outcomes == [.hit, .hit, .hit])
    #expect(second.run == first.run)
    #expect(!second.isRecorded)
    #expect(try laboratory.workspace.ledger.runs().count == 1)
  }

  @Test func `an upstream change that gives the same bytes stops there`() throws {
    try laboratory.write("abc", to: "a.txt")
    let text = """
      { name: "cutoff", stages: {
        one: { op: "number", with: { value: 7, files: "a.txt" } },
        sum: { op: "sum", inputs: { numbers: "one.value" } },
      } }
      """
    _ = try laboratory.run(text)
    try laboratory.write("xyz", to: "a.txt")
    #expect(try laboratory.run(text).outcomes == [.executed, .hit])
    try laboratory.write("longer", to: "a.txt")
    #expect(try laboratory.run(text).outcomes == [.executed, .executed])
  }

  @Test func `swapped inputs are another recipe`() throws {
    let first = try laboratory.run(adding)
    let swapped = try laboratory.run(
      adding, sets: ["stages.sum.inputs.numbers=[\"two.value\",\"one.value\"]"])
    #expect(swapped["sum"]?.outcome == .executed)
    #expect(first["sum"]?.recipe != swapped["sum"]?.recipe)
  }

  @Test func `a failure blocks what needs it, and the rest goes on`() throws {
    let text = """
      { name: "failing", stages: {
        bad: { op: "failing" },
        after: { op: "sum", inputs: { numbers: "bad.value" } },
        beside: { op: "number", with: { value: 5 } },
      } }
      """
    let report = try laboratory.run(text)
    #expect(report["bad"]?.outcome == .failed)
    #expect(report["bad"]?.error == "failed as it should")
    #expect(report["bad"]?.logTail == ["about to fail"])
    #expect(report["after"]?.outcome == .blocked)
    #expect(report["beside"]?.outcome == .executed)
    #expect(report.exitStatus == 1)
    let run = try #require(report.run)
    #expect(try laboratory.workspace.ledger.run(run)?.end?.ending == .failed)
    let execution = try #require(report["bad"]?.execution)
    #expect(try laboratory.workspace.ledger.execution(execution)?.end?.ending == .failed)
    #expect(try laboratory.run(text).outcomes.contains(.hit))
  }

  @Test func `a stopped run goes on from its snapshot and ends with the same bytes`() throws {
    let text = """
      { name: "counting", seed: 9, stages: {
        count: { op: "counting", with: { steps: 30, milliseconds: 10 } },
        beside: { op: "number", with: { value: 1 } },
      } }
      """
    let cancellation = Cancellation()
    var options = laboratory.options
    options.cancellation = cancellation
    laboratory.observer.reaction = { event in
      if case .stage(_, .snapshot(let step)) = event, step >= 5 { cancellation.request() }
    }
    let stopped = try laboratory.run(text, options: options)
    #expect(stopped.exitStatus == 130)
    #expect(stopped["count"]?.outcome == .interrupted)
    #expect(stopped["beside"]?.outcome == .skipped)
    laboratory.observer.reaction = { _ in }

    let resumed = try laboratory.run(text)
    let step = try #require(resumed["count"]?.resumedFrom)
    #expect(step >= 5)
    let whole = try Laboratory()
    let uninterrupted = try whole.run(text)
    #expect(resumed["count"]?.resultDigest == uninterrupted["count"]?.resultDigest)
    #expect(resumed["count"]?.recipe == uninterrupted["count"]?.recipe)
    // Nothing of the attempts is left.
    #expect(try FileSystem.list(laboratory.workspace.workFolder).isEmpty)
  }

  @Test func `a dry run does and records nothing`() throws {
    var options = laboratory.options
    options.isDryRun = true
    let report = try laboratory.run(adding, options: options)
    #expect(report.outcomes == [.planned, .planned, .planned])
    #expect(report.run == nil)
    #expect(try laboratory.workspace.ledger.runs().isEmpty)
  }

  @Test func `until carries out a stage and what it needs alone`() throws {
    var options = laboratory.options
    options.until = "two"
    let report = try laboratory.run(adding, options: options)
    #expect(report.stages.map(\.name) == ["two"])
    #expect(report.outcomes == [.executed])
  }

  @Test func `a result whose objects are gone is made again`() throws {
    let first = try laboratory.run(adding)
    let output = try #require(first["one"]?.result?.outputs["value"])
    try laboratory.workspace.store.remove(output.digest)
    let again = try laboratory.run(adding)
    #expect(again.outcomes == [.executed, .hit, .hit])
    #expect(laboratory.workspace.store.contains(output.digest))
  }

  @Test func `two runs at once carry out each recipe once`() async throws {
    let text = """
      { name: "together", stages: {
        count: { op: "counting", with: { steps: 20, milliseconds: 10 } } } }
      """
    let folder = laboratory.folder
    let experiment = try laboratory.resolve(text)
    let options = laboratory.options
    let outcomes = try await withThrowingTaskGroup(of: [RunReport.Outcome].self) { group in
      for _ in 0..<3 {
        group.addTask {
          try Runner.run(
            experiment, in: try Workspace.open(at: folder), options: options, registry: .toys,
            observer: SilentObserver()
          ).outcomes
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(outcomes.count { $0 == .executed } == 1)
    #expect(outcomes.count { $0 == .hit } == 2)
  }

  @Test func `a recipe with two results is a finding`() throws {
    let text = """
      { name: "fickle", stages: { it: { op: "fickle", with: { step: 3, key: 1 } } } }
      """
    let first = try laboratory.run(text)
    let model = try #require(first["it"]?.result?.outputs["model"])
    try laboratory.workspace.store.remove(model.digest)
    let second = try laboratory.run(text)
    #expect(second["it"]?.resultCount == 2)
    #expect(try laboratory.workspace.ledger.findings().count == 1)
  }
}
