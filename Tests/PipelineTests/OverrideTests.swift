import ContentStore
import Pipeline
import Testing

struct OverrideTests {
  static let stages = """
    import: { op: 'import', with: { files: 'texts' } },
    words: { op: 'count', inputs: { documents: 'import.documents' } },
    train: { op: 'train', inputs: { tokens: 'words.tokens' },
      with: { phases: [ { tokens: 10 }, { tokens: 20 } ] } },
    """

  private func train(_ set: String...) throws -> JSON {
    try resolve(stages: Self.stages, set: set).stage("train").stage.parameters
  }

  @Test func `values are JSON5, else text`() throws {
    let cases: [(String, JSON)] = [
      ("1e3", 1000), ("true", true), ("null", nil), ("'1'", "1"), ("{a: [1,]}", ["a": [1]]),
      ("/data/tiny stories", "/data/tiny stories"), ("//server/x", "//server/x"), ("", ""),
      ("007", "007"), ("[a-z]*.txt", "[a-z]*.txt"), ("a=b", "a=b"), ("é", "é"), ("NaN", "NaN"),
    ]
    for (text, value) in cases { #expect(try override("a.b=\(text)").value.json == value) }
  }

  @Test func `paths have names and numbers`() throws {
    let steps = try override("stages.x.with.phases[1].tokens=1").steps
    #expect(
      steps == [
        .key("stages"), .key("x"), .key("with"), .key("phases"), .index(1), .key("tokens"),
      ])
  }

  @Test(arguments: [
    ("stages.x", "\"--set stages.x\" has no value: write PATH=VALUE"),
    ("=3", "1:1 \"\" is no path"), ("a..b=3", "1:1 \"a..b\" is no path"),
    ("a[x]=3", "1:1 \"a[x]\" is no path"), ("a[1=3", "1:1 \"a[1\" is no path"),
    ("a={b: 1", "1:8 the text ends where ',' or '}' should stand"),
    ("a='b", "1:3 the string does not end"),
  ])
  func `a malformed override is refused`(text: String, message: String) throws {
    #expect(brief(try failure { _ = try override(text) }).hasPrefix(message))
  }

  @Test func `a set value reaches its stage, elements of lists by either spelling`() throws {
    #expect(try train("stages.train.with.learningRate=0.5")["learningRate"] == 0.5)
    let form = try train(
      "stages.train.with.phases[1].tokens=7", "stages.train.with.phases.0.tokens=5")
    #expect(form["phases"]?.arrayValue?.map { $0["tokens"] } == [5, 7])
    #expect(try train("stages.train.with.model.layers=4")["model"]?["layers"] == 4)
  }

  @Test func `later overrides win, and null takes a value away`() throws {
    let path = "stages.train.with.learningRate"
    #expect(try train("\(path)=0.5", "\(path)=0.25")["learningRate"] == 0.25)
    #expect(try train("\(path)=0.5", "\(path)=null")["learningRate"] == 0.001)
    #expect(
      try train("stages.train.with.model={layers: 3}", "stages.train.with.model={}")["model"]
        == ["layers": 2, "tied": true])
  }

  @Test(arguments: [
    (
      "stages.trian.with.x=1",
      "1:1 stages.trian.with.x: there is no stage \"trian\" (did you mean \"train\"?)"
    ),
    (
      "stage.train.seed=1",
      "1:1 stage.train.seed: an experiment has no \"stage\" (did you mean \"stages\"?)"
    ),
    (
      "train.with.x=1",
      "1:1 train.with.x: an experiment has no \"train\" (did you mean \"stages.train.with.x\"?)"
    ),
    (
      "profiles.a=1",
      "1:1 profiles.a: an experiment has no \"profiles\"; choose a profile with --profile"
    ),
    ("loops.rounds.count=1", "1:1 loops.rounds.count: there is no loop \"rounds\""),
    (
      "stages.train.with.phases[2].tokens=1",
      "1:36 stages.train.with.phases: the list has no element 2: its elements are 0 to 1"
    ),
    ("stages.train.with[0]=1", "1:22 stages.train.with: there is no list to take element 0 of"),
    (
      "stages.train.op.x=1",
      "1:19 stages.train.op: is \"train\", which has no member \"x\""
    ),
    (
      "stages.train.learningRate=1",
      "1:27 stages.train.learningRate: is not a known key; an op's parameters go under \"with\""
    ),
    (
      "stages.train.with.learningrate=1",
      "1:32 stages.train.with.learningrate: is not a parameter (did you mean \"learningRate\"?)"
    ),
  ])
  func `an override that reaches nothing is refused`(text: String, message: String) throws {
    let error = try failure { _ = try resolve(stages: Self.stages, set: [text]) }
    #expect(brief(error) == message)
    #expect(error.position?.file.name == "--set")
  }
}
