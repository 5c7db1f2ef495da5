import LanguageModel

/// Batches of prompts for objectives that sample responses themselves. Several updates may share one.
package struct PromptBatches: BatchSource {
  private let prompts: [[Int32]]
  private let order: ItemOrder
  private let updates: Int

  /// - Parameters:
  ///   - size: prompts per batch.
  ///   - updates: how many updates in turn learn from samples of the same prompts.
  package init(_ prompts: [[Int32]], size: Int, updates: Int = 1, seed: UInt64) {
    self.prompts = prompts
    self.updates = updates
    order = ItemOrder(count: prompts.count, size: size, seed: seed)
  }

  package func batch(after step: Int) throws -> Batch {
    Self.batch(prompts, order.items(after: step / updates), step)
  }

  /// Some prompts, with no targets.
  package static func batch(_ prompts: [[Int32]], _ items: [Int], _ step: Int) -> Batch {
    let sequences = items.map { item in
      MaskedSequence(tokens: prompts[item], isTarget: prompts[item].map { _ in false })
    }
    return Batch(TokenBatch(sequences), items: items, step: step)
  }
}
