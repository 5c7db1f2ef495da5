import ContentStore
import Evaluation
import Ledger
import Pipeline
import Testing

@testable import Reports

@Suite struct ComparisonTests {
  private let answersA = [true, true, false, false, true, false, true, true, false, true]
  private let answersB = [true, true, true, false, true, true, true, true, false, false]

  private func compare(_ laboratory: Laboratory, _ a: RecordedRun, _ b: RecordedRun) throws
    -> RunComparison
  {
    try RunComparison(a, b, in: laboratory.ledger, read: laboratory.read)
  }

  @Test func `runs part at the first stage in order whose recipe differs`() throws {
    let laboratory = try Laboratory()
    let a = try laboratory.run(laboratory.steps(rate: 0.1, answers: answersA, loss: 3))
    let b = try laboratory.run(laboratory.steps(rate: 0.2, answers: answersB, loss: 2))
    let comparison = try compare(laboratory, a, b)
    #expect(comparison.stages.map(\.relation) == [.same, .same, .differs, .differs])
    let first = try #require(comparison.firstDifference)
    #expect(first.name == "model")
    #expect(first.differences.map(\.description) == ["with.learningRate: 0.1 → 0.2"])
    #expect(comparison.stages[3].differences.map(\.path) == ["inputs.checkpoint"])
    let metric = try #require(comparison.metrics.first)
    #expect(metric.a?.value == 3)
    #expect(metric.b?.value == 2)
    #expect(metric.a?.step == 2)
  }

  @Test func `a run equals itself`() throws {
    let laboratory = try Laboratory()
    let a = try laboratory.run(laboratory.steps(rate: 0.1, answers: answersA, loss: 3))
    let b = try laboratory.run(laboratory.steps(rate: 0.1, answers: answersA, loss: 3))
    let comparison = try compare(laboratory, a, b)
    #expect(comparison.firstDifference == nil)
    #expect(comparison.environment.isEmpty)
    #expect(comparison.metrics.isEmpty)
    #expect(comparison.scores.allSatisfy { $0.difference == 0 })
  }

