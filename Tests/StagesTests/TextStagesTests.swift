import ContentStore
import Corpus
import Foundation
import Ledger
import Numerics
import Pipeline
import Stages
import Testing
import Text

/// The ops that lead from users' files to token arrays.
@Suite struct TextStagesTests {
  /// Runs an op with some parameters.
  func run<Op: Stage>(
    _ op: Op.Type, _ with: [String: JSON] = [:], in context: FakeContext
  ) throws {
    var reader = ParameterReader(with)
    let parameters = try reader.decode { (reader) throws(ParameterError) in
      try Op.Parameters(from: &reader)
    }
    try op.run(parameters, in: context)
  }

  /// `count` short documents in a text file, cut at `---`.
  static func corpus(_ count: Int) -> [UInt8] {
    let words = ["the", "cat", "sat", "on", "der", "Hund", "läuft", "会", "12", "👍🏽"]
    let documents = (0..<count).map { index in
      (0..<12).map { words[(index * 7 + $0 * $0 * 3 + index / 10) % words.count] }
        .joined(separator: " ")
    }
    return Array(documents.joined(separator: "\n---\n").utf8)
  }

  func documents(_ context: FakeContext) throws -> [Document] {
    try context.output("documents").split(separator: 10).map { try Document(line: Array($0)) }
  }

