import ContentStore
import Corpus
import Foundation
import Ledger
import Pipeline
import Stages
import Testing
import Text

/// The ops `import-tokenizer`, `pack` and `import-records`.
@Suite struct TokenizerStagesTests {
  private func run<Op: Stage>(
    _ op: Op.Type, _ with: [String: JSON] = [:], in context: FakeContext
  ) throws {
    var reader = ParameterReader(with)
    let parameters = try reader.decode { (reader) throws(ParameterError) in
      try Op.Parameters(from: &reader)
    }
    try op.run(parameters, in: context)
  }

  /// Ranks of all single bytes and of two merges.
  private var tiktoken: [UInt8] {
    let tokens = (0...255).map { [UInt8($0)] } + [Array("ab".utf8), Array("abc".utf8)]
    let lines = tokens.enumerated().map { "\(Data($1).base64EncodedString()) \($0)\n" }
    return Array(lines.joined().utf8)
  }

  @Test func `a tiktoken file becomes a tokenizer with special tokens and a chat template`() throws
  {
    let context = try FakeContext()
    try context.connect("files", tree: ["x/a.tiktoken": tiktoken])
    try run(
      ImportTokenizer.self,
      ["files": "x", "endToken": "<|im_end|>", "chatTemplate": "chatml"], in: context)
    let tokenizer = try Tokenizer(json: context.output("tokenizer", "tokenizer.json"))
    #expect(tokenizer.encode("abcab<|im_end|>") == [257, 256, 260])
    #expect(tokenizer.vocabularySize == 261)
    let configuration = try TokenizerConfiguration(
      json: context.output("tokenizer", "tokenizer_config.json"))
    #expect(configuration.endToken == "<|im_end|>" && configuration.padToken == "<|im_end|>")
    #expect(configuration.beginToken == nil)
    let chat = try #require(try ChatTemplate(configuration))
    #expect(try chat.text([.user("x")]) == "<|im_start|>user\nx<|im_end|>\n")
  }

