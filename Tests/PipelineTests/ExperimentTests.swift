import ContentStore
import Foundation
import Pipeline
import Testing

struct ExperimentTests {
  static let stages = """
    import: { op: 'import', with: { files: 'texts' } },
    words: { op: 'count', inputs: { documents: 'import.documents' } },
    """

  @Test func `every part of a file is read`() throws {
    let rest = """
      description: "a test", numerics: "openblas",
      paper: { title: "T", arxiv: "2407.21783v3" },
      claims: [ { id: "c", source: "§1", check: "score(words.tokens, 'x') > 0", note: "n" } ],
      reported: { "8B": { mmlu: 0.667, source: "Table 9" } },
      profiles: { laptop: {}, smoke: {} },
      """
    let read = try experiment(stages: Self.stages, rest: rest)
    #expect(read.name == "test" && read.seed == 7 && read.description == "a test")
    #expect(read.numerics == "openblas" && read.profile == nil)
    #expect(read.paper?["arxiv"] == "2407.21783v3")
    #expect(read.stages.map(\.name) == ["import", "words"])
    let claim = try #require(read.claims.first)
    #expect(claim.id == "c" && claim.source == "§1" && claim.note == "n")
    #expect(claim.check == "score(words.tokens, 'x') > 0")
    #expect(claim.expression.quantities.map(\.stage) == ["words"])
    let table = try #require(read.reported.tables.first)
    #expect(table.size == "8B" && table.source == "Table 9")
    #expect(table.scores.map(\.name) == ["mmlu"] && table.scores.map(\.value) == [0.667])
  }

  @Test(arguments: ["llama-3.1", "qwen2", "a", "my_text.v2"])
  func `names that references can spell are taken`(name: String) throws {
    let text = "{name: '\(name)', stages: {\(Self.stages)}}"
    #expect(try ExperimentFile(parsing: source(text)).name == name)
  }

  @Test(arguments: ["", "3b", "A", "a:b", "a@1", "a/b", "a~1", "ä", "a b", "paper", ".a"])
  func `names that references cannot spell are refused`(name: String) throws {
    let text = "{name: '\(name)', stages: {\(Self.stages)}}"
    let error = try failure { _ = try ExperimentFile(parsing: source(text)) }
    #expect(error.path == "name" && error.position?.column == 8)
  }

  @Test(arguments: [
    ("{nam: 'a'}", "1:2 nam: is not a known key (did you mean \"name\"?)"),
    ("{stages: {}}", "1:1 needs \"name\": what the experiment is called"),
    ("{name: 3}", "1:8 name: must be a text, found 3"),
    ("[]", "1:1 must be an object, found a list"),
    ("{name: 'a'}", "1:1 stages: has no stages"),
    ("{name: 'a', seed: -1}", "1:19 seed: must be an integer from 0 to 2^64 − 1, found -1"),
    ("{name: 'a', seed: 1.5}", "1:19 seed: must be an integer from 0 to 2^64 − 1, found 1.5"),
    (
      "{name: 'a', numerics: 'portable'}",
      "1:23 numerics: must be one of portable/1, openblas, found \"portable\""
        + " (did you mean \"portable/1\"?)"
    ),
    (
      "{name: 'a', paper: {titel: ''}}",
      "1:21 paper.titel: is not a known key (did you mean \"title\"?)"
    ),
    (
      "{name: 'a', stages: {'x.y': {op: 'count'}}}",
      "1:22 stages.x.y: \"x.y\" is no stage name: use lower-case letters, digits and '-'"
    ),
    (
      "{name: 'a', stages: {x: {opp: 'count'}}}",
      "1:26 stages.x.opp: is not a known key (did you mean \"op\"?)"
    ),
    (
      "{name: 'a', stages: {train: {op: 'count'}, trian: {}}}",
      "1:44 stages.trian: has no \"op\" (did you mean \"train\"?)"
    ),
    (
      "{name: 'a', stages: {x: {op: 'count', with: 3}}}",
      "1:45 stages.x.with: must be an object, found 3"
    ),
    (
      "{name: 'a', stages: {x: {op: 'count', inputs: {a: 3}}}}",
      "1:51 stages.x.inputs.a: must be \"stage.output\" or a list of such, found 3"
    ),
    (
      "{name: 'a', stages: {x: {op: 'count', inputs: {a: 'b.c/d'}}}}",
      "1:51 stages.x.inputs.a: \"b.c/d\" is no reference: an input is a whole output,"
        + " \"stage.output\", without a path in it"
    ),
    (
      "{name: 'a', stages: {x: {op: 'count', inputs: {a: 'b'}}}}",
      "1:51 stages.x.inputs.a: \"b\" names no output: write \"stage.output\""
    ),
    (
      "{name: 'a', stages: {x: {op: 'o'}}, claims: [{id: 'i', source: 's'}]}",
      "1:46 claims[0]: needs \"check\": the expression that must hold"
    ),
    (
      "{name: 'a', stages: {x: {op: 'o'}}, reported: {a: 3}}",
      "1:51 reported.a: must be an object, found 3"
    ),
  ])
  func `a mistake is refused with path and place`(text: String, message: String) throws {
    let error = try failure { _ = try ExperimentFile(parsing: source(text)).experiment() }
    #expect(brief(error) == message)
  }

