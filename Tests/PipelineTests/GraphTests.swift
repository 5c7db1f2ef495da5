import ContentStore
import Pipeline
import Testing

struct GraphTests {
  static let fine = """
    judge: { op: 'judge', inputs: { model: 'train.checkpoint' } },
    other: { op: 'import', with: { files: 'b' } },
    train: { op: 'train', inputs: { tokens: ['words.tokens', 'words.tokens'] },
             with: { phases: [{ tokens: 1 }] } },
    words: { op: 'count', inputs: { documents: 'import.documents' } },
    import: { op: 'import', with: { files: 'a' } },
    """

  @Test func `stages follow those they read from, otherwise in file order`() throws {
    let resolved = try resolve(stages: Self.fine)
    #expect(resolved.stages.map(\.name) == ["other", "import", "words", "train", "judge"])
    let train = try resolved.stage("train")
    #expect(train.dependencies == ["words"])
    #expect(train.inputs["tokens"]?.map(\.description) == ["words.tokens", "words.tokens"])
    #expect(try resolved.stages(until: "words").map(\.name) == ["import", "words"])
    #expect(resolved.dependents(of: ["words"]) == ["words", "train", "judge"])
    let error = try failure { _ = try resolved.stage("trian") }
    #expect(error.message == "test has no stage \"trian\" (did you mean \"train\"?)")
  }

  /// What is wrong with a stage `x` beside a good `import` and `words`.
  static let wrong: [(String, String)] = [
    (
      "{ op: 'cuont' }",
      "stages.x.op: there is no op \"cuont\" (did you mean \"count\"?); `exp ops` lists them"
    ),
    (
      "{ op: 'count', inputs: { documents: 'imprt.documents' } }",
      "stages.x.inputs.documents: there is no stage \"imprt\" (did you mean \"import\"?)"
    ),
    (
      "{ op: 'count', inputs: { documents: 'import.document' } }",
      "stages.x.inputs.documents: the stage \"import\" has no output \"document\""
        + " (did you mean \"documents\"?); it has documents"
    ),
    (
      "{ op: 'count', inputs: { documents: 'words.tokens' } }",
      "stages.x.inputs.documents: wants documents, but words.tokens is tokens"
    ),
    (
      "{ op: 'count', inputs: { docs: 'import.documents' } }",
      "stages.x.inputs.docs: \"count\" has no input \"docs\"; it has documents"
    ),
    (
      "{ op: 'count', inputs: { document: 'import.documents' } }",
      "stages.x.inputs.document: \"count\" has no input \"document\""
        + " (did you mean \"documents\"?); it has documents"
    ),
    ("{ op: 'count' }", "stages.x.inputs: needs the input \"documents\": texts to count"),
    (
      "{ op: 'count', inputs: { documents: [] } }",
      "stages.x.inputs: needs the input \"documents\": texts to count"
    ),
    (
      "{ op: 'count', inputs: { documents: ['import.documents', 'import.documents'] } }",
      "stages.x.inputs.documents: takes one artifact, found 2"
    ),
    (
      "{ op: 'count', inputs: { documents: 'import.documents' }, seed: 3 }",
      "stages.x.seed: \"count\" draws no random numbers; remove the seed"
    ),
    (
      "{ op: 'count', inputs: { documents: 'import.documents' }, with: { size: 0 } }",
      "stages.x.with.size: must be from 1 to 65536, found 0"
    ),
    (
      "{ op: 'import', with: { files: 'a', filter: { minimun: 3 } } }",
      "stages.x.with.filter.minimun: is not a parameter (did you mean \"minimum\"?)"
    ),
    (
      "{ op: 'import' }",
      "stages.x.with.files: is required: texts to import"
        + " (write it here, or give --set stages.x.with.files=VALUE)"
    ),
    (
      "{ op: 'import', with: { files: 'a' }, inputs: { files: 'import.documents' } }",
      "stages.x.inputs.files: the parameter with.files gives this input already;"
        + " remove one of the two"
    ),
    (
      "{ op: 'mix', inputs: { any: 'words.tokens' } }",
      "stages.x.inputs.any: wants documents, but words.tokens is tokens"
    ),
  ]

  @Test(arguments: wrong)
  func `wrong wiring is refused by JSON path`(stage: String, message: String) throws {
    let error = try failure { _ = try resolve(stages: OverrideTests.stages + "x: \(stage)") }
    #expect("\(error.path): \(error.message)" == message)
    #expect(error.position != nil)
  }

  @Test func `places are those of the wrong word`() throws {
    func place(_ stage: String) throws -> Int? {
      let stages = ExperimentTests.stages.replacing("\n", with: "") + "\n" + stage
      return try failure { _ = try resolve(stages: stages) }.position.map { $0.column }
    }
    #expect(try place("x: { op: 'count', inputs: { documents: 'imprt.documents' } }") == 40)
    #expect(try place("x: { op: 'import', with: { files: 'a', filter: { minimun: 3 } } }") == 50)
    #expect(try place("x: { op: 'import', with: { files: 'a', filter: { minimum: -3 } } }") == 59)
    #expect(try place("x: { op: 'import', with: { flies: 'a' } }") == 26)
    #expect(try place("x: { op: 'cuont' }") == 10)
  }

  @Test func `a cycle is printed in the direction of the data`() throws {
    let error = try failure {
      _ = try resolve(
        stages: """
          a: { op: 'mix', inputs: { x: 'c.documents' } },
          b: { op: 'mix', inputs: { x: 'a.documents' } },
          c: { op: 'mix', inputs: { y: 'start.documents', x: 'b.documents' } },
          d: { op: 'mix', inputs: { x: 'c.documents' } },
          start: { op: 'import', with: { files: 'a' } },
          """)
    }
    #expect(error.message == "the stages feed one another in a circle: a → b → c → a")
    #expect(error.path == "stages.b.inputs.x")
  }

  @Test func `a stage that reads itself is a cycle`() throws {
    let error = try failure {
      _ = try resolve(stages: "a: {op: 'mix', inputs: {x: 'a.documents'}}")
    }
    #expect(error.message == "the stages feed one another in a circle: a → a")
  }

  @Test func `a files parameter may be wired to a stage instead`() throws {
    let resolved = try resolve(
      stages: OverrideTests.stages + """
        x: { op: 'import', inputs: { files: 'words.table' } },
        y: { op: 'judge', inputs: { model: 'train.checkpoint' }, with: { questions: '/q' } },
        """)
    #expect(try resolved.stage("x").files.isEmpty)
    #expect(try resolved.stage("x").inputs["files"]?.first?.description == "words.table")
    #expect(try resolved.stage("y").files["questions"]?.first?.absolute == "/q")
  }

  @Test func `estimates flow down the graph`() throws {
    let resolved = try resolve(
      stages: OverrideTests.stages + "y: { op: 'judge', inputs: { model: 'train.checkpoint' } }")
    #expect(resolved.estimates["train"] == Estimate(parameters: 200, tokens: 30))
    #expect(resolved.estimates["y"]?.parameters == 200)
    #expect(resolved.estimates["words"] == nil)
  }
}
