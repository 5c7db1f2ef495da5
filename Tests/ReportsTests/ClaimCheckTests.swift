import ContentStore
import Evaluation
import Ledger
import Pipeline
import Testing

@testable import Reports

@Suite struct ClaimCheckTests {
  /// A run of two evaluations, `low` and `high`, of the same questions, and a trained `model`.
  private func run(
    _ laboratory: Laboratory, low: [Bool], high: [Bool], loss: Double = 2,
    replicate: Replicate? = nil
  ) throws -> RecordedRun {
    func evaluation(_ name: String, _ answers: [Bool]) -> Laboratory.Step {
      let lines = answers.enumerated().map { "{\"correct\":\($1),\"id\":\"q\($0)\"}\n" }
      let share = mean(answers.map { $0 ? 1 : 0 })
      return Laboratory.Step(
        name: name, parameters: ["loss": .number(loss)],
        result: StageResult(
          outputs: ["outcomes": laboratory.keep(lines.joined())],
          scores: [
            "mmlu": Score(share, standardError: 0.1, count: answers.count),
            "judged": Score(share, standardError: 0.1),
          ]))
    }
    let model = Laboratory.Step(
      name: "model", parameters: ["loss": .number(loss)],
      result: StageResult(outputs: [:], scores: ["loss": Score(loss)]),
      metrics: [
        MetricPoint(series: "loss", step: 1, value: 9),
        MetricPoint(series: "loss", step: 5, value: loss),
      ])
    return try laboratory.run(
      [model, evaluation("low", low), evaluation("high", high)], isFresh: true,
      replicate: replicate)
  }

  private func check(
    _ text: String, _ laboratory: Laboratory, _ run: RecordedRun
  ) throws -> ClaimResult {
    let claim = Claim(
      id: "c", source: "s", check: text, expression: try ClaimExpression(parsing: text), note: "")
    return try ClaimResult(
      claim, RunRecords.group(run, in: laboratory.ledger, read: laboratory.read))
  }

  private func answers(_ right: Int, of all: Int) -> [Bool] { (0..<all).map { $0 < right } }

  @Test func `answers to the same questions are paired`() throws {
    let laboratory = try Laboratory()
    let run = try run(laboratory, low: answers(40, of: 100), high: answers(50, of: 100))
    let result = try check("score(high, 'mmlu') > score(low, 'mmlu')", laboratory, run)
    #expect(result.verdict == .holds)
    let comparison = result.comparisons[0]
    #expect(comparison.questions == 100)
    // d is 1 ten times, else 0: far less than two independent scores would have.
    let error = try #require(comparison.error.standardError)
    #expect(abs(error - (0.1 * 0.9 / 99).squareRoot()) < 1e-15)
    #expect(comparison.interval == Interval(around: comparison.difference, standardError: error))
    let reversed = try check("score(high, 'mmlu') < score(low, 'mmlu')", laboratory, run)
    #expect(reversed.verdict == .doesNotHold)
  }

  @Test func `scores without outcomes are compared by their standard errors`() throws {
    let laboratory = try Laboratory()
    let run = try run(laboratory, low: answers(40, of: 100), high: answers(50, of: 100))
    let text = "score(high, 'judged') > score(low, 'judged')"
    // A score that is the mean of the answers is found again, whatever it is called …
    #expect(try check(text, laboratory, run).comparisons[0].questions == 100)
    // … unless what is compared is no outcome.
    let other = try self.run(laboratory, low: answers(4, of: 10), high: answers(7, of: 14))
    let mixed = try check("score(model, 'loss') > score(low, 'judged')", laboratory, other)
    #expect(mixed.verdict == .cannotBeTold)
    #expect(mixed.comparisons[0].interval == nil)
    #expect(mixed.comparisons[0].method.contains("--replicates"))
  }

  @Test func `what has zero in its interval cannot be told, and a part decides for or and and`()
    throws
  {
    let laboratory = try Laboratory()
    let run = try run(laboratory, low: answers(5, of: 10), high: answers(6, of: 10))
    let open = "score(high, 'mmlu') > score(low, 'mmlu')"
    #expect(try check(open, laboratory, run).verdict == .cannotBeTold)
    #expect(try check("\(open) or 2 > 1", laboratory, run).verdict == .holds)
    #expect(try check("\(open) and 2 < 1", laboratory, run).verdict == .doesNotHold)
    #expect(try check("\(open) and 2 > 1", laboratory, run).verdict == .cannotBeTold)
    #expect(try check("not (2 < 1)", laboratory, run).verdict == .holds)
    #expect(try check("1 = 1 and 1 ≠ 2 and 2 ≥ 2 and not 2 > 2", laboratory, run).verdict == .holds)
  }

