import ContentStore
import Evaluation
import Testing

/// Against statsmodels (make_seeds.py).
struct SeedTests {
  let reference: JSON
  init() throws { reference = try fixture("seeds.json") }

  @Test func `variance components agree with an analysis of variance by statsmodels`() throws {
    for row in try reference.list("components") {
      let values = try row.list("values").map(\.numbers)
      let components = try #require(SeedComponents(values))
      #expect(components.seeds == values.count && components.questions == values[0].count)
      #expect(near(components.mean, try row.double("mean"), 1e-12))
      #expect(near(components.restVariance, try row.double("rest"), 1e-11))
      #expect(near(components.seedVariance, try row.double("seed"), 1e-9))
      #expect(near(components.questionVariance, try row.double("question"), 1e-10))
    }
    #expect(SeedComponents([[1, 2]]) == nil)
    #expect(SeedComponents([[1, 2], [1]]) == nil)
    #expect(SeedComponents([[1], [1]]) == nil)
  }

  @Test func `clustered standard errors agree with statsmodels`() throws {
    for row in try reference.list("clustered") {
      let clusters = try row.member("clusters").numbers.map { Int($0) }
      let values = try row.member("values").numbers
      let error = try #require(clusteredStandardError(values, clusters: clusters))
      #expect(near(error, try row.double("error"), 1e-12))
    }
  }

  @Test func `Holm, McNemar and the questions needed agree with statsmodels`() throws {
    let holm = try reference.member("holm")
    let adjusted = holmAdjusted(try holm.member("p").numbers)
    for (ours, theirs) in zip(adjusted, try holm.member("adjusted").numbers) {
      #expect(near(ours, theirs, 1e-12))
    }
    for row in try reference.list("mcnemar").map(\.numbers) {
      #expect(near(McNemar(onlyA: Int(row[0]), onlyB: Int(row[1])).exact, row[2], 1e-11))
    }
    for row in try reference.list("needed").map(\.numbers) {
      let power = PowerAnalysis(differenceVariance: row[0])
      #expect(power.questions(effect: row[1]) == Int(row[2]))
    }
  }

  @Test func `an error of questions alone is the normal's, one of seeds alone is Student's`()
    throws
  {
    let questions = TwoPartError(questions: 0.04, seeds: nil)
    #expect(questions.standardError == 0.2)
    let interval = try #require(questions.interval(around: 1))
    #expect(near(interval.upper, 1 + 0.2 * Interval.normal95, 1e-15))
    #expect(near(try #require(questions.pValue(of: 0.2)), 2 * Normal.cdf(-1), 1e-14))
    let seeds = TwoPartError(questions: nil, seeds: 0.04, freedom: 2)
    #expect(seeds.totalFreedom == 2)
    // scipy.stats.t.ppf(0.975, 2)
    #expect(near(try #require(seeds.interval(around: 0)).upper, 0.2 * 4.302652729749464, 1e-11))
    #expect(TwoPartError(questions: nil, seeds: nil).interval(around: 0) == nil)
  }

  @Test func `two parts have the freedom of Welch and Satterthwaite`() {
    let both = TwoPartError(questions: 0.03, seeds: 0.01, freedom: 3)
    #expect(near(both.standardError ?? 0, 0.2, 1e-15))
    #expect(near(both.totalFreedom, 3 * 16, 1e-14))
    #expect(TwoPartError(questions: 0.03, seeds: 0, freedom: 3).totalFreedom == .infinity)
  }
}
