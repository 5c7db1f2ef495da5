import Numerics

/// The paired bootstrap: questions (or clusters of them) drawn with replacement, the two systems'
/// answers kept together. Draws are counter-based, so replicate r is the same whatever came before.
package struct PairedBootstrap: Hashable, Sendable {
  /// The observed mean of a − b.
  package let difference: Double
  /// Standard deviation of the replicates (n − 1).
  package let standardError: Double
  /// Percentiles of the replicates, linearly interpolated as numpy does.
  package let interval: Interval
  /// Two-sided, from the tail beyond zero: min(1, 2 min((1 + #{d* ≤ 0})/(1 + B), (1 + #{d* ≥ 0})/(1 + B))).
  package let tailPValue: Double
  /// Two-sided, from the centred replicates: (1 + #{|d* − d| ≥ |d|})/(1 + B). Not the same number.
  package let centredPValue: Double

  /// Nil as for `PairedComparison`.
  package init?(
    a: [Double], b: [Double], clusters: [Int]? = nil, replicates: Int = 10_000, seed: UInt64,
    confidence: Double = 0.95
  ) {
    guard !a.isEmpty, a.count == b.count, replicates > 1,
      clusters.map({ $0.count == a.count }) ?? true
    else { return nil }
    let differences = zip(a, b).map { $0 - $1 }
    let groups = Group.grouped(differences, clusters)
    let stream = RandomStream(seed: seed, purpose: "paired bootstrap")
    let means = (0..<replicates).map { Group.mean(groups, stream.substream(UInt64($0))) }.sorted()
    let observed = mean(differences)
    difference = observed
    standardError = sampleVariance(means)!.squareRoot()
    interval = Interval(
      lower: sortedQuantile(means, (1 - confidence) / 2),
      upper: sortedQuantile(means, (1 + confidence) / 2))
    let share = { (count: Int) in Double(1 + count) / Double(1 + replicates) }
    tailPValue = min(1, 2 * min(share(means.count { $0 <= 0 }), share(means.count { $0 >= 0 })))
    centredPValue = share(means.count { ($0 - observed).magnitude >= observed.magnitude })
  }
}

/// What is drawn as one.
private struct Group {
  var sum: Double
  var count: Double

  static func grouped(_ values: [Double], _ clusters: [Int]?) -> [Group] {
    guard let clusters else { return values.map { Group(sum: $0, count: 1) } }
    var places: [Int: Int] = [:]
    var groups: [Group] = []
    for (value, cluster) in zip(values, clusters) {
      let place = places[cluster] ?? groups.count
      if place == groups.count {
        places[cluster] = place
        groups.append(Group(sum: 0, count: 0))
      }
      groups[place].sum += value
      groups[place].count += 1
    }
    return groups
  }

  /// The mean of as many groups as there are, drawn with replacement.
  static func mean(_ groups: [Group], _ stream: RandomStream) -> Double {
    var (sum, count) = (0.0, 0.0)
    for index in groups.indices {
      let drawn = groups[Int(stream.integer(at: UInt64(index), below: UInt64(groups.count)))]
      sum += drawn.sum
      count += drawn.count
    }
    return sum / count
  }
}

/// The quantile of ascending values, linear between neighbours (numpy's default method).
package func sortedQuantile(_ sorted: [Double], _ probability: Double) -> Double {
  let position = probability * Double(sorted.count - 1)
  let lower = Int(position.rounded(.down))
  let upper = min(lower + 1, sorted.count - 1)
  return sorted[lower] + (position - Double(lower)) * (sorted[upper] - sorted[lower])
}
