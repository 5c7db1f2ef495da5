import ContentStore
import Ledger
import Pipeline
import Testing

/// A digest made of one repeated byte.
func digest(_ byte: UInt8) -> Digest { Digest(bytes: Array(repeating: byte, count: 32)) }

struct RecipeTests {
  private static let base = """
    { name: 'r', seed: 7, stages: {
      words: { op: 'import', with: { files: 'a' } },
      train: { op: 'train', inputs: { tokens: 'count.tokens' },
        with: { learningRate: 0.002, model: { layers: 3, tied: true },
                phases: [ { tokens: 1000, schedule: 'linear' }, { tokens: 5 } ] } },
      count: { op: 'count', inputs: { documents: 'words.documents' }, with: { size: 64 } },
    } }
    """

  private func recipe(
    _ stage: String, of text: String = base, profile: String? = nil, set: [String] = [],
    inputs: [String: [Artifact]] = ["tokens": [Artifact(.tree, digest(1))]],
    numerics: String? = nil
  ) throws -> Recipe {
    let resolved = try ExperimentFile(parsing: source(text))
      .experiment(profile: profile, overrides: set.map(override)).resolve(testRegistry)
    return try resolved.recipe(for: resolved.stage(stage), inputs: inputs, numerics: numerics)
  }

  @Test func `a recipe holds every parameter, defaults filled in`() throws {
    let expected = Recipe(
      op: "train", revision: 2,
      parameters: [
        "learningRate": 0.002, "model": ["layers": 3, "tied": true],
        "phases": [
          ["tokens": 1000, "schedule": "linear"], ["tokens": 5, "schedule": "cosine"],
        ],
      ],
      inputs: ["tokens": [Artifact(.tree, digest(1))]], seed: 7, numerics: "portable/1")
    #expect(try recipe("train") == expected)
  }

  @Test func `seed and numerics stay out of recipes they do not change`() throws {
    let count = try recipe("count", inputs: [:])
    #expect(count.seed == nil && count.numerics == nil)
  }

  @Test func `a files parameter is an input, never a path`() throws {
    let tree = ["files": [Artifact(.tree, digest(9))]]
    let one = try recipe("words", inputs: tree)
    #expect(one.parameters == ["filter": ["minimum": 0]])
    #expect(try recipe("words", set: ["stages.words.with.files=/else/where"], inputs: tree) == one)
  }

  /// Each of these is a literal of the file, changed.
  @Test(arguments: [
    "seed=8", "numerics=openblas", "stages.train.seed=8",
    "stages.train.with.learningRate=0.0020001",
    "stages.train.with.model.layers=4", "stages.train.with.model.tied=false",
    "stages.train.with.phases[0].tokens=1001", "stages.train.with.phases[1].tokens=6",
    "stages.train.with.phases[0].schedule=cosine", "stages.train.with.phases[1].schedule=linear",
    "stages.train.with.phases=[{tokens: 1000, schedule: 'linear'}]",
    "stages.train.with.phases=[{tokens: 5}, {tokens: 1000, schedule: 'linear'}]",
  ])
  func `every literal changes the digest`(change: String) throws {
    #expect(try recipe("train", set: [change]).json != recipe("train").json)
  }

  @Test func `every input changes the digest, by port and order`() throws {
    let (a, b) = (Artifact(.tree, digest(1)), Artifact(.tree, digest(2)))
    let recipes = try [
      ["tokens": [a]], ["tokens": [b]], ["tokens": [a, b]], ["tokens": [b, a]],
      ["tokens": [a], "start": [b]], ["tokens": [b], "start": [a]],
      ["tokens": [Artifact(.file, digest(1))]],
    ].map { try recipe("train", inputs: $0).json.canonicalText() }
    #expect(Set(recipes).count == recipes.count)
  }

  @Test func `the engine's full name replaces its short one`() throws {
    let full = try recipe("train", set: ["numerics=openblas"], numerics: "openblas 0.3.21 Zen")
    #expect(full.numerics == "openblas 0.3.21 Zen")
  }

  /// The same experiment, written otherwise.
  static let spellings: [String] = [
    // numbers and quotes
    base.replacing("0.002", with: "+2.e-3").replacing("1000", with: "0x3E8")
      .replacing("'linear'", with: "\"lin\\u0065ar\""),
    // a comment
    base.replacing("seed: 7", with: "/* lucky */ seed: 7 // indeed\n"),
    // order of members
    base.replacing("layers: 3, tied: true", with: "tied: true, layers: 3"),
    // a value that is the default, left out
    base.replacing(", tied: true", with: ""),
    // names of experiment and stages
    base.replacing("name: 'r'", with: "name: 'other'").replacing("count:", with: "zz:")
      .replacing("count.tokens", with: "zz.tokens"),
    // text of no identity
    base.replacing("seed: 7", with: "seed: 7, description: 'x', paper: { title: 'y' }"),
    // the stage's own seed, spelt out
    base.replacing("op: 'train'", with: "op: 'train', seed: 7"),
    // the default engine, spelt out
    base.replacing("seed: 7", with: "seed: '7', numerics: 'portable/1'"),
    // another stage's parameters
    base.replacing("size: 64", with: "size: 65"),
    // values of a profile
    base.replacing("0.002", with: "0.5").replacing(
      "seed: 7",
      with: "seed: 1, defaultProfile: 'p', profiles: { p: { seed: 7,"
        + " stages: { train: { with: { learningRate: 0.002 } } } } }"),
  ]