  @Test func `answers that are all alike prove nothing in a small sample`() throws {
    let laboratory = try Laboratory()
    let run = try run(laboratory, low: answers(3, of: 3), high: answers(3, of: 3))
    #expect(try check("score(high, 'mmlu') > 0.5", laboratory, run).verdict == .cannotBeTold)
    #expect(
      try check("score(high, 'mmlu') = score(low, 'mmlu')", laboratory, run).verdict
        == .cannotBeTold)
  }

  @Test func `a ratio has the error of the delta method`() throws {
    let laboratory = try Laboratory()
    let (low, high) = (answers(40, of: 100), answers(60, of: 100))
    let run = try run(laboratory, low: low, high: high)
    let result = try check("score(high, 'mmlu') / score(low, 'mmlu') > 1", laboratory, run)
    let pairs = zip(low, high).map { ($0 ? 1.0 : 0.0, $1 ? 1.0 : 0.0) }
    // z = (y − r x) / x̄ with r = 1.5.
    let z = pairs.map { ($1 - 1.5 * $0) / 0.4 }
    let error = try #require(result.comparisons[0].error.standardError)
    #expect(abs(error - (try #require(standardError(z)))) < 1e-14)
    #expect(abs(result.comparisons[0].difference - 0.5) < 1e-15)
    let absolute = try check(
      "abs(score(low, 'mmlu') - score(high, 'mmlu')) - 0.1 * 2 > -1", laboratory, run)
    #expect(absolute.verdict == .holds)
  }

  @Test func `a missing score or metric is named`() throws {
    let laboratory = try Laboratory()
    let run = try run(laboratory, low: [true, false], high: [true, true])
    let score = try check("score(low, 'mmul') > 0", laboratory, run)
    #expect(score.verdict == nil)
    #expect(try #require(score.error).contains("did you mean \"mmlu\"?"))
    let stage = try check("score(lost, 'mmlu') > 0", laboratory, run)
    #expect(try #require(stage.error).contains("the stage lost has no result"))
    let metric = try check("metric(model, 'los', last) > 0", laboratory, run)
    #expect(try #require(metric.error).contains("did you mean \"loss\"?"))
    let step = try check("metric(model, 'loss', 2) > 0", laboratory, run)
    #expect(try #require(step.error).contains("no point of step 2"))
  }

  @Test func `replicates give numbers without an error one`() throws {
    let laboratory = try Laboratory()
    let losses = [2.0, 2.2, 1.9]
    let first = try run(laboratory, low: [true, false], high: [true, true], loss: losses[0])
    for (number, loss) in losses.enumerated().dropFirst() {
      _ = try run(
        laboratory, low: [true, false], high: [true, true], loss: loss,
        replicate: Replicate(of: first.id, number: number))
    }
    let text = "metric(model, 'loss', 1) - metric(model, 'loss', last) > 5"
    let result = try check(text, laboratory, first)
    #expect(result.replicates == 3)
    #expect(result.verdict == .holds)
    let comparison = result.comparisons[0]
    // 9 − loss − 5: mean, and Student's interval with 2 degrees of freedom.
    #expect(abs(comparison.difference - (4 - mean(losses))) < 1e-15)
    let error = try #require(standardError(losses))
    #expect(abs(try #require(comparison.error.standardError) - error) < 1e-15)
    let interval = try #require(comparison.interval)
    let half = StudentT.quantile(0.975, freedom: 2) * error
    #expect(abs(interval.upper - comparison.difference - half) < 1e-12)
    // A replicate that is named stands for itself.
    let second = try #require(try laboratory.ledger.replicates(of: first.id).first)
    let alone = try check(text, laboratory, try #require(try laboratory.ledger.run(second)))
    #expect(alone.replicates == 1 && alone.verdict == .cannotBeTold)
  }

  /// What the parts come to is that of the analysis of variance of the same table.
  @Test func `over replicates the questions' error and the seeds' are told apart`() throws {
    let laboratory = try Laboratory()
    let rows = [
      [true, true, false, true, false, true, false, false],
      [true, false, false, true, false, false, false, false],
      [true, true, true, true, false, true, true, false],
    ]
    let low = answers(4, of: 8)
    let first = try run(laboratory, low: low, high: rows[0], loss: 0)
    for number in 1..<3 {
      _ = try run(
        laboratory, low: low, high: rows[number], loss: Double(number),
        replicate: Replicate(of: first.id, number: number))
    }
    let comparison = try check("score(high, 'mmlu') > score(low, 'mmlu')", laboratory, first)
      .comparisons[0]
    let table = rows.map { row in zip(row, low).map { ($0 ? 1.0 : 0) - ($1 ? 1.0 : 0) } }
    let components = try #require(SeedComponents(table))
    #expect(abs(try #require(comparison.error.seeds) - components.seedVariance / 3) < 1e-15)
    let averages = (0..<8).map { question in mean(table.map { $0[question] }) }
    let questions = try #require(sampleVariance(averages)) / 8
    #expect(abs(try #require(comparison.error.questions) - questions) < 1e-15)
    #expect(comparison.error.freedom == 2)
    #expect(comparison.method == "8 questions, spread of 3 seeds")
  }
}

