/// What two neighbouring tokens merge to, and how early.
struct MergeTable: Sendable {
  /// rank << 32 | result: the smaller, the earlier.
  struct Step: Comparable, Sendable {
    var value: UInt64
    var result: Int32 { Int32(truncatingIfNeeded: value) }
    static let none = Step(value: .max)
    static func < (a: Step, b: Step) -> Bool { a.value < b.value }
  }

  private var table: PairTable
  /// Whether two merges make the same token. Then `tokenizers` may merge at another pair's rank,
  /// which only the heap reproduces.
  let sharesResults: Bool

  init(_ merges: [Tokenizer.Merge]) {
    table = PairTable(minimumCapacity: merges.count)
    for (rank, merge) in merges.enumerated() {
      let step = Step(value: UInt64(rank) << 32 | UInt64(UInt32(bitPattern: merge.result)))
      table.set(PairTable.key(merge.left, merge.right), Int(step.value))
    }
    sharesResults = Set(merges.map(\.result)).count < merges.count
  }

  func step(_ left: Int32, _ right: Int32) -> Step {
    guard let value = table.find(PairTable.key(left, right)) else { return .none }
    return Step(value: UInt64(value))
  }
}
