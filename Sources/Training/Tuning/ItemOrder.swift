import Numerics

/// Which of some items each update sees: another permutation in every epoch, a function of (seed, step). An update may
/// see the end of one epoch and the beginning of the next, so that all see as many.
package struct ItemOrder: Sendable {
  /// How many items there are.
  package let count: Int
  /// Items per update.
  package let size: Int
  private let stream: RandomStream

  package init(count: Int, size: Int, seed: UInt64, purpose: String = "order of items") {
    precondition(count > 0 && size > 0, "a batch has items")
    self.count = count
    self.size = size
    stream = RandomStream(seed: seed, purpose: purpose)
  }

  /// The items of the update that follows `step` earlier ones.
  package func items(after step: Int) -> [Int] {
    (step * size..<(step + 1) * size).map { index in
      Int(
        stream.substream(UInt64(index / count))
          .permuted(UInt64(index % count), of: UInt64(count)))
    }
  }

  /// Updates that make so many epochs, the last one rounded up.
  package static func steps(epochs: Double, count: Int, size: Int) -> Int {
    max(1, Int((epochs * Double(count) / Double(size)).rounded(.up)))
  }
}
