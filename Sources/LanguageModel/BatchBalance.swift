import Numerics

/// How evenly a whole batch uses its experts, put together from its parts' forward passes. The balancing
/// loss's slopes need the whole batch, so its parts all go forward before the first goes backward;
/// a part that goes forward again replaces what it said.
struct BatchBalance {
  private struct Part {
    var rows: Int
    var balance: ExpertBalance
  }

  /// By the parts' first rows.
  private var parts: [Int: Part] = [:]
  private var batchRows = 0
  private var isStale = false
  private let experts: Int

  init(experts: Int) { self.experts = experts }

  /// The next part belongs to another batch.
  mutating func beginBatch() { isStale = true }

  mutating func add(_ balance: ExpertBalance, of batch: TokenBatch) {
    let isKnown = parts[batch.firstRow]?.rows == batch.tokens.count
    if isStale || batch.batchRows != batchRows || (isWhole && !isKnown) {
      parts = [:]
      isStale = false
    }
    batchRows = batch.batchRows
    parts[batch.firstRow] = Part(rows: batch.tokens.count, balance: balance)
  }

  /// Whether every row of the batch has been seen.
  var isWhole: Bool { parts.values.reduce(0) { $0 + $1.rows } == batchRows }

  /// All parts together.
  var total: ExpertBalance {
    parts.values.reduce(into: ExpertBalance(experts: experts)) { $0.add($1.balance) }
  }
}