  @Test func `seeds beyond 2^53 are written as texts`() throws {
    let text = "{name: 'a', seed: '18446744073709551615', stages: {\(Self.stages)}}"
    #expect(try ExperimentFile(parsing: source(text)).experiment().seed == .max)
  }
}

struct ProfileTests {
  private let file = """
    { name: 'p', seed: 1, stages: { words: { op: 'count', with: { size: 100 } } },
      defaultProfile: 'laptop',
      profiles: { laptop: { seed: 2 }, smoke: { stages: { words: { with: { size: 5 } } } } } }
    """

  private func read(_ profile: String?, set: [String] = []) throws -> Experiment {
    try ExperimentFile(parsing: source(file))
      .experiment(profile: profile, overrides: set.map(override))
  }

  @Test func `the default profile applies unless another or the base is asked for`() throws {
    #expect(try read(nil).seed == 2)
    #expect(try read(nil).profile == "laptop")
    #expect(try read("smoke").stages[0].with.json == ["size": 5])
    #expect(try read("smoke").seed == 1)
    #expect(try read("base").stages[0].with.json == ["size": 100])
    #expect(try read("base").profile == nil)
  }

  @Test func `overrides win over the profile`() throws {
    #expect(try read("smoke", set: ["stages.words.with.size=6"]).stages[0].with.json == ["size": 6])
  }

  @Test func `an unknown profile is refused with those there are`() throws {
    let error = try failure { _ = try read("smok") }
    #expect(
      error.message
        == "there is no profile \"smok\" (did you mean \"smoke\"?); p has laptop, smoke, base")
  }

  @Test(arguments: [
    ("defaultProfile: 'x'", "defaultProfile: there is no profile \"x\"; p has base"),
    (
      "profiles: {base: {}}",
      "profiles.base: \"base\" means the values without a profile; choose another name"
    ),
    (
      "profiles: {a: {stage: {}}}",
      "profiles.a.stage: is not a known key (did you mean \"stages\"?)"
    ),
    ("profiles: {a: 3}", "profiles.a: must be an object, found 3"),
  ])
  func `a mistake in profiles is refused`(text: String, message: String) throws {
    let error = try failure {
      _ = try ExperimentFile(parsing: source("{name: 'p', stages: {}, \(text)}"))
    }
    #expect("\(error.path): \(error.message)" == message)
  }
}

struct LoadTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "exp-load-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test func `a file or its folder may be named`() throws {
    try withFolder { folder in
      let text = "{name: 'here', stages: {words: {op: 'count'}}}"
      try text.write(toFile: folder + "/experiment.json5", atomically: true, encoding: .utf8)
      for path in [folder, folder + "/", folder + "/experiment.json5"] {
        let file = try ExperimentFile.load(path)
        #expect(file.name == "here")
        #expect(file.source.folder == folder)
        #expect(file.source.name == folder + "/experiment.json5")
      }
    }
  }

  @Test func `a missing file is named`() throws {
    try withFolder { folder in
      let error = try failure { _ = try ExperimentFile.load(folder) }
      #expect(
        error.message == "there is no experiment file \"\(folder)/experiment.json5\";"
          + " give a file or its folder")
    }
  }
}
