import Pipeline
import Testing

struct ReferenceTests {
  @Test(arguments: [
    ("best", "best"), ("llama-3.1", "llama-3.1"), ("llama-3.1~2", "llama-3.1~2"),
    ("qwen2~", "qwen2~1"), ("3fa29c01", "3fa29c01"), ("sha256:3fa29c01", "3fa29c01"),
    ("7", "7"), ("run:sft", "run:sft"), ("a~1:rounds-2-sft@500", "a~1:rounds-2-sft@500"),
    ("a:sft.checkpoint", "a:sft.checkpoint"),
    ("a.b:sft.checkpoint/model/w.safetensors", "a.b:sft.checkpoint/model/w.safetensors"),
    ("paper:llama-3.1", "paper:llama-3.1"), ("sha256:3fa29c01:x.y", "3fa29c01:x.y"),
  ])
  func `a reference is read and written`(text: String, written: String) throws {
    #expect("\(try Reference(parsing: text))" == written)
  }

  @Test func `each part has its place`() throws {
    let reference = try Reference(parsing: "qwen2~3:sft.checkpoint/a/b.json")
    #expect(reference.run == .ancestor("qwen2", 3))
    #expect(reference.stage == "sft" && reference.output == "checkpoint")
    #expect(reference.path == "a/b.json" && reference.step == nil)
    #expect(try Reference(parsing: "x:sft@20").step == 20)
    #expect(try Reference(parsing: "paper:qwen2").run == .paper("qwen2"))
  }

  @Test(arguments: [
    ("", "it names nothing"), (":sft", "it names nothing"), ("a:", "it names nothing"),
    ("a:b.", "it names nothing"), ("a~x", "a number of runs belongs after \"~\""),
    ("a~-1", "a number of runs belongs after \"~\""), ("~1", "it names nothing"),
    ("a b", "a name holds no \" \""), ("a@1", "a name holds no \"@\""),
    ("a:b@", "a step's number belongs after \"@\""),
    ("a:b@+1", "a step's number belongs after \"@\""), ("a:b/c", "an output belongs before \"/\""),
    ("a:b.c/", "the path is empty"), ("a:b:c", "a name holds no \":\""),
    ("a:b.c@1", "a name holds no \"@\""), ("paper:a:b", "a name holds no \":\""),
    ("paper:", "it names nothing"),
  ])
  func `a malformed reference is refused`(text: String, why: String) throws {
    let error = try failure { _ = try Reference(parsing: text) }
    #expect(error.message.hasPrefix("\"\(text)\" is no reference: \(why); write RUN"))
  }
}

/// Runs of two experiments, by name; their digests begin as the numbers do.
private struct Shelf: ReferenceLookup {
  let tags = ["best": "aaaa1111"]
  /// Newest first.
  let experiments = ["qwen2": ["aaaa2222", "bbbb3333"], "cafe": ["cccc4444"]]
  let all = ["aaaa1111", "aaaa2222", "bbbb3333", "cccc4444", "12345678", "cafe9999"]

  func tagged(_ tag: String) throws -> String? { tags[tag] }
  func run(ofExperiment name: String, age: Int) throws -> String? {
    experiments[name].flatMap { age < $0.count ? $0[age] : nil }
  }
  func runCount(ofExperiment name: String) throws -> Int { experiments[name]?.count ?? 0 }
  func runs(prefix: String, limit: Int) throws -> [(name: String, run: String)] {
    all.filter { $0.hasPrefix(prefix) }.prefix(limit).map { ($0, $0) }
  }
  func run(index: Int) throws -> String? {
    all.indices.contains(index - 1) ? all[index - 1] : nil
  }
  func names() throws -> [String] { tags.keys + experiments.keys.sorted() }
}

struct ReferenceLookupTests {
  private func resolve(_ text: String) throws -> String {
    try Shelf().resolve(Reference(parsing: text))
  }

  @Test(arguments: [
    ("best", "aaaa1111"), ("qwen2", "aaaa2222"), ("qwen2~0", "aaaa2222"), ("qwen2~", "bbbb3333"),
    ("qwen2~1:sft", "bbbb3333"), ("bbbb", "bbbb3333"), ("2", "aaaa2222"), ("1234", "12345678"),
    // An experiment's name comes before digits that look like it.
    ("cafe", "cccc4444"), ("cafe9", "cafe9999"),
  ])
  func `a name is a tag, an experiment, digits or a number, in this order`(
    text: String, run: String
  ) throws {
    #expect(try resolve(text) == run)
  }

  @Test(arguments: [
    ("aaaa", "\"aaaa\" is the beginning of several runs: aaaa1111, aaaa2222; give more digits"),
    ("qwen", "there is no run, tag or experiment \"qwen\" (did you mean \"qwen2\"?)"),
    ("bset", "there is no run, tag or experiment \"bset\" (did you mean \"best\"?)"),
    ("bbb", "there is no run, tag or experiment \"bbb\": a digest needs four hex digits or more"),
    ("dddddd", "there is no run, tag or experiment \"dddddd\"; `exp log` lists the runs"),
    ("99", "there is no run number \"99\"; `exp log` lists the runs"),
    ("qwen2~2", "qwen2 has 2 runs: \"qwen2~1\" is its first"),
    ("cafe~1", "cafe has 1 run: \"cafe~0\" is its first"),
    ("best~1", "\"best\" is a tag: \"~\" counts an experiment's runs"),
    (
      "paper:qwen2",
      "\"paper:qwen2\" names published figures, which are no run; a run is needed here"
    ),
  ])
  func `what names no run, or several, is refused`(text: String, message: String) throws {
    #expect(try failure { _ = try resolve(text) }.message == message)
  }
}
