/// A table of a few values that stand for many: k-means in one dimension (Lloyd), the same on every machine. The first
/// centres are the quantiles (2i + 1) / 2k of the distinct values; a value halfway between two centres goes to the
/// lower; a centre that no value goes to stays where it is; there are as many rounds as asked for, or until nothing
/// moves.
package struct ValueTable: Sendable {
  /// Ascending.
  package private(set) var centres: [Double]

  /// - Parameters:
  ///   - values: finite, at least one.
  ///   - size: how many centres. Of fewer distinct values, each is a centre, the last repeated.
  package init(of values: [Float], size: Int, rounds: Int) {
    precondition(!values.isEmpty && size > 0, "a table needs values")
    let sorted = values.sorted()
    var distinct: [Float] = []
    for value in sorted where distinct.last != value { distinct.append(value) }
    guard distinct.count > size else {
      centres = distinct.map(Double.init)
      centres += repeatElement(centres[centres.count - 1], count: size - centres.count)
      return
    }
    centres = (0..<size).map { Double(distinct[(2 * $0 + 1) * distinct.count / (2 * size)]) }
    var sums = [0.0]
    sums.reserveCapacity(sorted.count + 1)
    for value in sorted { sums.append(sums[sums.count - 1] + Double(value)) }
    for _ in 0..<rounds where !settle(sorted, sums) { continue }
  }

  /// Moves every centre to the mean of its values. Whether none moved.
  private mutating func settle(_ sorted: [Float], _ sums: [Double]) -> Bool {
    var means: [Double] = []
    var start = 0
    for index in centres.indices {
      let next = index + 1 < centres.count ? (centres[index] + centres[index + 1]) / 2 : .infinity
      let end = Self.count(sorted, upTo: next)
      means.append(
        end > start ? (sums[end] - sums[start]) / Double(end - start) : centres[index])
      start = max(start, end)
    }
    defer { centres = means }
    return means == centres
  }

  /// How many of the sorted values are at most `limit`.
  private static func count(_ sorted: [Float], upTo limit: Double) -> Int {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if Double(sorted[middle]) <= limit { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The index of the nearest of ascending `centres`, the lowest of equals.
  package static func nearest(_ value: Float, in centres: [Float]) -> Int {
    var best = 0
    for index in centres.indices.dropFirst()
    where (Double(value) - Double(centres[index])).magnitude
      < (Double(value) - Double(centres[best])).magnitude
    { best = index }
    return best
  }
}
