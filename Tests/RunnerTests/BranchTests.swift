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

  private func branch(_ run: Digest?, at stage: String, _ sets: [String]) throws -> RunReport {
    let overrides = try sets.map { try Override(parsing: $0, folder: laboratory.folder) }
    let (experiment, options) = try Branch.resolve(
      parent: try #require(run), at: stage, step: nil, overrides: overrides,
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
}
