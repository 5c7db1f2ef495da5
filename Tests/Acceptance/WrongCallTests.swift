import ContentStore
import Foundation
import Testing

/// Every wrong call gives one clear error with place and remedy, and status 2 (DESIGN §9); nothing is
/// recorded.
@Suite struct WrongCallTests {
  /// An experiment with one stage that imports `text.txt`.
  static let plain = """
    {
      name: "plain",
      stages: {
        text: { op: "import", with: { files: "text.txt" } },
      },
    }
    """

  private func refusal(_ experiment: String, _ words: String...) throws -> Shop.Outcome {
    let shop = try Shop()
    try shop.write("experiment.json5", experiment)
    try shop.write("text.txt", "one\n")
    let outcome = try shop.exp(["run", "."] + words)
    #expect(outcome.status == 2, "\(outcome.err)")
    #expect(outcome.out.isEmpty)
    let log = try shop.exp("log", "--json")
    #expect(log.status == 2 || log.out == "[]\n", "nothing may be recorded: \(log.out)")
    return outcome
  }

  @Test func `bad JSON5 is refused with file, line and column`() throws {
    let outcome = try refusal("{\n  name: \"x\",\n  stages: { a: { op: \"import\" }\n")
    #expect(outcome.err.contains("experiment.json5:"))
    #expect(outcome.err.contains("^"))
  }

  @Test func `a duplicate key is refused where it is`() throws {
    let outcome = try refusal("{\n  name: \"x\",\n  name: \"y\",\n  stages: {},\n}\n")
    #expect(outcome.err.contains("experiment.json5:3:3"))
    #expect(outcome.err.contains("name"))
  }

  @Test func `an unknown key gets a suggestion`() throws {
    let outcome = try refusal(Self.plain.replacing("stages:", with: "stagse:"))
    #expect(outcome.err.contains("did you mean \"stages\"?"))
  }

  @Test func `an unknown op gets a suggestion`() throws {
    let outcome = try refusal(Self.plain.replacing("\"import\"", with: "\"imprt\""))
    #expect(outcome.err.contains("did you mean \"import\"?"))
    #expect(outcome.err.contains("stages.text"))
  }

  @Test func `an unknown parameter gets a suggestion`() throws {
    let outcome = try refusal(Self.plain.replacing("files:", with: "fiels:"))
    #expect(outcome.err.contains("stages.text.with.files: is required"))
    #expect(outcome.err.contains("is \"fiels\" a misspelling of it?"))
    let other = try refusal(
      Self.plain.replacing("text.txt\"", with: "text.txt\", fromat: \"text\""))
    #expect(other.err.contains("stages.text.with.fromat"))
    #expect(other.err.contains("did you mean \"format\"?"))
  }

  @Test func `a cycle is shown`() throws {
    let outcome = try refusal(
      """
      { name: "x", stages: {
        a: { op: "tokenize", inputs: { documents: "b.tokens", tokenizer: "b.tokens" } },
        b: { op: "tokenize", inputs: { documents: "a.tokens", tokenizer: "a.tokens" } },
      } }
      """)
    #expect(outcome.err.contains("stages."))
  }

  @Test func `a dangling input names the stage and suggests one`() throws {
    let outcome = try refusal(
      """
      { name: "x", stages: {
        text: { op: "import", with: { files: "text.txt" } },
        tok: { op: "tokenizer", inputs: { documents: "txt.documents" }, with: { vocabularySize: 300 } },
      } }
      """)
    #expect(outcome.err.contains("stages.tok.inputs.documents"))
    #expect(outcome.err.contains("did you mean"))
  }

  @Test func `a missing file is named with the folder it was looked for in`() throws {
    let outcome = try refusal(Self.plain.replacing("text.txt", with: "absent.txt"))
    #expect(outcome.err.contains("absent.txt"))
    #expect(outcome.err.contains("stages.text.with.files"))
  }

  @Test func `an unknown stage in --set gets a suggestion`() throws {
    let outcome = try refusal(Self.plain, "--set", "stages.txet.with.files=text.txt")
    #expect(outcome.err.contains("did you mean"))
  }

  @Test func `an unknown profile gets the known ones`() throws {
    let outcome = try refusal(Self.plain, "--profile", "laptpo")
    #expect(outcome.err.contains("laptpo"))
  }

  @Test func `--locked without a lock file says how to write one`() throws {
    let outcome = try refusal(Self.plain, "--locked")
    #expect(outcome.err.contains("exp lock"))
  }

  @Test func `bad UTF-8 is refused with file and byte offset, and the stage is recorded as failed`()
    throws
  {
    let shop = try Shop()
    try shop.write("experiment.json5", Self.plain)
    try shop.write("text.txt", Data([0x61, 0x62, 0x0A, 0xC3, 0x28]))
    let outcome = try shop.exp("run", ".")
    #expect(outcome.status == 1)
    #expect(outcome.err.contains("text.txt"))
    #expect(outcome.err.contains("3"))
    #expect(try shop.json("log", "--json").arrayValue?.first?["status"] == "failed")
  }

  @Test func `an unknown reference gets a suggestion`() throws {
    let shop = try ran()
    let outcome = try shop.exp("show", "plian")
    #expect(outcome.status == 2)
    #expect(outcome.err.contains("did you mean \"plain\"?"))
    let stage = try shop.exp("show", "plain:txet")
    #expect(stage.status == 2)
    #expect(stage.err.contains("did you mean \"text\"?"))
    let output = try shop.exp("cat", "plain:text.documetns")
    #expect(output.status == 2)
    #expect(output.err.contains("did you mean \"documents\"?"))
  }

  private func ran() throws -> Shop {
    let shop = try Shop()
    try shop.write("experiment.json5", Self.plain)
    try shop.write("text.txt", "one\n")
    let outcome = try shop.exp("run", ".")
    try #require(outcome.status == 0, "\(outcome.err)")
    return shop
  }

  @Test func `an ambiguous prefix lists what it may mean, and too short a one is refused`() throws {
    let shop = try ran()
    #expect(try shop.exp("show", "ab").status == 2)
    // Among so many records some share their first four digits.
    try shop.exp("bench", "ledger", "60", shop.folder.path)
    let table = try shop.json(
      "sql", "--json",
      """
      SELECT substr(digest, 8, 4) AS p, count(*) AS n FROM (
        SELECT digest FROM recipe UNION ALL SELECT digest FROM result
        UNION ALL SELECT digest FROM execution)
      GROUP BY p HAVING n > 1 AND p GLOB '*[a-f]*' LIMIT 1
      """)
    let prefix = try #require(table.arrayValue?.first?["p"]?.stringValue)
    let outcome = try shop.exp("show", prefix)
    #expect(outcome.status == 2)
    #expect(outcome.err.contains("give more digits"))
  }

  @Test(.enabled(if: getuid() != 0, "root may write anywhere"))
  func `a read-only folder is named`() throws {
    let shop = try Shop()
    try shop.write("experiment.json5", Self.plain)
    try shop.write("text.txt", "one\n")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o555], ofItemAtPath: shop.folder.path)
    let outcome = try shop.exp("run", ".")
    #expect(outcome.status != 0)
    #expect(outcome.err.contains(".exp"))
  }
}
