import Numerics

/// Batches of some items, whose order is another permutation in every epoch: a function of (seed, step).
/// A batch may hold the end of one epoch and the beginning of the next, so that all have one size.
package struct ShuffledBatches: BatchSource {
  /// How many items there are.
  package let count: Int
  /// Items per batch.
  package let size: Int
  private let stream: RandomStream
  private let make: @Sendable (_ items: [Int], _ step: Int) throws -> Batch

  /// - Parameter make: the batch of some items; `step` earlier updates were made.
  package init(
    count: Int, size: Int, seed: UInt64, purpose: String = "order of items",
    make: @escaping @Sendable (_ items: [Int], _ step: Int) throws -> Batch
  ) {
    precondition(count > 0 && size > 0, "a batch has items")
    self.count = count
    self.size = size
    self.make = make
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

  package func batch(after step: Int) throws -> Batch { try make(items(after: step), step) }

  /// Updates that make so many epochs, the last one rounded up.
  package static func steps(epochs: Double, count: Int, size: Int) -> Int {
    max(1, Int((epochs * Double(count) / Double(size)).rounded(.up)))
  }
}
