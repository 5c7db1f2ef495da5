import ContentStore
import Corpus
import Ledger
import Pipeline
import Stages
import Testing
import Text

/// An op that reads documents, with what else it needs.
struct CorpusSubject: CustomTestStringConvertible, Sendable {
  let op: AnyStage
  let with: [String: JSON]
  /// The port that reads documents.
  let port: String
  /// The outputs that together have a line for every document; empty where an op gives something else.
  let outputs: [String]
  /// What is said of an input without documents; nil when that gives outputs without documents.
  let emptyFault: String?
  let prepare: @Sendable (FakeContext) throws -> Void

  init<Op: Stage>(
    _ op: Op.Type, _ with: [String: JSON] = [:], port: String = "documents",
    outputs: [String] = ["kept", "removed"], emptyFault: String? = nil,
    _ prepare: @escaping @Sendable (FakeContext) throws -> Void = { _ in }
  ) {
    (self.op, self.with, self.port) = (AnyStage(op), with, port)
    (self.outputs, self.emptyFault, self.prepare) = (outputs, emptyFault, prepare)
  }

  var testDescription: String { "\(op.op) \(with.keys.sorted().map { "\($0) \(with[$0]!)" })" }

  /// A store for each run would cost more than the runs.
  private static let shared = Result { try FakeContext() }

  func run(_ lines: [UInt8]) throws -> FakeContext {
    let context = try FakeContext(store: Self.shared.get().store)
    try context.connect(port, file: lines)
    try prepare(context)
    try op.decode(with, connected: Set(context.inputPorts)).run(context)
    return context
  }
}

/// Every op on a corpus with what breaks other tools: no documents, texts of white space, NUL, marks and
/// CRLF, a line of 50 MB, and lines that are no documents.
@Suite struct AwkwardInputTests {
  static let prose = """
    The little boat went out to sea with a cat and a dog. They had to find the island of the old king, and \
    that was far away. In the night the wind came up. It was cold and dark, but they did not give up.
    """

  private static let classifier = Result {
    let trained = try DataStagesTests().trained()
    return try Dictionary(
      uniqueKeysWithValues: trained.outputPaths("classifier").map {
        ($0, try trained.output("classifier", $0))
      })
  }

  private static func connectTokenizer(_ context: FakeContext) throws {
    var trainer = TokenizerTrainer(vocabularySize: 400, pattern: .llama3)
    trainer.add(prose)
    try context.connect("tokenizer", tree: ["tokenizer.json": trainer.train().json()])
  }

  static let filters: [CorpusSubject] = [
    CorpusSubject(Filter.self, ["preset": "gopher"]), CorpusSubject(Filter.self, ["preset": "c4"]),
    CorpusSubject(Filter.self, ["preset": "fineweb"]),
    CorpusSubject(Filter.self, ["preset": "llama-3.1"]),
    CorpusSubject(
      Filter.self,
      [
        "rules": [
          ["rule": "personal-data", "kinds": ["email", "card", "iban", "ip", "phone", "ssn"]],
          ["rule": "c4-paragraphs"], ["rule": "script"],
        ]
      ]),
    CorpusSubject(Robots.self), CorpusSubject(Dedup.self, ["method": "minhash"]),
    CorpusSubject(Dedup.self, ["method": "exact"]), CorpusSubject(Dedup.self, ["method": "lines"]),
    CorpusSubject(Dedup.self, ["method": "url"]),
  ]

  static let decontaminations = ["ngram", "afm", "qwen2", "llama-3.1", "gpt3"].map { method in
    CorpusSubject(
      Decontaminate.self, ["method": .string(method)],
      outputs: method == "gpt3" ? [] : ["kept", "removed"]
    ) { try $0.connect("mmlu", tree: ["test/x_test.csv": Array("a,b,c,d,e,A\n".utf8)]) }
  }

  static let tokenizers = ["gpt2", "llama3", "qwen2", "smollm", "cl100k", "sentencepiece"].map {
    CorpusSubject(
      TrainTokenizer.self, ["vocabularySize": 400, "pattern": .string($0)], outputs: [])
  }

