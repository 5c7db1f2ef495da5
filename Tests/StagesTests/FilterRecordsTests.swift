import ContentStore
import Corpus
import Ledger
import Pipeline
import Stages
import Testing
import Text

struct FilterRecordsTests {
  private func filter(
    _ records: [TrainingRecord], _ with: [String: JSON] = [:]
  ) throws -> FakeContext {
    let context = try FakeContext()
    try context.connect("records", file: records.flatMap { try $0.line() })
    try AnyStage(FilterRecords.self).decode(with).run(context)
    return context
  }

  private func records(_ port: String, _ context: FakeContext) throws -> [TrainingRecord] {
    try context.output(port).split(separator: 10).map { try TrainingRecord(line: Array($0)) }
  }

  private func conversation(_ id: String, _ answers: String...) -> TrainingRecord {
    TrainingRecord(
      id: id, source: "test",
      body: .conversation(answers.flatMap { [.user("Write to me@example.org."), .assistant($0)] }))
  }

  private func pair(_ id: String, _ chosen: String, _ rejected: String) -> TrainingRecord {
    TrainingRecord(
      id: id, source: "test",
      body: .preference(
        TrainingRecord.Preference(
          prompt: [.user("Hm?")], chosen: [.assistant(chosen)], rejected: [.assistant(rejected)])))
  }

  private static let personal: JSON = ["rule": "personal-data", "action": "drop"]
  private static let claims: JSON = ["rule": "dirty-words", "words": ["I am ChatGPT"]]

  @Test func `records go by what the assistant says, not by what is asked`() throws {
    let context = try filter(
      [
        conversation("a", "Yes."), conversation("b", "Yes.", "Ask ann@example.org."),
        conversation("c", "Well, I am ChatGPT."), pair("d", "Good.", "Ask bob@example.org."),
      ], ["rules": [Self.personal, Self.claims]])
    #expect(try records("kept", context).map(\.id) == ["a"])
    let removed = try records("removed", context)
    #expect(removed.map(\.id) == ["b", "c", "d"])
    #expect(
      removed.map { $0.metadata["removed"]?["rule"]?.stringValue } == [
        "personal-data", "dirty-words", "personal-data",
      ])
    #expect(removed[0].body == conversation("b", "Yes.", "Ask ann@example.org.").body)
    #expect(context.scores["kept/documents"]?.value == 1)
  }

  @Test func `masks rewrite responses and nothing else`() throws {
    let context = try filter(
      [conversation("a", "Ask ann@example.org."), pair("b", "No.", "Ask ann@example.org.")],
      ["rules": [["rule": "personal-data"]]])
    let kept = try records("kept", context).map(\.body)
    #expect(
      kept == [conversation("a", "Ask [EMAIL].").body, pair("b", "No.", "Ask [EMAIL].").body])
  }

  @Test func `of records that say the same the first stays, unless all are wanted`() throws {
    let same = [conversation("a", "Yes."), conversation("b", "Yes."), conversation("c", "No.")]
    let context = try filter(same)
    #expect(try records("kept", context).map(\.id) == ["a", "c"])
    let removed = try #require(try records("removed", context).first)
    #expect(removed.metadata["removed"]?["rule"] == "duplicate")
    #expect(try records("kept", filter(same, ["dropDuplicates": false])).count == 3)
  }

  @Test func `prompts are asked by no rule`() throws {
    let prompt = TrainingRecord(
      id: "a", source: "test", body: .prompt([.user("Write to me@example.org.")]))
    let context = try filter([prompt], ["rules": [Self.personal]])
    #expect(try records("kept", context) == [prompt])
  }

  @Test(arguments: ["token-distribution", "language", "classifier", "perplexity", "dirty-words"])
  func `rules that need a corpus, or have no words, are refused by name`(rule: String) {
    let error = #expect(throws: ParameterError.self) {
      let more: [String: JSON] = rule == "language" ? ["languages": ["en"]] : [:]
      return try filter([], ["rules": [.object(more.merging(["rule": .string(rule)]) { $1 })]])
    }
    #expect(error?.message.contains(rule) ?? false)
    #expect(error?.path == "rules[0].rule")
  }
}
