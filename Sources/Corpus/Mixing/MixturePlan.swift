/// In which order groups of documents take turns so that every stretch of a mixture has the shares that
/// its phase asks for.
package struct MixturePlan: Sendable {
  /// A stretch of a mixture with its own shares.
  package struct Phase: Hashable, Sendable {
    /// Of the whole.
    package var share: Double
    /// By group; add up to 1.
    package var shares: [Double]

    package init(share: Double, shares: [Double]) {
      (self.share, self.shares) = (share, shares)
    }
  }

  package let phases: [Phase]
  /// How much of each group the whole mixture takes, as a share of the whole.
  package var totals: [Double] {
    phases[0].shares.indices.map { group in
      phases.reduce(0) { $0 + $1.share * $1.shares[group] }
    }
  }

  /// - Parameter phases: at least one; their shares add up to 1.
  package init(phases: [Phase]) { self.phases = phases }

  /// The largest whole for which no group, of these amounts, is gone over more than `epochs` times.
  package func largest(amounts: [Double], epochs: Double) -> Double {
    var size = Double.infinity
    for (total, amount) in zip(totals, amounts) where total > 0 {
      size = min(size, amount * epochs / total)
    }
    return size
  }

  /// A plan being carried out: whose turn it is.
  package struct Course: Sendable {
    private let phases: [Phase]
    private let size: Double
    package private(set) var phase = 0
    /// By group, in this phase.
    private var given: [Double]
    private var end: Double
    private var total = 0.0

    fileprivate init(_ phases: [Phase], size: Double) {
      (self.phases, self.size) = (phases, size)
      given = Array(repeating: 0, count: phases[0].shares.count)
      end = size * phases[0].share
    }

    /// The group that is furthest behind its share; the earlier one of equals. Nil at the end.
    package mutating func next() -> Int? {
      // What rounding leaves over is not worth a document.
      while total >= end * (1 - 1e-12) || !phases[phase].shares.contains(where: { $0 > 0 }) {
        guard phase + 1 < phases.count else { return nil }
        phase += 1
        end = phase + 1 == phases.count ? size : end + size * phases[phase].share
        given = given.map { _ in 0 }
      }
      var best: Int?
      var least = Double.infinity
      for (group, share) in phases[phase].shares.enumerated() where share > 0 {
        let level = given[group] / share
        if level < least { (best, least) = (group, level) }
      }
      return best
    }

    /// Says that the group gave so much.
    package mutating func take(_ amount: Double, from group: Int) {
      given[group] += amount
      total += amount
    }
  }

  /// - Parameter size: of the whole, in the unit of the amounts that are taken.
  package func course(size: Double) -> Course { Course(phases, size: size) }
}
