import Evaluation
import Testing

struct ComparisonTests {
  @Test func `a paired comparison has the standard error of the differences`() throws {
    let paired = try #require(PairedComparison(a: [1, 1, 0, 1], b: [0, 1, 0, 0]))
    #expect(paired.difference == 0.5)
    #expect(paired.n == 4)
    // Differences 1, 0, 0, 1: variance 1/3, over 4 questions.
    #expect(try #require(paired.standardError) == (1.0 / 12).squareRoot())
    let interval = try #require(paired.interval)
    #expect(interval.lower < 0 && interval.upper > 1)
  }

  @Test func `a comparison of nothing, or of lists of unequal length, is none`() {
    #expect(PairedComparison(a: [], b: []) == nil)
    #expect(PairedComparison(a: [1], b: [1, 0]) == nil)
    #expect(PairedComparison(a: [1, 0], b: [1, 0], clusters: [1]) == nil)
  }

  @Test func `one question says nothing about its error`() throws {
    let paired = try #require(PairedComparison(a: [1], b: [0]))
    #expect(paired.difference == 1)
    #expect(paired.standardError == nil && paired.interval == nil && paired.correlation == nil)
  }

  @Test func `the same standard error comes from the two systems' own and their correlation`()
    throws
  {
    let a = [0.1, 0.9, 0.4, 0.7, 0.2, 0.5]
    let b = [0.2, 0.7, 0.5, 0.1, 0.3, 0.9]
    let paired = try #require(PairedComparison(a: a, b: b))
    let seA = try #require(standardError(a))
    let seB = try #require(standardError(b))
    let correlation = try #require(paired.correlation)
    let expected = (seA * seA + seB * seB - 2 * seA * seB * correlation).squareRoot()
    #expect(abs(try #require(paired.standardError) - expected) < 1e-15)
  }

  @Test func `an unpaired comparison adds variances`() throws {
    let unpaired = UnpairedComparison(valueA: 0.75, seA: 0.03, valueB: 0.5, seB: 0.04)
    #expect(unpaired.difference == 0.25)
    #expect(abs(try #require(unpaired.standardError) - 0.05) < 1e-16)
    #expect(UnpairedComparison(valueA: 1, seA: nil, valueB: 0, seB: 0.1).standardError == nil)
  }
}