@Suite struct SeedPairTests {
  @Test func `two groups of replicates are compared by Welch and by components`() throws {
    let laboratory = try Laboratory()
    let rows = [
      [true, true, false, false, true, false], [true, false, false, false, true, false],
      [true, true, true, false, true, true], [true, true, true, false, false, true],
    ]
    func group(_ rate: Double, _ answers: [[Bool]]) throws -> RecordedRun {
      let first = try laboratory.run(
        laboratory.steps(rate: rate, answers: answers[0], loss: rate), isFresh: true)
      _ = try laboratory.run(
        laboratory.steps(rate: rate + 0.01, answers: answers[1], loss: rate + 0.01), isFresh: true,
        replicate: Replicate(of: first.id, number: 1))
      return first
    }
    let a = try group(1, [rows[0], rows[1]])
    let b = try group(2, [rows[2], rows[3]])
    let comparison = try RunComparison(a, b, in: laboratory.ledger, read: laboratory.read)
    let seeds = try #require(comparison.scores.first { $0.name == "accuracy" }?.seeds)
    #expect(seeds.a == [0.5, 2.0 / 6] && seeds.b == [5.0 / 6, 4.0 / 6])
    #expect(seeds.welch == WelchTest(a: seeds.b, b: seeds.a))
    let sides = [[rows[0], rows[1]], [rows[2], rows[3]]].map { side in
      SeedComponents(side.map { $0.map { $0 ? 1 : 0 } })
    }
    for (ours, theirs) in zip(seeds.components, sides) {
      #expect(abs(try #require(ours).seedVariance - (try #require(theirs)).seedVariance) < 1e-15)
    }
    let averages = (0..<6).map { question in
      let value = { (row: Int) in rows[row][question] ? 0.5 : 0.0 }
      return value(2) + value(3) - value(0) - value(1)
    }
    let questions = try #require(sampleVariance(averages)) / 6
    #expect(abs(try #require(seeds.error.questions) - questions) < 1e-15)
    let loss = try #require(comparison.scores.first { $0.name == "loss" }?.seeds)
    // No outcomes: the spread of seeds, and the scores' own errors for the data.
    #expect(abs(try #require(loss.error.questions) - 0.02) < 1e-15)
    #expect(try #require(loss.error.seeds) > 0)
  }

  /// Runs with these seeds, each an evaluation of questions whose names start as `asks` says.
  private func group(
    _ laboratory: Laboratory, _ rate: Double, seeds: [Int], losses: [Double],
    answers: [[Bool]], asks: [String]
  ) throws -> RecordedRun {
    var first: RecordedRun?
    for (number, seed) in seeds.enumerated() {
      var steps = laboratory.steps(
        rate: rate + Double(number) / 100, answers: answers[number], loss: losses[number])
      let lines = answers[number].enumerated().map {
        "{\"correct\":\($1),\"id\":\"\(asks[number])\($0)\"}\n"
      }
      steps[3].result?.outputs["outcomes"] = laboratory.keep(lines.joined())
      let run = try laboratory.run(
        steps, isFresh: true,
        replicate: first.map { Replicate(of: $0.id, number: number) }, seed: seed)
      first = first ?? run
    }
    return try #require(first)
  }

  private func seedPair(
    _ laboratory: Laboratory, _ a: RecordedRun, _ b: RecordedRun, _ name: String
  ) throws -> RunComparison.SeedPair {
    let comparison = try RunComparison(a, b, in: laboratory.ledger, read: laboratory.read)
    return try #require(comparison.scores.first { $0.name == name }?.seeds)
  }

