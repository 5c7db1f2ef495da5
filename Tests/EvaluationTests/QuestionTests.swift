import ContentStore
import Evaluation
import Foundation
import LanguageModel
import Testing

struct QuestionTests {
  private func set(_ files: [String: String]) throws -> QuestionSet {
    try QuestionSet(paths: files.keys) { Array(files[$0]!.utf8) }
  }

  private func message(_ files: [String: String]) -> String {
    do {
      _ = try set(files)
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test func `files of the layout are read wherever they stand, and others are left alone`() throws
  {
    let questions = try set([
      "data/test/us_foreign_policy_test.csv":
        "\"What, \"\"now\"\"?\",a,b,\"c\nd\",e,C\nq,1,2,3,4,A",
      "data/dev/us_foreign_policy_dev.csv": "q,1,2,3,4,D\r\n",
      "README.txt": "not a question",
      "_test.csv": "no subject",
    ])
    #expect(questions.subjects(in: .test) == ["us_foreign_policy"])
    #expect(questions.subjects(in: .val) == [])
    let rows = questions.questions(of: "us_foreign_policy", in: .test)
    #expect(rows.map(\.id) == ["us_foreign_policy/test/1", "us_foreign_policy/test/2"])
    #expect(rows[0].text == "What, \"now\"?")
    #expect(rows[0].choices == ["a", "b", "c\nd", "e"])
    #expect(rows[0].answer == 2)
    #expect(questions.questions(of: "us_foreign_policy", in: .dev)[0].answer == 3)
    #expect(questions.questions(of: "law", in: .dev) == [])
  }

  @Test func `a path of the layout and its place lead to each other`() {
    let place = QuestionSet.Place(path: "any/where/high_school_physics_val.csv")
    #expect(place == QuestionSet.Place(subject: "high_school_physics", split: .val))
    #expect(place?.path == "val/high_school_physics_val.csv")
    #expect(QuestionSet.Place(path: "test/anatomy.csv") == nil)
  }

  @Test func `a row that is no question is an error that names file, row and line`() {
    #expect(
      message(["test/x_test.csv": "\"a\nb\",1,2,3,4,A\nq,1,2,3,A\n"])
        == "test/x_test.csv, row 2 (line 3): found 5 fields, expected 6: question, A, B, C, D, answer"
    )
    #expect(
      message(["dev/x_dev.csv": "q,1,2,3,4,E"])
        == "dev/x_dev.csv, row 1 (line 1): the answer is \"E\", expected A, B, C or D")
    #expect(message(["dev/x_dev.csv": "\"q,1,2,3,4,E"]).contains("dev/x_dev.csv"))
  }

  @Test func `no questions at all, and two files for one subject, are errors`() {
    #expect(message(["a.txt": ""]).contains("no questions found"))
    #expect(
      message(["a/x_dev.csv": "q,1,2,3,4,A", "b/x_dev.csv": "q,1,2,3,4,A"]).contains(
        "a/x_dev.csv and b/x_dev.csv both hold x's dev questions"))
  }

  @Test func `more shots than examples are refused`() {
    let question = Question(
      subject: "s", split: .test, row: 1, text: "q", choices: ["1", "2", "3", "4"], answer: 0)
    #expect(throws: QuestionError.self) {
      try PromptWriter(form: .letter, shots: 1).prompt(for: question, examples: [])
    }
  }

  @Test func `a dev question is not shown its own answer`() throws {
    let rows = (1...2).map { row in
      Question(
        subject: "s", split: .dev, row: row, text: "q\(row)", choices: ["1", "2", "3", "4"],
        answer: 0)
    }
    let prompt = try PromptWriter(form: .cloze, shots: 1).prompt(for: rows[0], examples: rows)
    #expect(
      prompt.context == "The following are questions (with answers) about s.\n\n"
        + "Question: q2\nAnswer: 1\n\nQuestion: q1\nAnswer:")
  }

  static let mmlu = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("shared/data/mmlu").path

  static let mmluIsThere = FileManager.default.fileExists(atPath: mmlu)

  @Test(.enabled(if: mmluIsThere, "needs ../shared/data/mmlu"))
  func `all of MMLU is read, line breaks in quotes included`() throws {
    let folder = Self.mmlu
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder)
    let set = try QuestionSet(paths: paths) { path in
      [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + path)))
    }
    let counts = QuestionSplit.allCases.map { split in
      set.subjects(in: split).reduce(0) { $0 + set.questions(of: $1, in: split).count }
    }
    #expect(counts == [285, 1531, 14042])
    #expect(set.subjects(in: .test).count == 57)
    #expect(set.subjects(in: .test).allSatisfy { SubjectCategory(subject: $0) != nil })
  }
}