  static let others: [CorpusSubject] = [
    CorpusSubject(
      ClassifyTrain.self, ["fasttext": ["dimension": 8, "buckets": 1000]], port: "positive",
      outputs: [], emptyFault: "a classifier needs two labels"
    ) {
      try $0.connect(
        "negative", file: DataStagesTests.texts("bad", 40).flatMap { try $0.line() })
    },
    CorpusSubject(
      Classify.self, outputs: ["documents"], emptyFault: "there are no documents to label"
    ) { try $0.connect("classifier", tree: classifier.get()) },
    CorpusSubject(Mix.self, outputs: ["documents"], emptyFault: "nothing to mix: documents"),
    CorpusSubject(
      Tokenize.self, ["validationShare": 0], outputs: [], emptyFault: "hold no text to tokenize",
      connectTokenizer),
    CorpusSubject(
      Synthesize.self,
      ["steps": [["name": "a", "prompt": "{text}", "tokens": 3]], "text": "{a}", "limit": 40]
    ) { try $0.connect("checkpoint", tree: DataStagesTests.checkpoint(positions: 64)) },
  ]

  static let all = filters + decontaminations + tokenizers + others

  private static let awkward: [String] = [
    "", " ", "\0", "\r\n\r\n", "a\r\nb\rc\n", "👍🏽👩‍👩‍👧🇩🇪", "e\u{301}\u{302}\u{323}", "\u{FEFF}",
    "\u{2028}\u{85}", "a",
    "\u{301}", "\u{FFFF}\u{10FFFF}", "<|endoftext|>", "<0x0A>", "{text}", "\u{1F468}\u{200D}",
    "\u{0}\u{0}a@b.org",
    String(repeating: "\u{301}", count: 5000), String(repeating: "a", count: 5000),
    String(repeating: "\n", count: 5000), String(repeating: "1", count: 5000),
    String(repeating: "wide word. ", count: 20000),
  ]

  private func count(_ subject: CorpusSubject, _ context: FakeContext) throws -> Int {
    try subject.outputs.map { try context.output($0).count { $0 == 10 } }.reduce(0, +)
  }