  /// d = b − a has mean 0.1, and sample variance (2·0.9² + 1·1.1² + 7·0.1²) / 9 = 2.9 / 9.
  @Test func `answers to the same questions are paired`() throws {
    let laboratory = try Laboratory()
    let a = try laboratory.run(laboratory.steps(rate: 0.1, answers: answersA, loss: 3))
    let b = try laboratory.run(laboratory.steps(rate: 0.2, answers: answersB, loss: 2))
    let score = try #require(
      try compare(laboratory, a, b).scores.first { $0.name == "accuracy" })
    #expect(score.paired == 10)
    #expect(abs(score.difference - 0.1) < 1e-12)
    let error = try #require(score.standardError)
    #expect(abs(error - (2.9 / 90).squareRoot()) < 1e-12)
    // Two that only b has right, one that only a has: McNemar's exact test of 1 in 3.
    #expect(score.mcNemar == McNemar(onlyA: 1, onlyB: 2))
    #expect(score.mcNemar?.exact == 1)
    #expect(score.adjustedPValue == score.pValue)
    // Variance of a difference 0.29 · 10/9.
    #expect(
      score.questionsNeeded == PowerAnalysis(differenceVariance: 2.9 / 9).questions(effect: 0.1))
  }

  /// Each right of 3 alone proves little: the error is that of a question of each side that departs, 1/3 + 1/3, and
  /// p = 2 Φ(−1.5). McNemar's test has one of 2³ outcomes on each side.
  @Test func `answers that are all alike have the error of one that departs, here as in claims`()
    throws
  {
    let laboratory = try Laboratory()
    let (wrong, right) = ([false, false, false], [true, true, true])
    let a = try laboratory.run(laboratory.steps(rate: 0.1, answers: wrong, loss: 3))
    let b = try laboratory.run(laboratory.steps(rate: 0.2, answers: right, loss: 2))
    let score = try #require(
      try compare(laboratory, a, b).scores.first { $0.name == "accuracy" })
    #expect(abs(try #require(score.standardError) - 2.0 / 3) < 1e-15)
    #expect(score.interval?.contains(0) == true)
    #expect(abs(try #require(score.pValue) - 0.1336144025377161) < 1e-12)
    // The greater of two is not made greater.
    #expect(score.adjustedPValue == score.pValue)
    #expect(score.mcNemar?.exact == 0.25)
    #expect(score.questionsNeeded == nil && score.detectable == nil)
  }

  /// Python: m = 7/14 and 7/13; z_q = (b_q − 7/13)/13 − (a_q − 7/14)/14, without its first part for the question
  /// that b was not asked; Σ z² · 14/13.
  @Test
  func `questions that most of both sides share are paired, and what only one was asked adds`()
    throws
  {
    let laboratory = try Laboratory()
    let asked = (0..<14).map { $0 % 2 == 0 }
    var fewer = Array(asked.prefix(13))
    (fewer[11], fewer[12]) = (true, false)
    let a = try laboratory.run(laboratory.steps(rate: 0.1, answers: asked, loss: 3))
    let b = try laboratory.run(laboratory.steps(rate: 0.2, answers: fewer, loss: 2))
    let score = try #require(
      try compare(laboratory, a, b).scores.first { $0.name == "accuracy" })
    #expect(score.paired == 13)
    #expect(abs(try #require(score.standardError) - 0.11583888728078044) < 1e-14)
    #expect(score.mcNemar == McNemar(onlyA: 1, onlyB: 1))
  }

  @Test func `scores without common answers are compared by their standard errors`() throws {
    let laboratory = try Laboratory()
    let a = try laboratory.run(laboratory.steps(rate: 0.1, answers: answersA, loss: 3))
    let b = try laboratory.run(laboratory.steps(rate: 0.2, answers: [true, false], loss: 2))
    let scores = try compare(laboratory, a, b).scores
    #expect(scores.map(\.name) == ["loss", "accuracy"])
    for score in scores { #expect(score.paired == nil) }
    #expect(scores[0].standardError == (0.1 * 0.1 + 0.1 * 0.1).squareRoot())
    #expect(scores[0].difference == -1)
  }

  @Test func `one recipe with two results is another result, not another recipe`() throws {
    let laboratory = try Laboratory()
    let a = try laboratory.run(laboratory.steps(rate: 0.1, answers: answersA, loss: 3))
    let b = try laboratory.run(
      laboratory.steps(rate: 0.1, answers: answersA, loss: 2.5), isFresh: true)
    let comparison = try compare(laboratory, a, b)
    #expect(comparison.firstDifference?.name == "model")
    #expect(comparison.firstDifference?.relation == .otherResult)
  }

  @Test func `stages of one run only, and without a result, are told apart`() throws {
    let laboratory = try Laboratory()
    var steps = laboratory.steps(rate: 0.1, answers: answersA, loss: 3)
    let a = try laboratory.run(steps)
    let evaluate = steps.removeLast()
    steps[2].parameters = ["learningRate": 7]
    steps[2].result = nil
    let b = try laboratory.run(steps)
    let c = try laboratory.run(steps, isFresh: true)
    let relations = try compare(laboratory, a, b).stages.map(\.relation)
    #expect(relations == [.same, .same, .differs, .onlyA])
    #expect(try compare(laboratory, b, c).stages[2].relation == .unfinished)
    let d = try laboratory.run([evaluate])
    #expect(try compare(laboratory, c, d).stages.last?.relation == .onlyB)
  }

  @Test func `environment and code differ by path`() throws {
    let laboratory = try Laboratory()
    let steps = laboratory.steps(rate: 0.1, answers: answersA, loss: 3)
    let a = try laboratory.run(steps)
    let b = try laboratory.run(
      steps, environment: ["cpu": ["model": "B"], "host": "x"],
      code: ["commit": "1", "dirty": true]
    )
    let comparison = try compare(laboratory, a, b)
    #expect(comparison.environment.map(\.path) == ["cpu.model", "host"])
    #expect(comparison.environment[0].a == "A")
    #expect(comparison.environment[1].a == nil)
    #expect(comparison.code.map(\.path) == ["dirty"])
  }
}

@Suite struct OutcomesTests {
  private func sample(
    _ text: String, _ name: String, _ value: Double, count: Int? = nil,
    cluster: String = "cluster"
  ) -> ScoreSample? {
    Outcomes(bytes: Array(text.utf8))
      .sample(ofScore: name, Score(value, count: count), cluster: cluster)
  }

  private func difference(_ a: ScoreSample, _ b: ScoreSample) -> Influences {
    var both = Influences()
    both.add(b, times: 1)
    both.add(a, times: -1)
    return both
  }

