import ContentStore
import Ledger
import Testing

@testable import Runner

@Suite struct ReplayTests {
  let laboratory: Laboratory
  init() throws { laboratory = try Laboratory() }

  private func replay(_ run: Digest?, _ stages: [String] = []) throws -> ReplayReport {
    try Replay.run(
      try #require(run), stages: stages, in: laboratory.workspace, options: laboratory.options,
      registry: .toys, observer: laboratory.observer)
  }

  @Test func `a replay of exact stages says identical and is recorded as one`() throws {
    let text = """
      { name: "exact", stages: {
        count: { op: "counting", with: { steps: 5 } },
        one: { op: "number", with: { value: 1 } },
        sum: { op: "sum", inputs: { numbers: "one.value" } },
      } }
      """
    let run = try laboratory.run(text).run
    let report = try replay(run)
    #expect(report.exitStatus == 0)
    for stage in report.stages {
      guard case .identical = stage.verdict else {
        Issue.record("\(stage.name): \(stage.verdict)")
        continue
      }
    }
    let again = try #require(report.run)
    let recorded = try #require(try laboratory.workspace.ledger.run(again))
    #expect(recorded.start.purpose == .replay)
    #expect(recorded.start.parent?.run == run)
    #expect(recorded.end?.ending == .done)
    // A replay is no answer to a later run of its own.
    #expect(try laboratory.run(text).run == run)
  }

  @Test func `a replay names the first output, step, series and trace line that differ`() throws {
    let text = """
      { name: "fickle", stages: { it: { op: "fickle", with: { step: 3, key: 2 } } } }
      """
    let report = try replay(try laboratory.run(text).run)
    #expect(report.exitStatus == 1)
    let stage = try #require(report.firstDifference)
    guard case .differs(let difference) = stage.verdict else { return }
    #expect(difference.output == "model")
    #expect(difference.path == "weights.bin")
    #expect(difference.point == .init(series: "loss", step: 3, recorded: 4, replayed: 5))
    #expect(
      difference.trace
        == .init(number: 3, recorded: "step 3 digest 3001", replayed: "step 3 digest 3002"))
    #expect(try laboratory.workspace.ledger.findings().count == 1)
  }

  @Test func `a resumed run replays as identical with all its metrics`() throws {
    let text = """
      { name: "counting", stages: { count: { op: "counting", with: { steps: 12, milliseconds: 5 } } } }
      """
    let cancellation = Cancellation()
    var options = laboratory.options
    options.cancellation = cancellation
    laboratory.observer.reaction = { event in
      if case .stage(_, .snapshot) = event { cancellation.request() }
    }
    #expect(try laboratory.run(text, options: options).exitStatus == 130)
    laboratory.observer.reaction = { _ in }
    let report = try replay(try laboratory.run(text).run)
    #expect(report.exitStatus == 0)
  }

  @Test func `a replay says which input object is missing`() throws {
    let text = """
      { name: "gone", stages: {
        one: { op: "number", with: { value: 1 } },
        sum: { op: "sum", inputs: { numbers: "one.value" } },
      } }
      """
    let first = try laboratory.run(text)
    let object = try #require(first["one"]?.result?.outputs["value"]?.digest)
    try laboratory.workspace.store.remove(object)
    let report = try replay(first.run, ["sum"])
    guard case .failed(let message) = report.stages[0].verdict else {
      Issue.record("replayed without its input")
      return
    }
    #expect(
      message == "cannot replay: the object \(object) of its input \"numbers\" is not in the store")
  }

  @Test func `a stage that the run does not have is refused`() throws {
    let run = try laboratory.run(
      "{ name: \"a\", stages: { one: { op: \"number\", with: { value: 1 } } } }"
    ).run
    #expect(throws: RunnerError(.wrong, "the run has no stage \"onee\" (did you mean \"one\"?)")) {
      try replay(run, ["onee"])
    }
  }
}