  /// Imports, trains a tokenizer and tokenizes.
  func pipeline(
    _ corpus: [UInt8], threads: Int = 2, tokenize: [String: JSON] = [:]
  ) throws -> (imported: FakeContext, trained: FakeContext, tokenized: FakeContext) {
    let imported = try FakeContext(threads: threads)
    try imported.connect("files", tree: ["a/text.txt": corpus])
    try run(Import.self, ["files": "text", "separator": "---"], in: imported)

    let trained = try FakeContext(threads: threads, store: imported.store)
    trained.connect("documents", try #require(imported.outputs["documents"]))
    try run(TrainTokenizer.self, ["vocabularySize": 280], in: trained)

    let tokenized = try FakeContext(threads: threads, store: imported.store)
    tokenized.connect("documents", try #require(imported.outputs["documents"]))
    tokenized.connect("tokenizer", try #require(trained.outputs["tokenizer"]))
    try run(Tokenize.self, tokenize, in: tokenized)
    return (imported, trained, tokenized)
  }

  @Test func `files of several kinds become documents`() throws {
    let context = try FakeContext()
    try context.connect(
      "files",
      tree: [
        "b/two.jsonl": Array("{\"text\":\"zwei\",\"source\":\"web\"}\n{\"text\":\"\"}\n".utf8),
        "a.txt": Array("one".utf8), "c.csv": Array("text,n\n\"dr\nei\",3\n".utf8), "empty.txt": [],
      ])
    try run(Import.self, ["files": "x"], in: context)
    let found = try documents(context)
    #expect(found.map(\.id) == ["a.txt#0", "b/two.jsonl#0", "c.csv#0"])
    #expect(found.map(\.text) == ["one", "zwei", "dr\nei"])
    #expect(found.map(\.source) == ["a.txt", "web", "c.csv"])
    #expect(context.scores["documents"]?.value == 3 && context.scores["bytes"]?.value == 12)
    #expect(context.logLines.contains("left out empty.txt: it is empty"))
    #expect(context.logLines.contains("left out 1 documents without text"))
  }

  @Test func `a file that cannot be read stops the import and is named`() throws {
    let context = try FakeContext()
    try context.connect("files", tree: ["good.txt": [0x61], "sub/bad.txt": [0x61, 0xFF]])
    #expect(
      throws: CorpusError(
        "sub/bad.txt is not valid UTF-8 at byte 1; convert it first, for example with iconv")
    ) { try run(Import.self, ["files": "x"], in: context) }
    let empty = try FakeContext()
    try empty.connect("files", tree: ["a.txt": []])
    #expect(throws: StageError.self) { try run(Import.self, ["files": "x"], in: empty) }
    #expect(context.outputs.isEmpty && empty.outputs.isEmpty)
  }

  @Test func `tokens lead back to the text, the document and the user's file`() throws {
    let corpus = Self.corpus(200)
    let (imported, trained, tokenized) = try pipeline(corpus, tokenize: ["validationShare": 0.2])
    defer { withExtendedLifetime(imported) {} }
    let tokenizer = try Tokenizer(json: trained.output("tokenizer", "tokenizer.json"))
    let byID = Dictionary(
      uniqueKeysWithValues: try documents(imported).map { ($0.id, $0) })
    let description = try TokenFiles(
      json: JSON(parsing: tokenized.output("tokens", TokenFiles.description)))
    #expect(description.vocabularySize == 280 && description.endToken == 0)
    var seen = 0
    for split in TokenFiles.Split.allCases {
      let tokens = try NPY.decode(tokenized.output("tokens", split.tokensPath), as: UInt16.self)
        .values.map(Int.init)
      let starts = try NPY.decodeIntegers(tokenized.output("tokens", split.documentsPath))
      let origins = try tokenized.output("tokens", split.originsPath).split(separator: 10)
        .map { try TokenFiles.Origin(line: Array($0)) }
      #expect(starts.count == origins.count && starts.count > 20)
      #expect(description.tokenCounts[split] == tokens.count)
      #expect(description.documentCounts[split] == starts.count)
      for (index, origin) in origins.enumerated() {
        let end = index + 1 < starts.count ? starts[index + 1] : tokens.count
        let document = try #require(byID[origin.id])
        #expect(tokens[end - 1] == 0)
        #expect(tokenizer.decode(tokens[starts[index]..<end - 1]) == document.text)
        let offset = try #require(origin.offset)
        #expect(corpus[offset...].starts(with: document.text.utf8) && origin.file == "a/text.txt")
      }
      seen += origins.count
    }
    #expect(seen == 200)
    #expect(trained.scores["merges"]?.value == 23)
    #expect(try #require(trained.scores["bytesPerToken"]).value > 1)
  }

  @Test func `threads and batches change no byte`() throws {
    let results = try [1, 2, 7].map { threads in
      let contexts = try pipeline(Self.corpus(500), threads: threads)
      return [
        contexts.imported.outputs["documents"], contexts.trained.outputs["tokenizer"],
        contexts.tokenized.outputs["tokens"],
      ]
    }
    #expect(results[0] == results[1] && results[0] == results[2])
    #expect(!results[0].contains(nil))
  }

  @Test func `a held-out document stays held out when others are added`() throws {
    func heldOut(_ count: Int) throws -> [String] {
      let contexts = try pipeline(Self.corpus(count), tokenize: ["validationShare": 0.3])
      // The first context's folder holds the objects of all three.
      defer { withExtendedLifetime(contexts) {} }
      return try contexts.tokenized.output("tokens", TokenFiles.Split.validation.originsPath)
        .split(separator: 10).map { try TokenFiles.Origin(line: Array($0)).id }
    }
    let (few, many) = (try heldOut(100), try heldOut(1000))
    #expect(Array(many.prefix(few.count)) == few)
    #expect((250...350).contains(many.count))
  }

  @Test func `documents too short are left out, and without end token nothing is added`() throws {
    let contexts = try pipeline(
      Array("a\n---\nthe cat sat on the mat".utf8),
      tokenize: ["validationShare": 0, "minimumTokens": 2, "endToken": ""])
    defer { withExtendedLifetime(contexts) {} }
    let context = contexts.tokenized
    #expect(context.scores["train/documents"]?.value == 1)
    #expect(context.logLines.contains("left out 1 documents of fewer than 2 tokens"))
    let json = try JSON(parsing: context.output("tokens", TokenFiles.description))
    #expect(json["endToken"] == .null)
    let tokens = try NPY.decodeIntegers(context.output("tokens", "train.npy"))
    #expect(!tokens.contains(0))
  }

  @Test func `a vocabulary beyond 65536 is written as uint32`() throws {
    var trainer = TokenizerTrainer(vocabularySize: 257, pattern: .gpt2)
    trainer.add("x")
    let file = String(decoding: try trainer.train().json(), as: UTF8.self)
      .replacing("\"id\": 0,", with: "\"id\": 70000,", maxReplacements: 1)
    let context = try FakeContext()
    try context.connect("documents", file: Document(id: "a", text: "hi", source: "s").line())
    try context.connect("tokenizer", tree: ["tokenizer.json": Array(file.utf8)])
    try run(Tokenize.self, ["validationShare": 0], in: context)
    let tokens = try NPY.decode(context.output("tokens", "train.npy"), as: UInt32.self).values
    #expect(tokens.count == 3 && tokens.last == 70000)
  }

  @Test func `what cannot work is said with a remedy`() throws {
    func message(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "no error"
      } catch {
        return "\(error)"
      }
    }
    let corpus = Self.corpus(20)
    #expect(
      message { _ = try pipeline(corpus, tokenize: ["endToken": "<|endofttext|>"]) }
        == "the tokenizer has no special token \"<|endofttext|>\" (did you mean "
        + "\"<|endoftext|>\"?); set endToken to one of <|endoftext|>, or to \"\" for none")
    let id = try #require((0..<50).first { Tokenize.isHeldOut("\($0)", share: 0.5) })
    let context = try FakeContext()
    try context.connect("documents", file: Document(id: "\(id)", text: "hi", source: "s").line())
    var trainer = TokenizerTrainer(vocabularySize: 257, pattern: .gpt2)
    trainer.add("x")
    try context.connect("tokenizer", tree: ["tokenizer.json": try trainer.train().json()])
    #expect(
      message { try run(Tokenize.self, ["validationShare": 0.5], in: context) }
        .hasPrefix("every document fell to validation"))
    func parameters(_ with: [String: JSON]) -> ParameterError? {
      #expect(throws: ParameterError.self) { try run(TrainTokenizer.self, with, in: context) }
    }
    #expect(parameters(["specialTokens": ["a", "a"]])?.path == "specialTokens")
    #expect(
      parameters(["vocabularySize": 257, "specialTokens": ["a", "b"]])?.path == "vocabularySize")
    #expect(parameters(["patern": "gpt2"])?.message.contains("did you mean \"pattern\"") == true)
  }

  @Test func `a stop is heeded`() throws {
    let context = try FakeContext(stopAfter: 0)
    try context.connect("files", tree: ["a.txt": Array("x".utf8)])
    #expect(throws: FakeInterruption.self) { try run(Import.self, ["files": "x"], in: context) }
  }
}