  @Test func `a question that stands twice is paired in order`() throws {
    let a = """
      {"id":"1","subject":"s","question":"sha256:x","correct":true}
      {"id":"2","subject":"s","question":"sha256:x","correct":false}
      """
    let b = """
      {"id":"1","subject":"s","question":"sha256:x","correct":true}
      {"id":"2","subject":"s","question":"sha256:x","correct":true}
      """
    let left = try #require(sample(a, "accuracy/s", 0.5, count: 2))
    let right = try #require(sample(b, "accuracy/s", 1, count: 2))
    #expect(left.order == right.order)
    // d = 0, 1: variance ½ over 2.
    #expect(difference(left, right).variance == 0.25)
  }

  @Test func `a score that is not the mean of the answers is not taken apart`() {
    let line = "{\"id\":\"1\",\"correct\":1}\n{\"perplexity\":3}\nnot JSON\n"
    #expect(sample(line, "x", 0.5, count: 1) == nil)
    #expect(sample(line, "x", 1, count: 2) == nil)
    #expect(sample(line, "x/none", 1, count: 1) == nil)
    #expect(sample(line, "x", 1, count: 1)?.n == 1)
  }

  @Test func `any number of the lines may be what is averaged, and any text what names a part`() {
    let lines = """
      {"id":"1","correct":true,"reward":0.5,"language":"French","task":"x"}
      {"id":"2","correct":false,"reward":0.25,"language":"German","task":"x"}
      {"id":"3","correct":true,"reward":1,"language":"French","task":"y"}
      """
    #expect(sample(lines, "x", 0.375, count: 2)?.entries.values.compactMap(\.value).max() == 0.5)
    #expect(sample(lines, "win/French", 0.75, count: 2)?.n == 2)
    #expect(sample(lines, "y", 1, count: 1)?.n == 1)
  }

  /// Both are right twice in four, on other questions.
  @Test func `a score's name says which number it is the mean of, whatever others come to`() throws
  {
    let lines = """
      {"id":"1","task":"z","correct":true,"acc":true,"acc_norm":false,"tokens":7}
      {"id":"2","task":"z","correct":true,"acc":true,"acc_norm":true,"tokens":7}
      {"id":"3","task":"z","correct":false,"acc":false,"acc_norm":true,"tokens":7}
      {"id":"4","task":"z","correct":false,"acc":false,"acc_norm":false,"tokens":7}
      """
    func values(_ name: String, _ value: Double) -> [Double]? {
      sample(lines, name, value, count: 4).map { sample in
        sample.order.compactMap { sample.entries[$0]?.value }
      }
    }
    #expect(values("z/acc_norm", 0.5) == [0, 1, 1, 0])
    #expect(values("z/acc", 0.5) == [1, 1, 0, 0])
    #expect(values("z", 0.5) == [1, 1, 0, 0])
    #expect(values("acc_norm", 0.5) == [0, 1, 1, 0])
    // What the name says is something else than what was recorded.
    #expect(values("z/tokens", 0.5) == nil)
  }

  @Test func `a part's questions are found by what the input on contamination says of them`() throws
  {
    let lines = "{\"id\":\"1\",\"correct\":1}\n{\"id\":\"2\",\"correct\":0}\n"
    let outcomes = Outcomes(bytes: Array(lines.utf8), contamination: ["1": true, "2": false])
    let clean = outcomes.sample(ofScore: "x/clean", Score(0, count: 1), cluster: "cluster")
    #expect(clean?.order.map(\.name) == ["2"])
    let other = outcomes.sample(ofScore: "x/contaminated", Score(1, count: 1), cluster: "cluster")
    #expect(other?.order.map(\.name) == ["1"])
  }

  @Test func `a macro average weighs subjects alike`() throws {
    let lines = """
      {"id":"1","subject":"s","correct":true}
      {"id":"2","subject":"s","correct":false}
      {"id":"3","subject":"t","correct":true}
      {"id":"4","subject":"t","correct":true}
      {"id":"5","subject":"t","correct":false}
      {"id":"6","subject":"t","correct":false}
      """
    let macro = try #require(sample(lines, "mmlu/macro", 0.5, count: 6))
    let influences = macro.order.map { macro.entries[$0]?.influence ?? 0 }
    #expect(influences == [0.125, -0.125, 0.0625, 0.0625, -0.0625, -0.0625])
  }

