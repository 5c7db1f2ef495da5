/// A stretch of steps with one batch size, sequence length and mix of sources.
package struct DataPhase: Hashable, Sendable {
  package var steps: Int
  /// Sequences per step.
  package var batch: Int
  /// Tokens per sequence.
  package var sequence: Int
  /// The sources and what part of the sequences comes from each.
  package var mix: SourceMix

  package init(steps: Int, batch: Int, sequence: Int, mix: SourceMix = SourceMix()) {
    self.steps = steps
    self.batch = batch
    self.sequence = sequence
    self.mix = mix
  }

  package var tokens: Int { steps * batch * sequence }
}

/// How many of some sequences come from which source. Of the first n sequences every source has had its
/// exact share to within as many sequences as there are sources, and a source's count never falls as n
/// grows, whatever n is: no draw is needed, so a count is known without the steps before.
package struct SourceMix: Hashable, Sendable {
  /// Names in order: the main source first, the others by name.
  package let names: [String]
  /// Parts of `names` in 2⁴⁰ths of the whole, added up; the last is the whole.
  private let cumulative: [UInt64]

  /// - Parameter weights: at least 0, not all 0; they need not add up to 1.
  package init(_ weights: [String: Double] = [mainSource: 1]) {
    let used = weights.filter { $0.value > 0 }
    precondition(!used.isEmpty, "a mix needs a weight above 0")
    names = used.keys.sorted {
      ($0 == mainSource ? "" : $0, $0) < ($1 == mainSource ? "" : $1, $1)
    }
    let total = names.reduce(0) { $0 + (used[$1] ?? 0) }
    var (sum, sums): (UInt64, [UInt64]) = (0, [])
    for name in names {
      sum += max(1, UInt64((used[name, default: 0] / total * 0x1p40).rounded()))
      sums.append(sum)
    }
    cumulative = sums
  }

  /// How many of the first `count` sequences come from each of `names`.
  package func counts(of count: Int) -> [Int] {
    // The last source takes its part of all, the one before of the rest, and so on.
    var counts = [Int](repeating: 0, count: names.count)
    var rest = UInt64(count)
    for index in names.indices.reversed() {
      let below = index == 0 ? 0 : scaled(rest, cumulative[index - 1], cumulative[index])
      counts[index] = Int(rest - below)
      rest = below
    }
    return counts
  }

  /// ⌊value · part / whole⌋
  private func scaled(_ value: UInt64, _ part: UInt64, _ whole: UInt64) -> UInt64 {
    whole.dividingFullWidth(value.multipliedFullWidth(by: part)).quotient
  }

  /// `tokens 1024, math 256`: names and parts, for comparing mixes.
  var description: String {
    zip(names, cumulative).map { "\($0) \($1)" }.joined(separator: ", ")
  }
}