  @Test(arguments: spellings)
  func `nothing else changes the digest`(text: String) throws {
    #expect(text != Self.base)
    #expect(
      try recipe("train", of: text).json.canonicalText()
        == recipe("train").json.canonicalText())
  }

  @Test func `a recipe's parameters can be decoded again`() throws {
    for stage in ["words", "train", "count"] {
      let recipe = try recipe(stage, inputs: ["files": [Artifact(.tree, digest(1))]])
      let decoded = try testRegistry.stage(recipe.op).decode(recipe: recipe)
      #expect(decoded.parameters == recipe.parameters)
    }
  }
}

struct ExperimentRecordTests {
  private func record(_ resolved: ResolvedExperiment) throws -> String {
    try resolved.record.canonicalText()
  }

  private func reread(_ resolved: ResolvedExperiment, set: [String] = []) throws
    -> ResolvedExperiment
  {
    let record = try JSON(parsing: resolved.record.canonical())
    return try Experiment(
      record: record, name: "run 1234", folder: "/home/user/exp", overrides: set.map(override)
    ).resolve(testRegistry)
  }

  @Test func `a recorded experiment resolves to the same stages in the same order`() throws {
    let first = try resolve(
      stages: LoopTests.stages + "aaa: { op: 'import', with: { files: 'a' } }",
      rest: LoopTests.loops, set: ["stages.rounds-3-sft.with.learningRate=0.25"])
    let second = try reread(first)
    #expect(second.stages.map(\.name) == first.stages.map(\.name))
    #expect(try record(second) == record(first))
    #expect(second.experiment.overrides == first.experiment.overrides)
    for (a, b) in zip(first.stages, second.stages) {
      #expect(a.stage.parameters == b.stage.parameters && a.seed == b.seed)
      #expect(
        a.inputs.mapValues { $0.map(\.description) } == b.inputs.mapValues { $0.map(\.description) }
      )
    }
  }

  @Test func `a branch sets values on top of the record`() throws {
    let first = try resolve(stages: LoopTests.stages, rest: LoopTests.loops, set: ["seed=3"])
    let branch = try reread(first, set: ["stages.rounds-3-sft.with.learningRate=0.25"])
    #expect(
      branch.experiment.overrides
        == ["seed=3", "stages.rounds-3-sft.with.learningRate=0.25"])
    let changed = zip(first.stages, branch.stages).filter {
      $0.stage.parameters != $1.stage.parameters || $0.seed != $1.seed
    }
    #expect(changed.map(\.0.name) == ["rounds-3-sft"])
  }

  @Test func `paths of the file stay relative, those of an override become absolute`() throws {
    let stages = "a: {op: 'import', with: {files: 'x'}}, b: {op: 'import', with: {files: 'y'}}"
    let first = try resolve(stages: stages, set: ["stages.b.with.files=[z/q, '/w']"])
    let set = try resolve(stages: stages, set: ["stages.b.with.files=z/q"])
    #expect(try set.stage("b").files["files"]?[0].absolute == "/cwd/z/q")
    #expect(try set.stage("a").files["files"]?[0].absolute == "/home/user/exp/x")
    let merged = set.record["experiment"]?["stages"]
    #expect(merged?["a"]?["with"]?["files"] == "x")
    #expect(merged?["b"]?["with"]?["files"] == "/cwd/z/q")
    let again = try reread(set)
    #expect(try again.stage("b").files["files"]?[0].absolute == "/cwd/z/q")
    #expect(try again.stage("a").files["files"]?[0].absolute == "/home/user/exp/x")
    #expect(try first.stage("b").files["files"]?.count == 1)
  }

  @Test func `spelling, order and comments do not change the record`() throws {
    let one = try resolve(stages: "a: {op: 'import', with: {files: 'x', filter: {minimum: 1e3}}}")
    let two = try resolve(
      stages: "a: { with: {filter: {minimum: 1000}, files: 'x'}, /**/ op: \"import\"}")
    #expect(try record(one) == record(two))
  }

  @Test func `what is no record is refused`() throws {
    let error = try failure {
      _ = try Experiment(record: ["type": "recipe/1"], name: "run 12", folder: "/")
    }
    #expect(error.message == "the record of run 12 is not an experiment (experiment/1)")
  }
}
