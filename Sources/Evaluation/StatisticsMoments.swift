/// The arithmetic mean, summed in order; NaN for no values.
package func mean(_ values: [Double]) -> Double {
  values.reduce(0, +) / Double(values.count)
}

/// The sample variance with n − 1; nil for fewer than two values.
package func sampleVariance(_ values: [Double]) -> Double? {
  guard values.count > 1 else { return nil }
  let center = mean(values)
  let squares = values.reduce(0) { $0 + ($1 - center) * ($1 - center) }
  return squares / Double(values.count - 1)
}

/// The standard error of the mean, s/√n with s over n − 1, as lm-evaluation-harness gives it; nil
/// for fewer than two values.
package func standardError(_ values: [Double]) -> Double? {
  sampleVariance(values).map { ($0 / Double(values.count)).squareRoot() }
}

/// The standard error of the mean of values that come in groups (Miller 2024, §3.2):
/// √(Σ_c (Σ_{i∈c} (s_i − m))²) / n. With one value per group it is √((n − 1)/n) times
/// `standardError`, for the paper's form has no small-sample factor. Nil for fewer than two groups.
package func clusteredStandardError(_ values: [Double], clusters: [Int]) -> Double? {
  let center = mean(values)
  var order: [Int: Int] = [:]
  var sums: [Double] = []
  for (value, cluster) in zip(values, clusters) {
    if let index = order[cluster] {
      sums[index] += value - center
    } else {
      order[cluster] = sums.count
      sums.append(value - center)
    }
  }
  guard sums.count > 1 else { return nil }
  return sums.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(values.count)
}

/// Pearson's correlation; nil when either side is constant or there are fewer than two values.
package func correlation(_ a: [Double], _ b: [Double]) -> Double? {
  let (meanA, meanB) = (mean(a), mean(b))
  var (aa, bb, ab) = (0.0, 0.0, 0.0)
  for (x, y) in zip(a, b) {
    aa += (x - meanA) * (x - meanA)
    bb += (y - meanB) * (y - meanB)
    ab += (x - meanA) * (y - meanB)
  }
  guard aa > 0, bb > 0 else { return nil }
  return min(1, max(-1, ab / (aa.squareRoot() * bb.squareRoot())))
}
