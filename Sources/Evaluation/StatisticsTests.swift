/// Holm's step-down adjustment: p-values that stay valid when several comparisons are made at once,
/// in the order given. adjusted₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎).
package func holmAdjusted(_ pValues: [Double]) -> [Double] {
  let order = pValues.indices.sorted { (pValues[$0], $0) < (pValues[$1], $1) }
  var adjusted = pValues
  var greatest = 0.0
  for (rank, index) in order.enumerated() {
    greatest = max(greatest, min(1, Double(pValues.count - rank) * pValues[index]))
    adjusted[index] = greatest
  }
  return adjusted
}

/// Welch's t: two means of independent samples with different variances, such as scores over seeds.
package struct WelchTest: Hashable, Sendable {
  /// Mean of a less mean of b.
  package let difference: Double
  package let standardError: Double
  /// Degrees of freedom, by Welch and Satterthwaite.
  package let freedom: Double

  /// Nil for fewer than two values on a side, or when nothing varies.
  package init?(a: [Double], b: [Double]) {
    guard let varianceA = sampleVariance(a), let varianceB = sampleVariance(b) else { return nil }
    let (partA, partB) = (varianceA / Double(a.count), varianceB / Double(b.count))
    let variance = partA + partB
    guard variance > 0 else { return nil }
    difference = mean(a) - mean(b)
    standardError = variance.squareRoot()
    freedom =
      variance * variance
      / (partA * partA / Double(a.count - 1) + partB * partB / Double(b.count - 1))
  }

  package var t: Double { difference / standardError }
  /// Two-sided.
  package var pValue: Double { StudentT.twoSided(t, freedom: freedom) }

  /// The interval that covers the true difference with this probability.
  package func interval(confidence: Double = 0.95) -> Interval {
    let half = StudentT.quantile(0.5 + confidence / 2, freedom: freedom) * standardError
    return Interval(lower: difference - half, upper: difference + half)
  }
}

/// How many questions a paired comparison needs to find a difference (Miller 2024, §5):
/// n = (z_{α/2} + z_β)² (ω² + σ_A²/K_A + σ_B²/K_B) / δ².
package struct PowerAnalysis: Hashable, Sendable {
  /// ω²: variance over questions of the difference of the two systems' expected scores.
  package var differenceVariance: Double
  /// σ²: each system's variance on one question, averaged; 0 where sampling is not random.
  package var varianceA: Double
  package var varianceB: Double
  /// K: answers sampled per question.
  package var samplesA: Int
  package var samplesB: Int

  package init(
    differenceVariance: Double, varianceA: Double = 0, varianceB: Double = 0, samplesA: Int = 1,
    samplesB: Int = 1
  ) {
    self.differenceVariance = differenceVariance
    self.varianceA = varianceA
    self.varianceB = varianceB
    self.samplesA = samplesA
    self.samplesB = samplesB
  }

  private var variance: Double {
    differenceVariance + varianceA / Double(samplesA) + varianceB / Double(samplesB)
  }

  private func deviations(_ significance: Double, _ power: Double) -> Double {
    Normal.quantile(1 - significance / 2) + Normal.quantile(power)
  }

  /// Questions needed to find a difference of `effect` with this power; rounded up. Nil beyond 2⁵³.
  package func questions(
    effect: Double, significance: Double = 0.05, power: Double = 0.8
  ) -> Int? {
    let z = deviations(significance, power)
    let count = (z * z * variance / (effect * effect)).rounded(.up)
    return count <= 0x1p53 ? Int(count) : nil
  }

  /// The smallest difference that n questions find with this power.
  package func detectableEffect(
    questions n: Int, significance: Double = 0.05, power: Double = 0.8
  ) -> Double {
    deviations(significance, power) * (variance / Double(n)).squareRoot()
  }
}