  @Test(arguments: all) func `awkward texts are texts`(
    subject: CorpusSubject
  ) throws {
    let documents = Self.awkward.enumerated().map {
      Document(id: "\($0)", text: $1, source: $0 % 2 == 0 ? "s" : "")
    }
    let context = try subject.run(documents.flatMap { try $0.line() })
    #expect(!context.outputs.isEmpty)
    if !subject.outputs.isEmpty { #expect(try count(subject, context) == documents.count) }
  }

  @Test(arguments: all)
  func `no documents are no reason to crash`(subject: CorpusSubject) throws {
    do {
      let context = try subject.run([])
      #expect(subject.emptyFault == nil && !context.outputs.isEmpty)
      #expect(try count(subject, context) == 0)
    } catch {
      let fault = try #require(subject.emptyFault, "\(error)")
      #expect("\(error)".contains(fault), "\(error)")
    }
  }

  @Test(arguments: all)
  func `a line that is no document is named`(subject: CorpusSubject) {
    let good = Array(#"{"id":"a","source":"s","text":"x"}"#.utf8) + [10]
    for (line, message) in [
      (Array(#"{"id":"b","source":"s","text":"\ud800"}"#.utf8), "a lone surrogate"),
      (Array(#"{"id":"b","source":"s","text":"\udc00\ud800"}"#.utf8), "a lone surrogate"),
      (
        Array(#"{"id":"b","source":"s","text":""#.utf8) + [0xC3, 0x28] + Array("\"}".utf8), "UTF-8"
      ),
      (Array(#"{"id":"b","source":"s","text":"a"#.utf8) + [0] + Array("\"}".utf8), ""),
      (Array(#"{"id":"b","text":1}"#.utf8), "not a document"), (Array("[".utf8), ""),
    ] {
      do {
        _ = try subject.run(good + line + [10])
        Issue.record("nothing was refused: \(String(decoding: line, as: UTF8.self))")
      } catch {
        #expect("\(error)".contains("line 2") && "\(error)".contains(message), "\(error)")
      }
    }
  }

  /// Those that look at a text once; rules and tokenizers take minutes for so much without optimisation.
  static let large: [CorpusSubject] = [filters[5], filters[7], others[2]]

  @Test(arguments: large)
  func `a line of 50 MB is one document`(subject: CorpusSubject) throws {
    let text = String(repeating: Self.prose + "\n", count: (50 << 20) / (Self.prose.utf8.count + 1))
    let context = try subject.run(Document(id: "big", text: text, source: "s").line())
    if !subject.outputs.isEmpty { #expect(try count(subject, context) == 1) }
  }

  // MARK: Taking in, and packing

  private func imported(
    _ op: AnyStage, _ files: [String: [UInt8]], _ with: [String: JSON] = [:]
  ) throws -> FakeContext {
    let context = try FakeContext()
    try context.connect("files", tree: files)
    try op.decode(with, connected: ["files"]).run(context)
    return context
  }

  @Test func `files are taken in whatever stands in their texts`() throws {
    let texts = Self.awkward.filter { $0.contains { !$0.isWhitespace } }
    let objects = texts.map {
      JSON.object(["text": .string($0), "prompt": "p", "response": .string($0)])
    }
    let lines: [UInt8] = try objects.flatMap { object -> [UInt8] in
      try object.canonical() + [13, 10]
    }
    let documents = try imported(AnyStage(Import.self), ["a.jsonl": lines]).output("documents")
      .split(separator: 10).map { try Document(line: Array($0)).text }
    #expect(documents.count == texts.count)
    for (document, text) in zip(documents, texts) {
      #expect(document.utf8.elementsEqual(text.utf8))
    }
    let records = try imported(AnyStage(ImportRecords.self), ["a.jsonl": lines]).output("records")
    #expect(records.count { $0 == 10 } == texts.count)
    let plain = try imported(AnyStage(Import.self), ["a.txt": Array("\0\r\ne\u{301}👍🏽\r\n".utf8)])
    let document = try Document(line: plain.output("documents").dropLast())
    #expect(document.text.utf8.elementsEqual("\0\r\ne\u{301}👍🏽\r\n".utf8))
  }

  @Test func `files that cannot be taken in are named`() throws {
    for op in [AnyStage(Import.self), AnyStage(ImportRecords.self)] {
      for (line, message) in [
        (Array(#"{"text":"\ud800","prompt":"a","response":"\ud800"}"#.utf8), "a lone surrogate"),
        (
          Array(#"{"text":"","prompt":"a","response":""#.utf8) + [0xFF] + Array("\"}".utf8), "UTF-8"
        ),
        (Array(#"{"text":"a"#.utf8) + [0] + Array("\"}".utf8), ""),
      ] {
        do {
          _ = try imported(op, ["x/a.jsonl": line + [10]])
          Issue.record("nothing was refused: \(op.op) \(String(decoding: line, as: UTF8.self))")
        } catch {
          #expect("\(error)".contains("x/a.jsonl") && "\(error)".contains(message), "\(error)")
        }
      }
    }
  }

  @Test func `files of 50 MB in one line, and empty ones`()
    throws
  {
    let text = String(repeating: "word ", count: 10 << 20)
    let line = try JSON.object(["text": .string(text), "prompt": "p", "response": .string(text)])
      .canonical()
    let tail = Array("\nnext".utf8)
    let plain = try imported(
      AnyStage(Import.self), ["a.txt": Array(text.utf8) + tail, "b.txt": []])
    #expect(plain.scores["bytes"]?.value == Double(text.utf8.count + 5))
    let documents = try imported(AnyStage(Import.self), ["a.jsonl": line])
    #expect(documents.scores["documents"]?.value == 1)
    let records = try imported(AnyStage(ImportRecords.self), ["a.jsonl": line, "b.jsonl": []])
    #expect(try records.output("records").count { $0 == 10 } == 1)
  }

  @Test func `tokens of awkward texts are packed, and no tokens are named`() throws {
    let documents = Self.awkward.enumerated().map { Document(id: "\($0)", text: $1, source: "s") }
    let tokens = try Self.others[3].run(documents.flatMap { try $0.line() })
    let packed = try FakeContext(store: tokens.store)
    packed.connect("tokens", try #require(tokens.outputs["tokens"]))
    try AnyStage(Pack.self).decode(["length": 64]).run(packed)
    #expect(try packed.outputPaths("tokens").contains("train-lengths.npy"))
    let empty = try FakeContext()
    var files: [String: [UInt8]] = [:]
    for path in try tokens.outputPaths("tokens") where path.hasPrefix("validation") {
      files[path] = try tokens.output("tokens", path)
      files[path.replacing("validation", with: "train")] = files[path]
    }
    files["tokens.json"] = try TokenFiles(
      vocabularySize: 400, endToken: nil, tokenCounts: [.train: 0, .validation: 0],
      documentCounts: [.train: 0, .validation: 0]
    ).json.canonical()
    try empty.connect("tokens", tree: files)
    let error = #expect(throws: StageError.self) {
      try AnyStage(Pack.self).decode(["length": 64]).run(empty)
    }
    #expect("\(String(describing: error))".contains("no training documents"))
  }
}
