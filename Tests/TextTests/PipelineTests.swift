import ContentStore
import Testing
import Text

/// Everything around the merges, against Hugging Face `tokenizers`: see Fixtures/make_pipelines.py.
@Suite struct PipelineTests {
  private let file: JSON

  init() throws { file = try JSON(parsing: fixture("pipelines.json")) }

  private func tokenizer(_ expected: JSON) throws -> Tokenizer {
    var members: [String: JSON] = [:]
    if let base = expected["base"]?.stringValue {
      members = try #require(JSON(parsing: fixture(base)).objectValue)
    } else {
      var model = expected["options"]?.objectValue ?? [:]
      model["vocab"] = file["vocab"]
      model["merges"] = file["merges"]
      members["model"] = .object(model)
    }
    for (name, section) in expected["sections"]?.objectValue ?? [:] { members[name] = section }
    return try Tokenizer(json: JSON.object(members).canonical())
  }

  @Test func `added tokens, spaces, unknown characters and templates are as in tokenizers`() throws
  {
    let cases = try #require(file["cases"]?.arrayValue)
    #expect(cases.count == 12)
    for expected in cases {
      let name = expected["name"]?.stringValue ?? ""
      let tokenizer = try tokenizer(expected)
      let texts = strings(expected["texts"])
      func ids(_ key: String) -> [[Int]] { expected[key]?.arrayValue?.map { integers($0) } ?? [] }
      for (index, text) in texts.enumerated() {
        let note: Comment = "\(name): \(text.debugDescription)"
        #expect(tokenizer.encode(text) == ids("ids")[index], note)
        #expect(tokenizer.encode(text, parsingSpecial: false) == ids("plain")[index], note)
        #expect(tokenizer.encode(text, addingSpecial: true) == ids("added")[index], note)
      }
      let added = ids("added")
      #expect(
        areIdentical(added.map { tokenizer.decode($0) }, strings(expected["decoded"])), "\(name)")
      #expect(
        areIdentical(
          added.map { tokenizer.decode($0, skipSpecial: true) }, strings(expected["skipped"])),
        "\(name)")
    }
  }

  @Test func `what was read is written so that it reads the same`() throws {
    for expected in try #require(file["cases"]?.arrayValue) {
      let written = try tokenizer(expected).json()
      #expect(try Tokenizer(json: written).json() == written)
    }
  }

  @Test func `a continuation keeps the space that a text's beginning would lose`() throws {
    let expected = try #require(file["cases"]?.arrayValue?.first { $0["name"] == "llama 2" })
    let tokenizer = try tokenizer(expected)
    let ids = tokenizer.encode("a b")
    #expect(tokenizer.decode(ids) == "a b")
    #expect(tokenizer.continuation(Array(ids.dropFirst(2)), of: Array(ids.prefix(2))) == " b")
  }
}
