/// Batches of some items in an order of their own in every epoch.
package struct ShuffledBatches: BatchSource {
  package let order: ItemOrder
  private let make: @Sendable (_ items: [Int], _ step: Int) throws -> Batch

  /// - Parameter make: the batch of some items; `step` earlier updates were made.
  package init(
    count: Int, size: Int, seed: UInt64,
    make: @escaping @Sendable (_ items: [Int], _ step: Int) throws -> Batch
  ) {
    order = ItemOrder(count: count, size: size, seed: seed)
    self.make = make
  }

  package func batch(after step: Int) throws -> Batch {
    try make(order.items(after: step), step)
  }
}