  private let asked: [[Bool]] = [[true, false, false, false], [false, false, true, true]]
  private let better: [[Bool]] = [[true, true, false, false], [true, true, true, true]]

  /// b − a is 0, 1, 0, 0 in the one seed, 1, 1, 0, 0 in the other, of other questions: 1/4 and 1/2. Influences on the
  /// mean are (d − 1/4)/8 and (d − 1/2)/8, their squares (3/4 + 1)/64, times 8/7 1/32. By luck with questions the two
  /// would vary by 1/16, and do by 1/32: the seeds add nothing.
  @Test func `tests that seeds draw anew are more questions, whose luck counts once`() throws {
    let laboratory = try Laboratory()
    let a = try group(
      laboratory, 1, seeds: [4, 9], losses: [1, 1], answers: asked, asks: ["q", "r"])
    let b = try group(
      laboratory, 2, seeds: [4, 9], losses: [1, 1], answers: better, asks: ["q", "r"])
    let seeds = try seedPair(laboratory, a, b, "accuracy")
    #expect(seeds.isPaired)
    #expect(seeds.difference == 0.375)
    #expect(abs(try #require(seeds.error.questions) - 1.0 / 32) < 1e-15)
    #expect(seeds.error.seeds == 0)
    // One seed's questions are not the other's: nothing to analyse by question and seed.
    #expect(seeds.components == [nil, nil])
  }

  /// The same runs with seeds that differ: a has 1/4 and 1/2, b 1/2 and 1, of 16 questions.
  /// Questions: squares of (x − m)/8 are 3/4, 1, 1, 0 over 64, times 16/15. Luck with questions makes a's two
  /// vary by 1/16, more than their 1/32, and b's by 1/28 of their 1/8.
  @Test func `sides with other seeds are independent`() throws {
    let laboratory = try Laboratory()
    let a = try group(
      laboratory, 1, seeds: [4, 9], losses: [1, 1], answers: asked, asks: ["q", "r"])
    let b = try group(
      laboratory, 2, seeds: [5, 8], losses: [1, 1], answers: better, asks: ["s", "t"])
    let seeds = try seedPair(laboratory, a, b, "accuracy")
    #expect(!seeds.isPaired)
    let (questions, spread) = (2.75 / 60, 1.0 / 8 - 1.0 / 28)
    #expect(abs(try #require(seeds.error.questions) - questions) < 1e-15)
    #expect(abs(try #require(seeds.error.seeds) - spread / 2) < 1e-15)
    #expect(seeds.error.freedom == 1)
  }

  /// b − a is 1, 1, 1.3: variance 0.03, of the mean 0.01, though each side varies by far more.
  @Test func `replicates of one seed are paired, and seeds that only one side has are left out`()
    throws
  {
    let laboratory = try Laboratory()
    func group(_ rate: Double, _ seeds: [Int], _ losses: [Double]) throws -> RecordedRun {
      try self.group(
        laboratory, rate, seeds: seeds, losses: losses,
        answers: seeds.map { _ in [true, false] }, asks: seeds.map { _ in "q" })
    }
    let a = try group(1, [0, 4, 9, 11], [1, 5, 3, 100])
    let b = try group(2, [0, 4, 9], [2, 6, 4.3])
    let seeds = try seedPair(laboratory, a, b, "loss")
    #expect(seeds.a == [1, 5, 3] && seeds.b == [2, 6, 4.3])
    #expect(abs(try #require(seeds.error.seeds) - 0.01) < 1e-12)
    #expect(abs(try #require(seeds.error.questions) - 0.02) < 1e-15)
    #expect(seeds.error.freedom == 2)
  }

  @Test func `scores that are the same in every seed of both sides differ by 0 for certain`() throws
  {
    let laboratory = try Laboratory()
    let runs = try [1.0, 2.0].map {
      try group(
        laboratory, $0, seeds: [4, 9], losses: [1, 7], answers: asked, asks: ["q", "r"])
    }
    for name in ["loss", "accuracy"] {
      let seeds = try seedPair(laboratory, runs[0], runs[1], name)
      #expect(seeds.difference == 0 && seeds.error.standardError == 0)
      #expect(seeds.interval == Interval(lower: 0, upper: 0) && seeds.pValue == 1)
    }
  }
}
