import ContentStore
import Pipeline
import Testing

struct LoopTests {
  static let loops = """
    loops: { rounds: {
      count: 3,
      carry: { policy: 'base.checkpoint', data: [] },
      stages: {
        sft: { op: 'train', inputs: { tokens: 'words.tokens', start: 'policy' },
               with: { phases: [{ tokens: 1 }, { tokens: 2 }] } },
        eval: { op: 'judge', inputs: { model: 'sft.checkpoint' } },
        pool: { op: 'mix', inputs: { all: 'data', fresh: 'import.documents' } },
      },
      next: { policy: 'sft.checkpoint', data: ['data', 'pool.documents'] },
      overrides: { '2': { sft: { with: { learningRate: 0.5 } } } },
    } },
    """
  static let stages =
    OverrideTests.stages.replacing("train:", with: "base:") + """
      final: { op: 'judge', inputs: { model: 'rounds.policy' } },
      second: { op: 'judge', inputs: { model: 'rounds-2-sft.checkpoint' } },
      """

  private func unrolled(_ set: String...) throws -> ResolvedExperiment {
    try resolve(stages: Self.stages, rest: Self.loops, set: set)
  }

  private func input(_ port: String, of stage: String, _ set: String...) throws -> [String] {
    try resolve(stages: Self.stages, rest: Self.loops, set: set).stage(stage).inputs[port]?
      .map(\.description) ?? []
  }