  @Test func `a tokenizer.json is taken in with what its configuration says`() throws {
    let first = try FakeContext()
    try first.connect("files", tree: ["a.tiktoken": tiktoken])
    try run(ImportTokenizer.self, ["files": "x"], in: first)
    let bytes = try first.output("tokenizer", "tokenizer.json")
    let context = try FakeContext()
    try context.connect(
      "files",
      tree: [
        "m/tokenizer.json": bytes, "m/chat_template.jinja": Array("{{ messages[0].content }}".utf8),
        "m/tokenizer_config.json": Array(
          "{\"tokenizer_class\":\"Q\",\"eos_token\":{\"content\":\"<|im_end|>\"},\"other\":1}".utf8),
      ])
    try run(ImportTokenizer.self, ["files": "x"], in: context)
    #expect(try context.output("tokenizer", "tokenizer.json") == bytes)
    let file = try JSON(parsing: context.output("tokenizer", "tokenizer_config.json"))
    #expect(file["other"] == 1 && file["tokenizer_class"] == "PreTrainedTokenizerFast")
    #expect(file["chat_template"] == "{{ messages[0].content }}")
    #expect(throws: StageError.self) {
      try run(ImportTokenizer.self, ["files": "x", "endToken": "<|end|>"], in: context)
    }
  }

  /// Documents of 1 to 40 tokens, tokenized.
  private func tokens() throws -> (imported: FakeContext, tokenized: FakeContext) {
    let imported = try FakeContext()
    let text = (1...40).map { Array(repeating: "a", count: $0).joined(separator: " ") }
      .joined(separator: "\n---\n")
    try imported.connect("files", tree: ["t.txt": Array(text.utf8)])
    try run(Import.self, ["files": "x", "separator": "---"], in: imported)
    let trained = try FakeContext(store: imported.store)
    trained.connect("documents", try #require(imported.outputs["documents"]))
    try run(TrainTokenizer.self, ["vocabularySize": 258], in: trained)
    let tokenized = try FakeContext(store: imported.store)
    tokenized.connect("documents", try #require(imported.outputs["documents"]))
    tokenized.connect("tokenizer", try #require(trained.outputs["tokenizer"]))
    try run(Tokenize.self, ["validationShare": 0.2], in: tokenized)
    return (imported, tokenized)
  }

  @Test(arguments: ["bfd", "bfd-split", "wrapped"])
  func `packed rows hold the documents' tokens and lead back to them`(strategy: String) throws {
    let (imported, tokenized) = try tokens()
    defer { withExtendedLifetime(imported) {} }
    let packed = try FakeContext(store: tokenized.store)
    packed.connect("tokens", try #require(tokenized.outputs["tokens"]))
    try run(Pack.self, ["length": 24, "strategy": .string(strategy)], in: packed)
    let description = try TokenFiles(
      json: JSON(parsing: packed.output("tokens", TokenFiles.description)))
    #expect(description.packing?.rowLength == 24)
    for split in TokenFiles.Split.allCases {
      func integers(_ context: FakeContext, _ path: String) throws -> [Int] {
        try NPY.decodeIntegers(context.output("tokens", path), as: Int.self)
      }
      let source = try integers(tokenized, split.tokensPath)
      let sourceStarts = try integers(tokenized, split.documentsPath)
      let ids = try tokenized.output("tokens", split.originsPath).split(separator: 10)
        .map { try TokenFiles.Origin(line: Array($0)).id }
      let rows = try integers(packed, split.tokensPath)
      let starts = try integers(packed, split.documentsPath)
      let lengths = try integers(packed, split.lengthsPath)
      let origins = try packed.output("tokens", split.originsPath).split(separator: 10)
        .map { try TokenFiles.Origin(line: Array($0)) }
      #expect(rows.count % 24 == 0 && rows.count == description.tokenCounts[split])
      #expect(starts.count == lengths.count && starts.count == origins.count)
      for (index, origin) in origins.enumerated() {
        let document = try #require(ids.firstIndex(of: origin.id))
        let from = sourceStarts[document] + origin.token
        #expect(
          rows[starts[index]..<starts[index] + lengths[index]]
            == source[from..<from + lengths[index]])
      }
      let kept = lengths.reduce(0, +)
      let cut = packed.scores["\(split.rawValue)/truncatedTokens"]?.value
      #expect(Double(source.count - kept) == cut && (cut == 0) == (strategy != "bfd"))
    }
  }

  @Test func `records are held out by what the user says, alike in all files`() throws {
    let prompts = (0..<200).map { "Tell me of \($0)." }
    let instructions = prompts.map { "{\"instruction\":\"\($0)\",\"output\":\"o\"}\n" }
    let pairs = prompts.reversed().map {
      "{\"prompt\":\"\($0)\",\"chosen\":\"c\",\"rejected\":\"r\"}\n"
    }
    func split(_ text: [String]) throws -> (kept: Set<String>, held: Set<String>) {
      let context = try FakeContext()
      try context.connect("files", tree: ["a.jsonl": Array(text.joined().utf8)])
      try run(ImportRecords.self, ["files": "x", "validationShare": 0.25], in: context)
      let said = try ["records", "validation"].map { port in
        try context.output(port).split(separator: 10).map { line in
          switch try TrainingRecord(line: Array(line)).body {
          case .conversation(let messages), .prompt(let messages): messages[0].content
          case .preference(let pair): pair.prompt[0].content
          }
        }
      }
      #expect(context.scores["validation"]?.value == Double(said[1].count))
      return (Set(said[0]), Set(said[1]))
    }
    let (one, two) = (try split(instructions), try split(pairs))
    #expect(one.held == two.held && one.kept == two.kept)
    #expect(one.kept.union(one.held) == Set(prompts))
    #expect((30...70).contains(one.held.count))
    let without = try AnyStage(ImportRecords.self).decode(["files": "x"], connected: [])
    #expect(without.ports.outputs.map(\.name) == ["records"])
  }

  @Test func `records of several files are imported and counted`() throws {
    let context = try FakeContext()
    try context.connect(
      "files",
      tree: [
        "a.json": Array("[{\"instruction\":\"i\",\"output\":\"o\"}]".utf8), "empty.json": [],
        "LICENSE.txt": [0x78],
        "b.jsonl": Array(
          "{\"prompt\":\"p\",\"chosen\":\"c\",\"rejected\":\"r\",\"level\":2}\n".utf8),
      ])
    try run(ImportRecords.self, ["files": "x"], in: context)
    let lines = try context.output("records").split(separator: 10)
      .map { try TrainingRecord(line: Array($0)) }
    #expect(lines.map(\.id) == ["a.json#0", "b.jsonl#0"])
    #expect(context.scores["preferences"]?.value == 1 && context.scores["level/2"]?.value == 1)
  }
}