struct RequestEncodingTests {
  private func encoder(_ length: Int, begin: Bool = false) -> RequestEncoder {
    RequestEncoder(tokenizer: ByteTokenizer(addsBegin: begin), maximumLength: length)
  }

  @Test func `white space at the end of a context moves to the continuation`() throws {
    let request = try encoder(100).encode(context: "ab \u{1F}", continuation: "c")
    #expect(request.windows == [ScoreRequest(context: [97, 98], continuation: [32, 31, 99])])
    #expect(!request.isTruncated)
  }

  @Test func `an empty context is the prefix token`() throws {
    #expect(
      try encoder(100, begin: true).encode(context: "", continuation: "ab").windows
        == [ScoreRequest(context: [256], continuation: [97, 98])])
    #expect(
      try encoder(100).encode(context: "", continuation: "<|begin|>ab").windows
        == [ScoreRequest(context: [256], continuation: [97, 98])])
  }

  @Test func `a text that begins with the prefix gets no second one`() throws {
    let request = try encoder(100, begin: true).encode(context: "<|begin|>a", continuation: "b")
    #expect(request.windows == [ScoreRequest(context: [256, 97], continuation: [98])])
  }

  @Test func `a long context loses its beginning`() throws {
    let request = try encoder(3).encode(context: "abcdef", continuation: "gh")
    #expect(request.isTruncated)
    #expect(request.windows == [ScoreRequest(context: [101, 102], continuation: [103, 104])])
  }

  @Test func `a continuation longer than the model is scored in pieces that cover it once`() throws
  {
    let request = try encoder(3).encode(context: "ab", continuation: "cdefghi")
    #expect(request.isTruncated)
    #expect(request.windows.flatMap(\.continuation) == Array(99...105))
    for window in request.windows {
      #expect(!window.context.isEmpty)
      #expect(window.context.count + window.continuation.count <= 4)
    }
    #expect(request.windows.last == ScoreRequest(context: [102, 103, 104], continuation: [105]))
  }

  @Test func `a continuation without tokens is refused`() {
    #expect(throws: QuestionError.self) {
      try encoder(9).encode(context: "a", continuation: "")
    }
  }
}

struct OutcomeTests {
  @Test func `an outcome read back is the same, infinities included`() throws {
    let outcome = QuestionOutcome(
      id: "a/test/1", subject: "a", question: SHA256.hash([]),
      logLikelihoods: [-1.5, -.infinity, -0.1, -2], prediction: 2, gold: 1,
      isCorrectByLength: true, isTruncated: false, isGreedy: [true, false, false, true])
    let text = try outcome.json.canonicalText()
    #expect(try QuestionOutcome(json: JSON(parsing: text)) == outcome)
    #expect(!outcome.isCorrect)
  }

  @Test func `a document's outcome read back is the same`() throws {
    let outcome = DocumentOutcome(id: "d", logLikelihood: -12.25, tokens: 3, words: 2, bytes: 9)
    #expect(try DocumentOutcome(json: JSON(parsing: outcome.json.canonicalText())) == outcome)
  }

  @Test func `the first of equals is taken, and lengths are code points or bytes`() {
    let choices = ["aa", "é", "e\u{301}", "aaaa"]
    #expect(Normalization.none.prediction(logLikelihoods: [-1, -1, -1, -1], choices: choices) == 0)
    #expect(
      Normalization.length.prediction(logLikelihoods: [-4, -2, -4, -6], choices: choices) == 3)
    #expect(
      Normalization.bytes.prediction(logLikelihoods: [-4, -2, -2.4, -6], choices: choices) == 2)
  }

  @Test func `one question per subject leaves no standard error but a score`() throws {
    let outcome = { (subject: String) in
      QuestionOutcome(
        id: subject, subject: subject, question: SHA256.hash([]), logLikelihoods: [0],
        prediction: 0, gold: 0, isCorrectByLength: true, isTruncated: false, isGreedy: [true])
    }
    let scores = try #require(TestScores([outcome("anatomy"), outcome("alchemy")]))
    #expect(scores.micro == ScoreEstimate(1, standardError: nil, count: 2))
    #expect(scores.categories.keys.map(\.rawValue) == ["stem"])
    #expect(
      scores.named("t").keys.sorted() == ["t", "t/alchemy", "t/anatomy", "t/macro", "t/stem"])
    #expect(TestScores([]) == nil)
    #expect(PerplexityScores([]) == nil)
  }
}
