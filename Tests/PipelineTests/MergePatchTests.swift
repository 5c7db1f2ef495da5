import ContentStore
import Pipeline
import Testing

struct MergePatchTests {
  /// RFC 7396, appendix A: original, patch, result.
  static let vectors: [(String, String, String)] = [
    (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
    (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
    (#"{"a":"b"}"#, #"{"a":null}"#, #"{}"#),
    (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
    (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
    (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
    (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
    (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
    (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
    (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
    (#"{"a":"foo"}"#, #"null"#, #"null"#),
    (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
    (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
    (#"[1,2]"#, #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
    (#"{}"#, #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
  ]

  @Test(arguments: vectors)
  func `the vectors of RFC 7396 hold`(original: String, patch: String, result: String) throws {
    #expect(try parse(original).merged(with: parse(patch)).json == JSON(parsing: result))
  }

  @Test func `members keep the target's order and values their own places`() throws {
    let patch = try SourceNode(parsing: source("{d: 1, a: 2}", name: "patch"))
    let merged = try parse("{c: 0, a: 1}").merged(with: patch)
    #expect(merged.members?.map(\.key) == ["c", "a", "d"])
    let places = merged.members?.map { $0.value.position.file.name }
    #expect(places == ["experiment.json5", "patch", "patch"])
  }
}
