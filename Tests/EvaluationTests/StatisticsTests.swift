import ContentStore
import Evaluation
import Testing

/// Against scipy and numpy (make_statistics.py).
struct StatisticsTests {
  let reference: JSON
  init() throws { reference = try fixture("statistics.json") }

  @Test func `the normal distribution and its quantiles agree with mpmath and scipy`() throws {
    for row in try reference.member("normal").list("cdf").map(\.numbers) {
      #expect(near(Normal.cdf(row[0]), row[1], 4e-15))
    }
    for row in try reference.member("normal").list("quantile").map(\.numbers) {
      #expect(near(Normal.quantile(row[0]), row[1], 2e-15))
    }
    #expect(Normal.quantile(0) == -.infinity && Normal.quantile(1) == .infinity)
    #expect(near(Normal.quantile(0.975), Interval.normal95, 3e-16))
  }

  @Test func `Student's t and its quantiles agree with scipy`() throws {
    for row in try reference.member("student").list("cdf").map(\.numbers) {
      #expect(near(StudentT.cdf(row[0], freedom: row[1]), row[2], 1e-11))
    }
    for row in try reference.member("student").list("quantile").map(\.numbers) {
      #expect(near(StudentT.quantile(row[0], freedom: row[1]), row[2], 1e-11))
    }
  }

  @Test func `binomial probabilities agree with scipy`() throws {
    for row in try reference.list("binomial").map(\.numbers) {
      let binomial = Binomial(trials: Int(row[1]), probability: row[2])
      #expect(near(binomial.cdf(Int(row[0])), row[3], 1e-11))
      #expect(near(binomial.probability(of: Int(row[0])), row[4], 1e-11))
    }
  }

  @Test func `McNemar's tests agree with scipy's binomial test`() throws {
    for row in try reference.list("mcnemar").map(\.numbers) {
      let test = McNemar(onlyA: Int(row[0]), onlyB: Int(row[1]))
      #expect(near(test.exact, row[2], 1e-11))
      #expect(near(test.midP, row[3], 1e-11))
      #expect(test.chiSquare(corrected: false) == (row[4].isNaN ? nil : row[4]))
      #expect(test.chiSquare(corrected: true) == (row[5].isNaN ? nil : row[5]))
    }
    #expect(
      McNemar(a: [true, true, false, true], b: [true, false, true, false])
        == McNemar(onlyA: 2, onlyB: 1))
  }

  @Test func `Wilson's interval agrees with scipy`() throws {
    for row in try reference.list("wilson").map(\.numbers) {
      let interval = wilsonInterval(successes: Int(row[0]), trials: Int(row[1]))
      #expect(near(interval.lower, row[2], 1e-12) && near(interval.upper, row[3], 1e-12))
    }
  }

  @Test func `Welch's t agrees with scipy`() throws {
    for row in try reference.list("welch") {
      let test = try #require(
        WelchTest(a: try row.member("a").numbers, b: try row.member("b").numbers))
      #expect(near(test.t, try row.double("t"), 1e-12))
      #expect(near(test.freedom, try row.double("freedom"), 1e-12))
      #expect(near(test.pValue, try row.double("p"), 1e-11))
      #expect(near(test.interval().lower, try row.double("low"), 1e-10))
      #expect(near(test.interval().upper, try row.double("high"), 1e-10))
    }
    #expect(WelchTest(a: [1], b: [1, 2]) == nil)
    #expect(WelchTest(a: [1, 1], b: [2, 2]) == nil)
  }

  @Test func `paired and clustered errors agree with Miller's double sums`() throws {
    for row in try reference.list("paired") {
      let (a, b) = (try row.member("a").numbers, try row.member("b").numbers)
      let plain = try #require(PairedComparison(a: a, b: b))
      #expect(near(plain.difference, try row.double("difference")))
      #expect(near(try #require(plain.standardError), try row.double("standardError")))
      #expect(near(try #require(plain.correlation), try row.double("correlation"), 1e-12))
      #expect(near(try #require(plain.pValue), try row.double("p"), 1e-12))
      let clusters = try row.member("clusters").numbers.map { Int($0) }
      let clustered = try #require(PairedComparison(a: a, b: b, clusters: clusters))
      #expect(
        near(try #require(clustered.standardError), try row.double("clusteredError"), 1e-12))
    }
  }

  @Test func `Holm's adjustment agrees with its definition`() throws {
    let holm = try reference.member("holm")
    #expect(try holmAdjusted(holm.member("p").numbers) == holm.member("adjusted").numbers)
    #expect(holmAdjusted([]) == [])
  }

  @Test func `the questions needed and the effect found agree with scipy's quantiles`() throws {
    let power = try reference.member("power")
    let sampled = PowerAnalysis(
      differenceVariance: 1.0 / 9, varianceA: 1.0 / 6, varianceB: 1.0 / 6, samplesA: 5,
      samplesB: 10)
    #expect(sampled.questions(effect: 0.03) == (try power.integer("questions")))
    let effect = PowerAnalysis(differenceVariance: 1.0 / 9).detectableEffect(questions: 969)
    #expect(near(effect, try power.double("detectable")))
  }

  @Test func `quantiles of a sample agree with numpy`() throws {
    let quantile = try reference.member("quantile")
    let values = try quantile.member("values").numbers
    for row in try quantile.list("quantiles").map(\.numbers) {
      #expect(near(sortedQuantile(values, row[0]), row[1]))
    }
  }

  @Test func `the paired bootstrap agrees with the formula and repeats itself`() throws {
    let row = try reference.list("paired")[1]
    let (a, b) = (try row.member("a").numbers, try row.member("b").numbers)
    let bootstrap = try #require(PairedBootstrap(a: a, b: b, replicates: 4000, seed: 7))
    #expect(near(bootstrap.difference, try row.double("difference")))
    // √((n − 1)/n) smaller in expectation; 4,000 replicates are good for about 1 %.
    let expected = try row.double("standardError") * (39.0 / 40).squareRoot()
    #expect(near(bootstrap.standardError, expected, 0.05))
    #expect(bootstrap.interval.contains(bootstrap.difference))
    #expect(bootstrap == PairedBootstrap(a: a, b: b, replicates: 4000, seed: 7))
    #expect(bootstrap != PairedBootstrap(a: a, b: b, replicates: 4000, seed: 8))
    #expect((bootstrap.tailPValue - bootstrap.centredPValue).magnitude < 0.05)
  }

  @Test func `whole clusters are drawn in a clustered bootstrap`() throws {
    // Within each cluster the differences cancel, so every replicate is exactly zero.
    let bootstrap = try #require(
      PairedBootstrap(
        a: [1, 0, 1, 0, 1, 0], b: [0, 1, 0, 1, 0, 1], clusters: [1, 1, 2, 2, 3, 3],
        replicates: 50, seed: 1))
    #expect(bootstrap.standardError == 0)
    #expect(bootstrap.interval == Interval(lower: 0, upper: 0))
    #expect(bootstrap.tailPValue == 1 && bootstrap.centredPValue == 1)
  }
}
