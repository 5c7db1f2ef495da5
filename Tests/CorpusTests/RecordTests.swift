import ContentStore
import Corpus
import Foundation
import Testing
import Text

@Suite struct RecordTests {
  private func records(
    _ text: String, _ file: String = "a.json", chunk: Int = 1 << 20,
    _ configure: (inout RecordOptions) -> Void = { _ in }
  ) throws -> [TrainingRecord] {
    var options = RecordOptions()
    configure(&options)
    var reader = try RecordFile(file: file, format: .auto)
    let importer = RecordImporter(file: file, options: options)
    var objects: [JSONRecord] = []
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: chunk) {
      objects += try reader.feed(Array(bytes[start..<min(start + chunk, bytes.count)]))
    }
    objects += try reader.finish()
    return try objects.flatMap { try importer.records(of: $0) }
  }

  @Test func `dialogues of hh-rlhf are cut into turns, and what both begin with is the prompt`()
    throws
  {
    let question =
      #"\n\nHuman: hi\n\nAssistant: yes?\n\nHuman: 1+1?\n\nIt matters.\n\nAssistant: "#
    let lines = """
      {"chosen":"\(question)2","rejected":"\(question)3"}
      {"chosen":"\(question)2\\n\\nHuman: so?","rejected":"\(question)23"}
      {"prompt":"p","chosen":"\\n\\nHuman: c","rejected":"r"}
      """
    let found = try records(lines, "a.jsonl")
    #expect(
      found.map(\.body) == [
        .preference(
          .init(
            prompt: [.user("hi"), .assistant("yes?"), .user("1+1?\n\nIt matters.")],
            chosen: [.assistant("2")], rejected: [.assistant("3")])),
        .preference(
          .init(
            prompt: [.user("hi"), .assistant("yes?"), .user("1+1?\n\nIt matters.")],
            chosen: [.assistant("2\n\nHuman: so?")], rejected: [.assistant("23")])),
        .preference(
          .init(
            prompt: [.user("p")], chosen: [.assistant("\n\nHuman: c")],
            rejected: [.assistant("r")])),
      ])
  }

  private func fault(_ text: String, _ file: String = "a.json") -> String {
    do {
      _ = try records(text, file)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func `instructions become conversations, in chunks of any size`() throws {
    let text = """
      \u{FEFF}[ {"instruction":"Spell \\"a]\\"","input":"x, {y}","output":"é\\u0000👍🏽"},
        {"instruction":"b","input":"","response":"c","extra":[1,{"d":"]"}]} ]

      """
    for chunk in [1, 2, 7, 1000] {
      let found = try records(text, chunk: chunk)
      #expect(found.map(\.id) == ["a.json#0", "a.json#1"])
      #expect(
        found.map(\.body) == [
          .conversation([.user("Spell \"a]\"\n\nx, {y}"), .assistant("é\0👍🏽")]),
          .conversation([.user("b"), .assistant("c")]),
        ])
      #expect(found[0].metadata["offset"] == 5)
      #expect(found[1].metadata["fields"] == ["extra": [1, ["d": "]"]]])
      for record in found { #expect(try TrainingRecord(line: record.line()) == record) }
    }
  }

  @Test func `chats, ShareGPT and instances are read`() throws {
    let lines = """
      {"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"u"}]}]}
      {"conversations":[{"from":"human","value":"h"},{"from":"gpt","value":"g"}]}\r
      {"instruction":"i","instances":[{"input":"1","output":"2"},{"input":"","output":"3"}]}
      """
    let found = try records(lines, "a.jsonl")
    #expect(found.map(\.id) == ["a.jsonl#0", "a.jsonl#1", "a.jsonl#2.0", "a.jsonl#2.1"])
    #expect(found[0].body == .conversation([.system("s"), .user("u")]))
    #expect(found[1].body == .conversation([.user("h"), .assistant("g")]))
    #expect(found[3].body == .conversation([.user("i"), .assistant("3")]))
  }

  @Test func `preferences are read with their prompts and levels`() throws {
    let lines = """
      {"instruction":"i","input":"n","output":"o","chosen":"c","rejected":"r","level":"Slightly better"}
      {"prompt":"p","chosen":[{"role":"user","content":"p"},{"role":"assistant","content":"c"}],\
      "rejected":[{"role":"user","content":"p"},{"role":"assistant","content":"r"}]}
      {"input":{"messages":[{"role":"user","content":"u"}]},"preferred_output":[{"role":"assistant",\
      "content":"c"}],"non_preferred_output":[{"role":"assistant","content":"r"}],"level":1}
      """
    let found = try records(lines, "a.jsonl")
    let prompts = ["i\n\nn", "p", "u"]
    for (index, level) in [3, nil, 1].enumerated() {
      #expect(
        found[index].body
          == .preference(
            TrainingRecord.Preference(
              prompt: [.user(prompts[index])], chosen: [.assistant("c")],
              rejected: [.assistant("r")], level: level)))
    }
  }

  @Test func `what is wrong is said with its place`() {
    #expect(fault("[{\"a\":1}]").contains("a.json, element 1: no shape fits the members a"))
    #expect(fault("[{\"instruction\":\"x\"}]").contains("element 1: there is no \"output\""))
    #expect(fault("[{\"instruction\":\"\\ud800\"}]").contains("a lone surrogate"))
    #expect(fault("[{} {}]").contains("element 1"))
    #expect(fault("[{},]").contains("an element is missing"))
    #expect(fault("[{}").contains("does not end"))
    #expect(fault("[] x").contains("text follows"))
    #expect(fault("{\"chosen\":\"c\"}\n", "a.jsonl").contains("a.jsonl, line 1"))
    #expect(fault("x", "a.txt").contains("neither JSON"))
    #expect(fault("").contains("no error") && fault("[ ]").contains("no error"))
    #expect(
      fault("{\"instruction\":1,\"output\":\"x\"}", "a.jsonl")
        == "a.jsonl, line 1: \"instruction\" is not a text")
    #expect(
      fault("{\"chosen\":\"c\",\"rejected\":\"r\",\"prompt\":\"p\",\"level\":9}").contains("level"))
  }
}

