import ContentStore
import Testing

@testable import Ledger

@Suite struct RecordTests {
  @Test func `a run is read back as it was recorded`() throws {
    try withLedger { ledger in
      var start = sampleRun()
      let parent = try ledger.beginRun(start)
      start.parent = BranchPoint(run: parent, stage: "a", step: 3)
      start.purpose = .branch
      let id = try ledger.beginRun(start)
      let run = try #require(try ledger.run(id))
      #expect(run.start == start)
      #expect(run.number == 2)
      #expect(run.end == nil)
      #expect(try ledger.record(run.environment) == sampleEnvironment)
      #expect(try ledger.record(try #require(run.code)) == ["commit": "abc"])
      let end = RunEnd(ending: .interrupted)
      try ledger.endRun(id, end)
      #expect(try ledger.run(id)?.end == end)
      #expect(try ledger.run(number: 2) == id)
      #expect(try ledger.run(number: 3) == nil)
    }
  }

  @Test func `ids are the digests of the start records`() throws {
    try withLedger { ledger in
      let id = try ledger.beginRun(sampleRun())
      let record = try #require(try ledger.record(id))
      #expect(SHA256.hash(try record.canonical()) == id)
      #expect(try ledger.beginRun(sampleRun()) != id)
    }
  }

  @Test func `an execution is read back as it was recorded`() throws {
    try withLedger { ledger in
      let run = try ledger.beginRun(sampleRun())
      var start = ExecutionStart(
        recipe: sampleRecipe(inputs: ["text": [sampleArtifact("in"), sampleArtifact("in")]]),
        run: run, stage: "a", environment: sampleEnvironment)
      start.code = ["commit": "abc"]
      start.threads = 2
      start.isInProcess = true
      start.resumedFrom = 7
      let id = try ledger.beginExecution(start)
      var end = ExecutionEnd(
        ending: .done, result: sampleResult(), log: sampleArtifact("log"))
      end.userSeconds = 0.1
      end.systemSeconds = 0.2
      end.peakMemory = 4096
      try ledger.endExecution(id, end)
      let execution = try #require(try ledger.execution(id))
      #expect(execution.start == start)
      // Scores hold a NaN, which equals nothing: compare the records.
      #expect(execution.end?.result?.json == end.result?.json)
      #expect(execution.end?.log == end.log)
      #expect(execution.end?.peakMemory == 4096)
      #expect(execution.recipe == (try recipeDigest(start.recipe)))
      #expect(try ledger.recipe(execution.recipe) == start.recipe)
      #expect(try ledger.executions(ofRun: run).map(\.id) == [id])
      #expect(try ledger.executions(ofRecipe: execution.recipe).map(\.id) == [id])
    }
  }

  @Test func `a failed execution keeps its error`() throws {
    try withLedger { ledger in
      let start = ExecutionStart(
        recipe: sampleRecipe(), run: nil, stage: "a", environment: sampleEnvironment)
      let id = try ledger.beginExecution(start)
      try ledger.endExecution(id, ExecutionEnd(ending: .failed, error: "no bytes"))
      #expect(try ledger.execution(id)?.end?.error == "no bytes")
      #expect(try ledger.results(ofRecipe: try recipeDigest(sampleRecipe())).isEmpty)
    }
  }

  @Test func `stages of a run keep order, wiring and outcome`() throws {
    try withLedger { ledger in
      let run = try ledger.beginRun(sampleRun())
      let execution = try ledger.carryOut(sampleRecipe(), sampleResult(), run: run)
      let stages = [
        RunStage(
          name: "a", position: 0, op: "count", recipe: try recipeDigest(sampleRecipe()),
          execution: execution, outcome: .executed),
        RunStage(
          name: "b", position: 1, op: "count", recipe: nil, execution: nil, outcome: .blocked,
          inputs: ["documents": ["a.documents", "sha256:00"]]),
      ]
      try ledger.addRunStages(stages.reversed(), to: run)
      #expect(try ledger.stages(ofRun: run) == stages)
      let summary = try #require(try ledger.runs().first)
      #expect(summary.planned == 2)
      #expect(summary.executed == 1)
      #expect(summary.failed == 1)
      #expect(summary.done == 1)
      #expect(summary.hits == 0)
    }
  }

