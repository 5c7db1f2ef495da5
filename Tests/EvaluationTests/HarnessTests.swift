import ContentStore
import Evaluation
import LanguageModel
import Testing

/// Against what lm-evaluation-harness 0.4.13 itself made of the same questions (make_harness.py).
struct HarnessTests {
  /// One way of putting the questions.
  struct Case {
    var json: JSON
    var form: PromptForm
    var shots: Int
    var encoder: RequestEncoder

    init(_ json: JSON) throws {
      self.json = json
      form = try #require(PromptForm(rawValue: json.string("form")))
      shots = try json.integer("shots")
      encoder = RequestEncoder(
        tokenizer: ByteTokenizer(addsBegin: json["addsBegin"] == true),
        maximumLength: try json.integer("maximumLength"))
    }

    func outcomes(_ harness: Harness, _ normalization: Normalization) throws -> [QuestionOutcome] {
      let scoring = QuestionScoring(
        writer: PromptWriter(form: form, shots: shots), encoder: encoder,
        normalization: normalization)
      return try scoring.outcomes(
        of: harness.test, examples: harness.dev, by: FractionScorer(window: encoder.maximumLength))
    }
  }

  /// The questions of the fixture.
  struct Harness {
    var cases: [Case]
    var dev: [String: [Question]] = [:]
    /// By subject, then row, as the samples stand.
    var test: [Question] = []
    var json: JSON

    init() throws {
      json = try fixture("harness.json")
      cases = try json.list("cases").map(Case.init)
      let subjects = try #require(json.member("questions").objectValue)
      for (subject, splits) in subjects.sorted(by: { $0.key < $1.key }) {
        dev[subject] = try Self.questions(splits, subject, .dev)
        test += try Self.questions(splits, subject, .test)
      }
    }

    static func questions(
      _ splits: JSON, _ subject: String, _ split: QuestionSplit
    ) throws -> [Question] {
      try splits.list(split.rawValue).enumerated().map { index, row in
        let fields = row.strings
        return Question(
          subject: subject, split: split, row: index + 1, text: fields[0],
          choices: Array(fields[1...4]),
          answer: try #require(Question.letters.firstIndex(of: fields[5])))
      }
    }
  }

  @Test func `prompts equal the harness's, character for character`() throws {
    let harness = try Harness()
    for example in harness.cases {
      let writer = PromptWriter(form: example.form, shots: example.shots)
      for (question, sample) in zip(harness.test, try example.json.list("samples")) {
        let prompt = try writer.prompt(for: question, examples: harness.dev[question.subject]!)
        #expect(try question.id == sample.string("id"))
        #expect(try Array(prompt.context.utf8) == Array(sample.string("context").utf8), "\(prompt)")
        let continuations = prompt.choices.map { Prompt.targetDelimiter + $0 }
        #expect(try continuations == sample.member("continuations").strings)
      }
    }
  }

  @Test func `log-likelihoods and greediness equal the harness's, also when truncated`() throws {
    let harness = try Harness()
    for example in harness.cases {
      let outcomes = try example.outcomes(harness, .none)
      for (outcome, sample) in zip(outcomes, try example.json.list("samples")) {
        #expect(try outcome.logLikelihoods == sample.member("logLikelihoods").numbers)
        #expect(try outcome.isGreedy == sample.list("isGreedy").compactMap(\.boolValue))
        #expect(outcome.isTruncated == (example.encoder.maximumLength < 200))
      }
    }
  }

  @Test(arguments: [
    ("acc", Normalization.none), ("acc_norm", .length), ("acc_bytes", .bytes),
  ])
  func `right answers and every aggregate equal the harness's`(
    metric: String, normalization: Normalization
  ) throws {
    let harness = try Harness()
    for example in harness.cases {
      let outcomes = try example.outcomes(harness, normalization)
      for (outcome, sample) in zip(outcomes, try example.json.list("samples")) {
        #expect(try outcome.isCorrect == (sample.double(metric) == 1))
        #expect(try outcome.isCorrectByLength == (sample.double("acc_norm") == 1))
      }
      let expected = try example.json.member("scores").member(metric)
      let scores = try #require(TestScores(outcomes))
      try expect(scores.micro, expected.member("micro"))
      try expect(scores.macro, expected.member("macro"))
      for (subject, pair) in try #require(expected.member("subjects").objectValue) {
        try expect(try #require(scores.subjects[subject]), pair)
      }
    }
  }

  private func expect(_ estimate: ScoreEstimate, _ pair: JSON) throws {
    #expect(near(estimate.value, pair.numbers[0], 1e-15))
    #expect(near(try #require(estimate.standardError), pair.numbers[1], 1e-14))
  }

  @Test func `the subjects of each category are the harness's`() throws {
    let categories = try #require(try fixture("harness.json").member("categories").objectValue)
    #expect(categories.count == 57)
    for (subject, category) in categories {
      #expect(SubjectCategory(subject: subject)?.rawValue == category.stringValue)
    }
    #expect(SubjectCategory.allCases.reduce(0) { $0 + $1.subjects.count } == 57)
    #expect(SubjectCategory(subject: "alchemy") == nil)
  }

  @Test func `perplexities by rolling windows equal the harness's`() throws {
    let json = try fixture("harness.json")
    let documents = try json.list("documents").enumerated().map { index, text in
      (id: String(index), text: text.stringValue ?? "")
    }
    for example in try json.list("perplexity") {
      let length = try example.integer("maximumLength")
      let encoder = RequestEncoder(
        tokenizer: ByteTokenizer(addsBegin: example["addsBegin"] == true), maximumLength: length)
      let outcomes = try DocumentScoring(encoder: encoder)
        .outcomes(of: documents, by: FractionScorer(window: length))
      #expect(try outcomes.map(\.logLikelihood) == example.member("logLikelihoods").numbers)
      #expect(try outcomes.map(\.words) == example.list("words").compactMap(\.intValue))
      #expect(try outcomes.map(\.bytes) == example.list("bytes").compactMap(\.intValue))
      #expect(try outcomes.map(\.tokens) == example.list("tokens").compactMap(\.intValue))
      let scores = try #require(PerplexityScores(outcomes))
      #expect(near(scores.word.value, try example.double("wordPerplexity")))
      #expect(near(scores.byte.value, try example.double("bytePerplexity")))
      #expect(near(scores.bitsPerByte.value, try example.double("bitsPerByte")))
    }
  }
}