  @Test func `a loop unrolls into a stage per round`() throws {
    #expect(
      try unrolled().stages.map(\.name) == [
        "import", "words", "base", "rounds-1-sft", "rounds-1-eval", "rounds-1-pool",
        "rounds-2-sft", "second", "rounds-2-eval", "rounds-2-pool", "rounds-3-sft", "final",
        "rounds-3-eval", "rounds-3-pool",
      ])
  }

  @Test func `each round reads what the one before handed on`() throws {
    #expect(try input("start", of: "rounds-1-sft") == ["base.checkpoint"])
    #expect(try input("start", of: "rounds-2-sft") == ["rounds-1-sft.checkpoint"])
    #expect(try input("start", of: "rounds-3-sft") == ["rounds-2-sft.checkpoint"])
    #expect(try input("model", of: "rounds-3-eval") == ["rounds-3-sft.checkpoint"])
    #expect(try input("tokens", of: "rounds-3-sft") == ["words.tokens"])
  }

  @Test func `carried lists grow`() throws {
    #expect(try input("all", of: "rounds-1-pool") == [])
    #expect(
      try input("all", of: "rounds-3-pool")
        == ["rounds-1-pool.documents", "rounds-2-pool.documents"])
  }

  @Test func `outside, the loop's name hands on the last round's value`() throws {
    #expect(try input("model", of: "final") == ["rounds-3-sft.checkpoint"])
    let one = try resolve(
      stages: Self.stages.replacing("rounds-2", with: "rounds-1"), rest: Self.loops,
      set: ["loops.rounds.count=1"])
    #expect(
      try one.stage("final").inputs["model"]?.map(\.description) == ["rounds-1-sft.checkpoint"])
    #expect(try input("model", of: "second") == ["rounds-2-sft.checkpoint"])
  }

  @Test func `a round may differ, in the file or by an override`() throws {
    func rates(_ set: String...) throws -> [JSON?] {
      let resolved = try resolve(stages: Self.stages, rest: Self.loops, set: set)
      return try (1...3).map {
        try resolved.stage("rounds-\($0)-sft").stage.parameters["learningRate"]
      }
    }
    #expect(try rates() == [0.001, 0.5, 0.001])
    #expect(try rates("stages.rounds-3-sft.with.learningRate=0.25") == [0.001, 0.5, 0.25])
    #expect(try rates("stages.rounds-2-sft.with.learningRate=null") == [0.001, 0.001, 0.001])
    #expect(try rates("loops.rounds.stages.sft.with.learningRate=0.125") == [0.125, 0.5, 0.125])
  }

  @Test func `an override of a list's element reaches one round alone`() throws {
    let resolved = try unrolled("stages.rounds-2-sft.with.phases[1].tokens=9")
    let tokens = try (1...3).map { round in
      try resolved.stage("rounds-\(round)-sft").stage.parameters["phases"]?.arrayValue?
        .map { $0["tokens"] }
    }
    #expect(tokens == [[1, 2], [1, 9], [1, 2]])
  }

  @Test func `inside, a sibling is nearer than a stage outside`() throws {
    let resolved = try resolve(
      stages: Self.stages + "sft: { op: 'judge', inputs: { model: 'base.checkpoint' } }",
      rest: Self.loops)
    #expect(
      try resolved.stage("rounds-1-eval").inputs["model"]?.first?.description
        == "rounds-1-sft.checkpoint")
  }

  @Test(arguments: [
    (
      "{count: 0, stages: {a: {op: 'mix'}}}",
      "loops.l.count: must be an integer from 1 to 1000, found 0"
    ),
    ("{stages: {a: {op: 'mix'}}}", "loops.l: needs \"count\": the number of rounds"),
    ("{count: 1}", "loops.l: has no stages"),
    (
      "{count: 1, stages: {a: {op: 'mix'}}, carry: {p: 'base.checkpoint'}}",
      "loops.l.next: must give \"p\", which loops.l.carry does"
    ),
    (
      "{count: 1, stages: {a: {op: 'mix'}}, next: {p: 'a.documents'}}",
      "loops.l.carry: must give \"p\", which loops.l.next does"
    ),
    (
      "{count: 2, stages: {a: {op: 'mix'}}, overrides: {'0': {}}}",
      "loops.l.overrides.0: \"0\" is no round: they are counted from \"1\""
    ),
    (
      "{count: 2, stages: {abc: {op: 'mix'}}, overrides: {'2': {abd: {}}}}",
      "loops.l.overrides.2.abd: is not a known key (did you mean \"abc\"?)"
    ),
    (
      "{count: 1, stages: {a: {op: 'mix', inputs: {x: 'q'}}}}",
      "loops.l.stages.a.inputs.x: \"q\" names no output: write \"stage.output\""
    ),
    (
      "{count: 1, cuont: 2, stages: {a: {op: 'mix'}}}",
      "loops.l.cuont: is not a known key (did you mean \"count\"?)"
    ),
    (
      "{count: 1, stages: {a: {op: 'mix', inputs: {x: 'l.polcy'}}},"
        + " carry: {policy: 'import.documents'}, next: {policy: 'a.documents'}}",
      "loops.l.stages.a.inputs.x: loop \"l\" hands on no \"polcy\""
        + " (did you mean \"l.policy\"?); it hands on policy"
    ),
  ])
  func `a mistake in a loop is refused`(loop: String, message: String) throws {
    let error = try failure {
      _ = try resolve(stages: OverrideTests.stages, rest: "loops: {l: \(loop)}")
    }
    #expect("\(error.path): \(error.message)" == message)
  }

  @Test func `names that clash are refused`() throws {
    let one = try failure { _ = try experiment(stages: "l: {op: 'mix'}", rest: "loops: {l: {}}") }
    #expect(one.message == "a stage has the name \"l\" too; rename one")
    let loop = "loops: {l: {count: 1, stages: {a: {op: 'mix'}}}}"
    let two = try failure { _ = try experiment(stages: "'l-1-a': {op: 'mix'}", rest: loop) }
    #expect(
      two.message.hasPrefix("unrolls to the stage name \"l-1-a\", which stages.l-1-a has too"))
  }

  @Test func `loops that start from each other's end are refused`() throws {
    let rest = """
      loops: {
        l: { count: 1, stages: { a: { op: 'mix', inputs: { x: 'p' } } },
             carry: { p: 'm.p' }, next: { p: 'p' } },
        m: { count: 1, stages: { a: { op: 'mix', inputs: { x: 'p' } } },
             carry: { p: 'l.p' }, next: { p: 'p' } },
      }
      """
    let error = try failure { _ = try experiment(stages: "", rest: rest) }
    #expect(error.message == "the loops' carried values lead in a circle")
  }

  @Test func `a misspelt round is refused with a suggestion`() throws {
    let error = try failure { _ = try unrolled("stages.rounds-2-stf.with.learningRate=1") }
    #expect(
      error.message
        == "there is no stage \"rounds-2-stf\" (did you mean \"rounds-2-sft\"?)")
  }
}
