import ContentStore
import Corpus
import Evaluation
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Stages
import Testing
import Text

struct EvaluateTests {
  static let world = World(entities: 40, phrasings: 2, kinds: 2, seed: 5)

  private static func documents() throws -> [Document] {
    try (0..<world.count(.documents)).map { place in
      try Document(line: world.line(.documents, at: place).dropLast())
    }
  }

  private static let questions: [String: [UInt8]] = {
    var files: [String: [UInt8]] = [:]
    for split in WorldSplit.allCases {
      for subject in world.factSubjects {
        files["\(split)/\(subject)_\(split).csv"] = world.test(subject, split)
      }
    }
    return files
  }()

  /// An untrained model with a tokenizer of the world.
  private static func checkpoint() throws -> [String: [UInt8]] {
    var trainer = TokenizerTrainer(vocabularySize: 300, pattern: .gpt2)
    for document in try documents() { trainer.add(document.text) }
    let tokenizer = try trainer.train()
    let configuration = ModelConfiguration(
      vocabularySize: tokenizer.vocabularySize, hidden: 16, layers: 1, heads: 2, intermediate: 24,
      maximumPositions: 128, endTokens: [0])
    let model = Transformer(configuration, seed: 1, on: Compute(threads: 1))
    return try Checkpoint(model, tokenizerFiles: ["tokenizer.json": tokenizer.json()]).files()
  }

  private func evaluate(
    _ with: [String: JSON], threads: Int = 2, questions: Bool = true, documents: Bool = false
  ) throws -> FakeContext {
    let context = try FakeContext(threads: threads)
    try context.connect("checkpoint", tree: Self.checkpoint())
    if questions { try context.connect("questions", tree: Self.questions) }
    if documents {
      let lines = try Self.documents().prefix(40).map { try $0.json.canonicalText() + "\n" }
      try context.connect("documents", file: Array(lines.joined().utf8))
    }
    try AnyStage(Evaluate.self).decode(with).run(context)
    return context
  }

  private func outcomes(_ context: FakeContext) throws -> [JSON] {
    try context.output("outcomes").split(separator: UInt8(ascii: "\n"))
      .map { try JSON(parsing: Array($0)) }
  }

  @Test func `scores are the means of the outcomes, by subject and in all`() throws {
    let context = try evaluate(["form": "cloze", "shots": 1, "limit": 7])
    let answered = try outcomes(context).map { try #require(QuestionOutcome(json: $0)) }
    #expect(answered.count == 14)
    #expect(
      context.scores.keys.sorted()
        == ["mmlu", "mmlu/biography", "mmlu/geography", "mmlu/macro"])
    let right = Double(answered.count(where: \.isCorrect)) / 14
    #expect(context.scores["mmlu"]?.value == right)
    #expect(context.scores["mmlu"]?.count == 14)
    #expect(context.scores["mmlu"]?.higherIsBetter == true)
  }

  @Test func `one thread and two give the same bytes, questions and documents alike`() throws {
    let one = try evaluate(["normalization": "length"], threads: 1, documents: true)
    let two = try evaluate(["normalization": "length"], threads: 2, documents: true)
    #expect(one.outputs == two.outputs)
    #expect(one.scores == two.scores)
    #expect(one.scores["perplexity/bitsPerByte"]?.higherIsBetter == false)
    let lines = try outcomes(one)
    #expect(lines.compactMap(DocumentOutcome.init(json:)).count == 40)
  }

  @Test func `an untrained model's token perplexity is near the size of its vocabulary`() throws {
    let context = try evaluate([:], questions: false, documents: true)
    let perplexity = try #require(context.scores["perplexity/token"]?.value)
    #expect((200...400).contains(perplexity))
  }

  @Test func `a task on documents measures no more of them than its limit`() throws {
    let tasks: JSON = ["prose": ["kind": "perplexity", "limit": 7]]
    let context = try evaluate(["tasks": tasks], questions: false, documents: true)
    #expect(try outcomes(context).compactMap(DocumentOutcome.init(json:)).count == 7)
  }

  @Test func `prompts that were cut are counted, and the name leads the scores`() throws {
    let context = try evaluate(["maxLength": 20, "name": "quiz", "subjects": ["geography"]])
    let scores = context.scores
    #expect(scores.keys.sorted() == ["quiz", "quiz/geography", "quiz/macro", "quiz/truncated"])
    #expect(scores["quiz/truncated"]?.value == scores["quiz"]?.count.map(Double.init))
    #expect(context.logLines.contains { $0.contains("lost their beginning") })
  }

  @Test func `wrong calls name what is wrong`() throws {
    #expect(throws: StageError.self) { try evaluate([:], questions: false) }
    let error = #expect(throws: ParameterError.self) {
      try evaluate(["subjects": ["geografy"]])
    }
    #expect(error?.message.contains("did you mean \"geography\"?") == true)
  }
}

struct ImportQuestionsTests {
  private func run(_ files: [String: String]) throws -> FakeContext {
    let context = try FakeContext()
    try context.connect("files", tree: files.mapValues { Array($0.utf8) })
    try AnyStage(ImportQuestions.self).decode([:], connected: ["files"]).run(context)
    return context
  }

  @Test func `files of the layout come in byte for byte, and others are named`() throws {
    let context = try run([
      "x/test/law_test.csv": "\"q\r\n\",1,2,3,4,A\r\n", "law_dev.csv": "q,1,2,3,4,D",
      "README.txt": "hello",
    ])
    #expect(try context.outputPaths("questions") == ["dev/law_dev.csv", "test/law_test.csv"])
    #expect(
      try context.output("questions", "test/law_test.csv")
        == Array("\"q\r\n\",1,2,3,4,A\r\n".utf8))
    #expect(context.scores["questions/test"]?.value == 1)
    #expect(context.scores["questions/val"]?.value == 0)
    #expect(context.logLines.contains { $0.contains("README.txt") })
  }

  @Test func `a bad row is an error that names file and row`() throws {
    let error = #expect(throws: QuestionError.self) {
      try run(["test/law_test.csv": "q,1,2,3,4,A\nq,1,2,3,4,e\n"])
    }
    #expect(error?.message.contains("test/law_test.csv, row 2 (line 2)") == true)
  }
}
