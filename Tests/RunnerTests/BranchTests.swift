import ContentStore
import Ledger
import Pipeline
import Testing

@testable import Runner

@Suite struct BranchTests {
  let laboratory: Laboratory
  init() throws { laboratory = try Laboratory() }

  private let text = """
    { name: "branching", stages: {
      data: { op: "number", with: { value: 1, files: "data.txt" } },
      model: { op: "sum", inputs: { numbers: "data.value" } },
      score: { op: "sum", inputs: { numbers: ["model.value"] } },
    } }
    """

  private func branch(_ run: Digest?, at stage: String, _ sets: [String], step: Int? = nil) throws
    -> RunReport
  {
    let overrides = try sets.map { try Override(parsing: $0, folder: laboratory.folder) }
    let (experiment, options) = try Branch.resolve(
      parent: try #require(run), at: stage, step: step, overrides: overrides,
      in: laboratory.workspace, registry: .toys, options: laboratory.options)
    return try Runner.run(
      experiment, in: laboratory.workspace, options: options, registry: .toys,
      observer: laboratory.observer)
  }

  @Test func `a branch carries out its stage and what follows, on the parent's files`() throws {
    try laboratory.write("abc", to: "data.txt")
    let parent = try laboratory.run(text)
    try laboratory.write("changed since", to: "data.txt")
    let child = try branch(parent.run, at: "model", ["stages.model.with.scale=3"])
    #expect(child.outcomes == [.hit, .executed, .executed])
    #expect(child["data"]?.recipe == parent["data"]?.recipe)
    #expect(try laboratory.text(child, "score") == "12")
    let run = try #require(child.run)
    let start = try #require(try laboratory.workspace.ledger.run(run)).start
    #expect(start.purpose == .branch)
    #expect(start.parent == BranchPoint(run: try #require(parent.run), stage: "model"))
    #expect(start.overrides == ["stages.model.with.scale=3"])
  }

  @Test func `a set above the branch point is refused`() throws {
    try laboratory.write("abc", to: "data.txt")
    let parent = try laboratory.run(text)
    #expect {
      try branch(parent.run, at: "model", ["stages.data.with.value=2"])
    } throws: { ($0 as? RunnerError)?.message.contains("changes the stage \"data\"") ?? false }
  }

  @Test func `a branch that changes nothing is refused`() throws {
    try laboratory.write("abc", to: "data.txt")
    let parent = try laboratory.run(text)
    #expect { try branch(parent.run, at: "model", ["stages.model.with.scale=1"]) } throws: {
      ($0 as? RunnerError)?.kind == .wrong
    }
  }

  private let counting = """
    { name: "counting", stages: {
      count: { op: "counting", with: { steps: 9 } },
      after: { op: "sum", inputs: { numbers: "count.trace" } } } }
    """

  @Test func `a branch from a step shares the steps before it`() throws {
    let parent = try laboratory.run(counting)
    let same = try branch(parent.run, at: "count", [], step: 5)
    #expect(same.outcomes == [.executed, .hit])
    #expect(same["count"]?.resultDigest == parent["count"]?.resultDigest)
    let other = try branch(parent.run, at: "count", ["stages.count.with.factor=3"], step: 5)
    let lines = try [parent, other].map { try laboratory.text($0, "count", "trace") ?? "" }
      .map { $0.split(separator: "\n") }
    #expect(lines[0].prefix(5) == lines[1].prefix(5))
    #expect(lines[0][5] != lines[1][5])
    // A branch of the branch keeps the state that the first one started from.
    let third = try branch(other.run, at: "after", ["stages.after.with.scale=2"])
    #expect(third.outcomes == [.hit, .executed])
  }

  @Test func `a step without a snapshot is refused with the steps that have one`() throws {
    let parent = try laboratory.run(counting)
    #expect(throws: RunnerError(.wrong, "\"count\" has no snapshot of step 7; it has 5")) {
      try branch(parent.run, at: "count", [], step: 7)
    }
    #expect(throws: RunnerError(.wrong, "the stage \"after\" keeps no snapshots to branch from")) {
      try branch(parent.run, at: "after", [], step: 5)
    }
  }

  @Test func `at a step, what decided the steps before it is refused and nothing is recorded`()
    throws
  {
    let parent = try laboratory.run(counting)
    let runs = try laboratory.workspace.ledger.runs().count
    let message =
      "stages.count.with.milliseconds must stay as the parent has it, because it decided the first 5 "
      + "steps"
    #expect(throws: RunnerError(.wrong, message)) {
      try branch(parent.run, at: "count", ["stages.count.with.milliseconds=1"], step: 5)
    }
    #expect(try laboratory.workspace.ledger.runs().count == runs)
    // The same change is fine where the stage begins anew.
    let anew = try branch(parent.run, at: "count", ["stages.count.with.milliseconds=1"])
    #expect(anew["count"]?.outcome == .executed)
  }
}