/// Against files that pyarrow wrote: see Fixtures/make_parquet.py.
@Suite struct ParquetTests {
  private func file(_ name: String) throws -> [UInt8] {
    let url = Bundle.module.resourceURL!.appending(path: "Fixtures/\(name)")
    return [UInt8](try Data(contentsOf: url))
  }

  @Test(arguments: ["plain", "dictionary", "snappy", "v2", "groups"])
  func `rows are as pyarrow wrote them`(name: String) throws {
    let parquet = try ParquetFile(file("\(name).parquet"), file: name)
    let expected = try #require(JSON(parsing: file("parquet.json")).arrayValue)
    let rows = try (0..<parquet.groupCount).flatMap { try parquet.rows(ofGroup: $0) }
    #expect(parquet.rowCount == expected.count)
    #expect(rows.map(JSON.object) == expected)
  }

  private func rows(_ name: String) throws -> [[String: JSON]] {
    let parquet = try ParquetFile(file("\(name).parquet"), file: name)
    return try (0..<parquet.groupCount).flatMap { try parquet.rows(ofGroup: $0) }
  }

  @Test func `a footer of endless lists, or with a field number out of range, is refused`() {
    let wide: [UInt8] =
      [0x05] + [UInt8](repeating: 0xFF, count: 9) + [0x01, 0x02, 0x15, 0x02, 0x00]
    for footer in [[UInt8](repeating: 0x19, count: 200_000), wide] {
      let length = withUnsafeBytes(of: UInt32(footer.count).littleEndian, Array.init)
      let bytes = Array("PAR1".utf8) + footer + length + Array("PAR1".utf8)
      #expect(throws: CorpusError.self) { try ParquetFile(bytes, file: "bad.parquet") }
    }
  }

  @Test func `unsigned integers have no sign`() throws {
    let rows = try rows("unsigned")
    #expect(
      rows == [
        [
          "u8": 200, "u16": 60_000, "u32": 3_000_000_000, "u64": "9223372036854775813", "i8": -128,
          "i64": "-9223372036854775808",
        ],
        ["u8": 7, "u16": 7, "u32": 7, "u64": 7, "i8": 7, "i64": 9_007_199_254_740_992], [:],
      ])
  }

  @Test func `decimals become texts with all digits`() throws {
    let rows = try rows("decimals")
    let expected = ["1.23", "-0.05", "0.00", nil, "9999999.99", "-1234567.80"].map {
      $0.map(JSON.string)
    }
    for column in ["d9", "d18", "d38"] { #expect(rows.map { $0[column] } == expected) }
    let nines = String(repeating: "9", count: 73) + ".999"
    #expect(
      rows.map { $0["d76"]?.stringValue }
        == ["-1.001", nines, "-" + nines, nil, "1000000000.000", "-2.560"])
    #expect(
      try self.rows("decimals-binary").map { $0["amount"]?.stringValue }
        == ["1.23", "-0.05", "0.00", nil, "-2.56"])
  }

  @Test func `a row group may have no rows`() throws {
    #expect(try rows("empty") == [])
  }

  @Test func `binary columns are left out and texts without an annotation are not`() throws {
    #expect(
      try ParquetFile(file("binary.parquet"), file: "x").leftOut == ["img", "hash"])
    #expect(
      try rows("binary") == [
        ["text": "a", "unsaid": "é", "code": "ab"], ["text": "b", "unsaid": ""],
        ["text": "c", "code": "cd"],
      ])
  }

  @Test func `what is not read is said`() throws {
    func fault(_ bytes: [UInt8]) -> String {
      do {
        let parquet = try ParquetFile(bytes, file: "x")
        for group in 0..<parquet.groupCount { _ = try parquet.rows(ofGroup: group) }
        return "no error"
      } catch { return "\(error)" }
    }
    #expect(fault(try file("gzip.parquet")).contains("compressed with gzip"))
    #expect(fault(try file("zstd.parquet")).contains("compressed with zstd"))
    #expect(fault(try file("nested.parquet")).contains("nested or repeated"))
    #expect(fault(try file("half.parquet")).contains("the values are of the type FLOAT16"))
    #expect(fault([1, 2, 3]).contains("no Parquet file"))
    for name in ["snappy", "decimals", "decimals-binary", "binary"] {
      let whole = try file("\(name).parquet")
      // Whatever byte is damaged, nothing crashes.
      for index in stride(from: 0, to: whole.count, by: 3) {
        var bytes = whole
        bytes[index] ^= 0x5A
        _ = fault(bytes)
      }
    }
  }
}