  @Test func `scores keep all their bits`() throws {
    try withLedger { ledger in
      let run = try ledger.beginRun(sampleRun())
      let execution = try ledger.carryOut(sampleRecipe(), sampleResult(), run: run)
      try ledger.addRunStage(
        RunStage(
          name: "a", position: 0, op: "count", recipe: try recipeDigest(sampleRecipe()),
          execution: execution, outcome: .executed), to: run)
      let scores = try ledger.scores(ofRun: run)
      #expect(scores.map(\.name) == ["accuracy", "nan", "zero"])
      #expect(scores[0].score == sampleResult().scores["accuracy"])
      #expect(scores[1].score.value.bitPattern == Double.nan.bitPattern)
      #expect(scores[2].score.value.bitPattern == (-0.0).bitPattern)
    }
  }

  @Test func `a recipe with two results is a finding and hits stay with the first`() throws {
    try withLedger { ledger in
      let recipe = try recipeDigest(sampleRecipe())
      let first = try ledger.carryOut(sampleRecipe(), sampleResult("one"))
      #expect(try ledger.findings().isEmpty)
      let second = try ledger.carryOut(sampleRecipe(), sampleResult("two"), stage: "b")
      let third = try ledger.carryOut(sampleRecipe(), sampleResult("one"))
      try ledger.carryOut(sampleRecipe(2), sampleResult("one"))
      let results = try ledger.results(ofRecipe: recipe)
      #expect(results.map(\.executions) == [[first, third], [second]])
      #expect(results[0].result.outputs == sampleResult("one").outputs)
      let finding = try #require(try ledger.findings().first)
      #expect(finding.recipe == recipe)
      #expect(finding.results.map(\.digest) == results.map(\.digest))
      #expect(try ledger.findings(ofRecipe: try recipeDigest(sampleRecipe(2))).isEmpty)
      #expect(
        try ledger.select("SELECT used FROM findings ORDER BY first_seq").rows
          == [[.integer(1)], [.integer(0)]])
    }
  }

  @Test func `an artifact is traced up and down`() throws {
    try withLedger { ledger in
      let made = sampleArtifact("one")
      let maker = try ledger.carryOut(sampleRecipe(), sampleResult("one"))
      let taker = sampleRecipe(2, inputs: ["text": [sampleArtifact("x"), made]])
      try ledger.carryOut(taker, sampleResult("two"))
      let production = try #require(try ledger.productions(of: made.digest).first)
      #expect(production.execution == maker)
      #expect(production.port == "documents")
      #expect(production.artifact == made)
      let consumption = try #require(try ledger.consumptions(of: made.digest).first)
      #expect(consumption.recipe == (try recipeDigest(taker)))
      #expect(consumption.position == 1)
      #expect(try ledger.consumptions(of: sampleArtifact("two").digest).isEmpty)
    }
  }

  @Test func `tags show the newest value and keep the old ones`() throws {
    try withLedger { ledger in
      let one = Subject(.run, try ledger.beginRun(sampleRun()))
      let two = Subject(.artifact, sampleArtifact("x").digest)
      try ledger.tag("best", one)
      try ledger.tag("best", two)
      try ledger.tag("old", one)
      #expect(try ledger.tag(named: "best")?.subject == two)
      try ledger.tag("old", nil)
      #expect(try ledger.tag(named: "old") == nil)
      #expect(try ledger.tags().map(\.name) == ["best"])
      #expect(try ledger.tagHistory("best").map(\.subject) == [one, two])
      #expect(try ledger.tag(named: "none") == nil)
    }
  }

  @Test func `notes stand in order`() throws {
    try withLedger { ledger in
      let run = Subject(.run, try ledger.beginRun(sampleRun()))
      try ledger.note("first 🌱", on: run)
      try ledger.note("second", on: run)
      #expect(try ledger.notes(on: run.digest).map(\.text) == ["first 🌱", "second"])
    }
  }

  @Test func `a prefix finds everything that has it`() throws {
    try withLedger { ledger in
      let run = try ledger.beginRun(sampleRun())
      let artifact = sampleArtifact("in")
      let recipe = sampleRecipe(inputs: ["text": [artifact]])
      let execution = try ledger.carryOut(recipe, sampleResult(), run: run)
      func match(_ digest: Digest) throws -> [Subject] {
        try ledger.matches(prefix: String(digest.hex.prefix(12)))
      }
      #expect(try match(run) == [Subject(.run, run)])
      #expect(try match(execution) == [Subject(.execution, execution)])
      #expect(try match(artifact.digest) == [Subject(.artifact, artifact.digest)])
      #expect(try match(try recipeDigest(recipe)) == [Subject(.recipe, try recipeDigest(recipe))])
      #expect(try ledger.matches(prefix: run.description) == [Subject(.run, run)])
      #expect(try ledger.matches(prefix: "xyz").isEmpty)
      #expect(try ledger.matches(prefix: "' OR 1").isEmpty)
      let all = try (0..<16).flatMap { try ledger.matches(prefix: String($0, radix: 16)) }
      #expect(all.count == 7)
    }
  }

  @Test func `runs are listed newest first, filtered and cut`() throws {
    try withLedger { ledger in
      for number in 0..<6 { _ = try ledger.beginRun(sampleRun(number % 2 == 0 ? "even" : "odd")) }
      #expect(try ledger.runs(limit: 2).map(\.number) == [6, 5])
      #expect(try ledger.runs(RunFilter(experiment: "odd")).map(\.number) == [6, 4, 2])
      #expect(try ledger.runs(RunFilter(purposes: [.replay])).isEmpty)
      let condition = RunFilter(condition: "number < 3 OR number = 5 -- and so on")
      #expect(try ledger.runs(condition).map(\.number) == [5, 2, 1])
      #expect(try ledger.experiments() == ["even", "odd"])
    }
  }

  @Test(arguments: ["1); DELETE FROM run; --", "nonsense =", "1) OR (1", "1; SELECT 2"])
  func `a condition that is no condition is refused`(condition: String) throws {
    try withLedger { ledger in
      #expect(throws: LedgerError.self) { try ledger.runs(RunFilter(condition: condition)) }
    }
  }

  @Test func `a finished run with the same recipes is found`() throws {
    try withLedger { ledger in
      let recipe = try recipeDigest(sampleRecipe())
      func record(_ ending: Ending) throws -> Digest {
        let run = try ledger.beginRun(sampleRun())
        let execution = try ledger.carryOut(sampleRecipe(), sampleResult(), run: run)
        let stage = RunStage(
          name: "a", position: 0, op: "count", recipe: recipe, execution: execution,
          outcome: .executed)
        try ledger.addRunStage(stage, to: run)
        try ledger.endRun(run, RunEnd(ending: ending))
        return run
      }
      func find(_ overrides: [String], _ recipes: [String: Digest]) throws -> Digest? {
        try ledger.finishedRun(
          experiment: "quick", profile: "laptop", overrides: overrides, recipes: recipes)
      }
      _ = try record(.failed)
      let overrides = sampleRun().overrides
      #expect(try find(overrides, ["a": recipe]) == nil)
      let done = try record(.done)
      #expect(try find(overrides, ["a": recipe]) == done)
      #expect(try find([], ["a": recipe]) == nil)
      #expect(try find(overrides, ["b": recipe]) == nil)
      #expect(try find(overrides, ["a": recipe, "b": recipe]) == nil)
    }
  }
}