  /// Answers of subjects `s`, `t` and `u`, with a passage and a field each.
  private func subjects(_ answers: [String: [Int]]) -> String {
    answers.sorted { $0.key < $1.key }.flatMap { subject, values in
      values.enumerated().map { number, value in
        let field = subject == "u" ? "arts" : "sciences"
        return
          "{\"id\":\"\(subject)\(number)\",\"subject\":\"\(subject)\",\"correct\":\(value),"
          + "\"field\":\"\(field)\",\"passage\":\"\(subject)\(number / 2)\"}"
      }
    }.joined(separator: "\n")
  }

  /// Subjects' means are 1/2, 3/4, 1/4 of a, their mean 1/2, and 1, 3/4, 3/4 of b: differences 1/2, 0, 1/2, their
  /// mean 1/3.
  @Test
  func `with a cluster for each subject a macro average has the error of the subjects' means`()
    throws
  {
    let texts = [
      subjects(["s": [1, 0], "t": [1, 1, 0, 1], "u": [0, 0, 1, 0]]),
      subjects(["s": [1, 1], "t": [1, 1, 0, 1], "u": [1, 0, 1, 1]]),
    ]
    func sides(_ cluster: String) throws -> [ScoreSample] {
      try zip(texts, [0.5, 2.5 / 3]).map {
        try #require(sample($0, "x/macro", $1, count: 10, cluster: cluster))
      }
    }
    func variance(_ sample: ScoreSample) throws -> Double {
      var influences = Influences()
      influences.add(sample, times: 1)
      return try #require(influences.variance)
    }
    let bySubject = try sides("subject")
    // (0 + 1/16 + 1/16) / 9, and (1/36 + 1/9 + 1/36) / 9.
    #expect(abs(try variance(bySubject[0]) - 1.0 / 72) < 1e-15)
    #expect(abs(try #require(difference(bySubject[0], bySubject[1]).variance) - 1.0 / 54) < 1e-15)
    // Two fields: ((1/2 + 3/4 − 1)² + (1/4 − 1/2)²) / 9.
    #expect(abs(try variance(try sides("field")[0]) - 1.0 / 72) < 1e-15)
    // Passages of two questions within t and u; s has but one. Sums of x − m, over 3 n: t ±1/4·2 / 12,
    // u −1/4·2 / 12 and 1/4·2 / 12; s lies in one cluster and is at the mean of subjects, 0.
    #expect(abs(try variance(try sides("passage")[0]) - 4 * (1.0 / 24) * (1.0 / 24)) < 1e-15)
  }

  /// The standard error of `PerplexityScores` comes from the same linearisation.
  @Test func `a perplexity has the error that its evaluation gave it`() throws {
    let outcomes = [(-10.0, 5, 20), (-3.5, 2, 9), (-22.25, 8, 41)].enumerated().map { index, one in
      DocumentOutcome(
        id: "d\(index)", logLikelihood: one.0, tokens: one.1, words: 1, bytes: one.2)
    }
    let scores = try #require(PerplexityScores(outcomes)).named("perplexity")
    let text = try outcomes.map { try $0.json.canonicalText() }.joined(separator: "\n")
    for name in ["perplexity/token", "perplexity/bitsPerByte"] {
      let estimate = try #require(scores[name])
      let taken = try #require(sample(text, name, estimate.value, count: estimate.count))
      var influences = Influences()
      influences.add(taken, times: 1)
      let error = try #require(influences.variance).squareRoot()
      #expect(abs(error / (try #require(estimate.standardError)) - 1) < 1e-12)
    }
  }

  @Test func `clusters are as Miller has them`() throws {
    let values: [(Bool, Bool, String)] = [
      (true, false, "a"), (true, true, "a"), (false, true, "b"), (false, false, "b"),
      (true, false, "c"), (true, false, "c"), (false, false, "c"),
    ]
    func lines(_ pick: ((Bool, Bool, String)) -> Bool) -> String {
      values.enumerated().map {
        "{\"id\":\"\($0)\",\"correct\":\(pick($1)),\"passage\":\"\($1.2)\"}"
      }.joined(separator: "\n")
    }
    let a = try #require(
      sample(lines(\.0), "x", 4.0 / 7, count: 7, cluster: "passage"))
    let b = try #require(
      sample(lines(\.1), "x", 2.0 / 7, count: 7, cluster: "passage"))
    let reference = try #require(
      PairedComparison(
        a: values.map { $0.1 ? 1 : 0 }, b: values.map { $0.0 ? 1 : 0 },
        clusters: [0, 0, 1, 1, 2, 2, 2]))
    let variance = try #require(difference(a, b).variance)
    #expect(abs(variance.squareRoot() - (try #require(reference.standardError))) < 1e-15)
  }
}
