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

@Suite struct PairedAnswersTests {
  private func answers(_ a: String, _ b: String) throws -> PairedAnswers? {
    let objects = [a, b].map { Array($0.utf8) }
    let results = objects.map {
      StageResult(outputs: ["outcomes": Artifact(.file, SHA256.hash($0))], scores: [:])
    }
    return try PairedAnswers(results[0], results[1]) { digest in
      try #require(objects.first { SHA256.hash($0) == digest })
    }
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
    let paired = try #require(
      try answers(a, b)?.comparison(
        ofScore: "accuracy/s", Score(0.5, count: 2), Score(1, count: 2)))
    #expect(paired.n == 2)
    #expect(paired.difference == 0.5)
  }

  @Test func `a score that is not the mean of the answers is not paired`() throws {
    let line = "{\"id\":\"1\",\"correct\":1}\n{\"perplexity\":3}\nnot JSON\n"
    let pairs = try #require(try answers(line, line))
    #expect(pairs.comparison(ofScore: "x", Score(1, count: 1), Score(0.5, count: 1)) == nil)
    #expect(pairs.comparison(ofScore: "x", Score(1, count: 2), Score(1, count: 2)) == nil)
    #expect(pairs.comparison(ofScore: "x/none", Score(1, count: 1), Score(1, count: 1)) == nil)
    #expect(try answers("{\"id\":\"1\",\"correct\":1}", "{\"id\":\"2\",\"correct\":1}") == nil)
  }
}
