import ContentStore
import Ledger
import Pipeline
import Testing

@testable import Runner

@Suite struct AuditTests {
  let laboratory: Laboratory
  init() throws { laboratory = try Laboratory() }

  /// Trials in this process, as the laboratory's program is no exp.
  private func ways(_ recipe: Recipe, engines: [String] = []) -> [AuditWay] {
    AuditWay.all(for: recipe, in: .toys, engines: engines, programs: []).map { way in
      var way = way
      way.isInProcess = true
      return way
    }
  }

  private func audit(
    _ stage: String, _ text: String, engines: [String] = [], repetitions: Int = 1,
    _ change: (inout RunOptions) -> Void = { _ in }
  ) throws -> AuditReport {
    var options = laboratory.options
    options.threads = 2
    let report = try laboratory.run(text, options: options)
    let run = try #require(report.run)
    let recipe = try #require(
      try report[stage]?.recipe.flatMap(laboratory.workspace.ledger.recipe))
    change(&options)
    return try Audit.run(
      run, stage: stage, ways: ways(recipe, engines: engines), repetitions: repetitions,
      in: laboratory.workspace, options: options, registry: .toys, observer: laboratory.observer)
  }

  private func careless(_ heeds: String) -> String {
    """
    { name: "careless", stages: { it: { op: "careless", with: { heeds: "\(heeds)" } } } }
    """
  }

  private func faults(_ report: AuditReport) -> [String] {
    report.trials.filter(\.isFault).map(\.way.name)
  }

  @Test func `an exact stage is the same in every way, and the audit is on record`() throws {
    let report = try audit("it", careless("nothing"))
    #expect(report.exitStatus == 0 && faults(report) == [])
    #expect(
      report.trials.map(\.way.name) == [
        "threads 1", "threads 2", "threads 3", "threads 7", "in process", "micro-batches of 1",
        "micro-batches of 100", "micro-batches of 65536",
      ])
    let ledger = laboratory.workspace.ledger
    let audited = try #require(report.run)
    let run = try #require(try ledger.run(audited))
    #expect(run.start.purpose == .audit && run.start.parent?.stage == "it")
    #expect(run.end?.ending == .done)
    let executions = try report.trials.map { try #require($0.execution) }
    #expect(Set(executions).count == 8)
    let threads = try executions.map { try ledger.execution($0)?.start.threads }
    #expect(threads == [1, 2, 3, 7, 2, 2, 2, 2])
    #expect(try ledger.stages(ofRun: run.id).map(\.name).first == "it (threads 1)")
    // An audit is no answer to a later run, and finds nothing here.
    #expect(try laboratory.run(careless("nothing")).run == run.start.parent?.run)
    #expect(try ledger.findings().isEmpty)
  }

  @Test func `threads that change bits are found, with step, tensor and output`() throws {
    let report = try audit("it", careless("threads"))
    #expect(report.exitStatus == 1)
    #expect(faults(report) == ["threads 1", "threads 3", "threads 7"])
    guard case .differs(let difference) = report.trials[0].verdict else {
      Issue.record("one thread was the same as two")
      return
    }
    #expect(difference.point == .init(series: "loss", step: 3, recorded: 5, replayed: 4))
    #expect(difference.tensor == "parameters/w" && difference.trace?.number == 3)
    #expect(difference.output == "model" && difference.path == "weights.bin")
    #expect(try laboratory.workspace.ledger.findings().count == 1)
  }

  @Test func `micro-batches that change bits are found`() throws {
    let report = try audit("it", careless("rows"))
    #expect(
      faults(report) == ["micro-batches of 1", "micro-batches of 100", "micro-batches of 65536"])
  }

  @Test func `another engine may differ, and is another recipe`() throws {
    let report = try audit("it", careless("numerics"), engines: ["portable/1", "other/2.0"])
    #expect(report.exitStatus == 0 && faults(report) == [])
    let last = try #require(report.trials.last)
    #expect(last.way.name == "engine other/2.0" && !last.way.mustAgree)
    guard case .differs = last.verdict else {
      Issue.record("the engine's name did not reach the stage")
      return
    }
    #expect(try laboratory.workspace.ledger.findings().isEmpty)
    let id = try #require(last.execution)
    let execution = try laboratory.workspace.ledger.execution(id)
    #expect(execution?.recipe != report.recipe)
  }

  @Test func `an op without floating point is tried with threads and in process alone`() throws {
    let report = try audit(
      "one", "{ name: \"n\", stages: { one: { op: \"number\", with: { value: 1 } } } }",
      engines: ["portable/1", "other/2.0"], repetitions: 2)
    #expect(report.trials.count == 10 && report.exitStatus == 0)
  }

  @Test func `an audit that is stopped says so and keeps what it found`() throws {
    let cancellation = Cancellation()
    var count = 0
    laboratory.observer.reaction = { event in
      if case .stage(let name, .done) = event, name.hasPrefix("it (") {
        count += 1
        if count == 3 { cancellation.request() }
      }
    }
    let report = try audit("it", careless("nothing")) { $0.cancellation = cancellation }
    #expect(report.exitStatus == 130)
    #expect((3...4).contains(report.trials.count))
    let audited = try #require(report.run)
    let run = try laboratory.workspace.ledger.run(audited)
    #expect(run?.end?.ending == .interrupted)
  }

  @Test func `numerics that cannot be had here are said before anything is tried`() throws {
    let error = #expect(throws: RunnerError.self) {
      try audit("it", careless("nothing")) { $0.engineObstacle = { "no \($0) on this machine" } }
    }
    #expect(error?.message == "cannot audit \"it\": no portable/1 on this machine")
  }

  @Test func `a stage that the run does not have is refused`() throws {
    let run = try #require(try laboratory.run(careless("nothing")).run)
    let error = #expect(throws: RunnerError.self) {
      try Audit.run(
        run, stage: "itt", ways: [], in: laboratory.workspace, options: laboratory.options,
        registry: .toys, observer: laboratory.observer)
    }
    #expect(error?.kind == .wrong && error?.message.contains("did you mean \"it\"?") == true)
  }

  @Test func `a replay of numerics that cannot be had here is refused with the reason`() throws {
    let run = try #require(try laboratory.run(careless("nothing")).run)
    var options = laboratory.options
    options.engineObstacle = { "no \($0) on this machine" }
    let report = try Replay.run(
      run, stages: [], in: laboratory.workspace, options: options, registry: .toys,
      observer: laboratory.observer)
    guard case .failed(let message) = report.stages[0].verdict else {
      Issue.record("replayed without its engine")
      return
    }
    #expect(message == "cannot replay: no portable/1 on this machine")
  }
}
