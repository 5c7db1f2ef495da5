/// Merges one piece's bytes: again and again the pair of lowest rank, the leftmost first.
struct PieceMerger {
  private let model: BytePairModel
  /// The piece's tokens so far.
  private var ids: [Int32] = []
  /// `steps[i]`: what `ids[i]` and `ids[i + 1]` merge to.
  private var steps: [MergeTable.Step] = []

  /// Above this many bytes a heap is faster than looking through all pairs each time.
  private static let longestScanned = 48

  init(_ tokenizer: Tokenizer) { model = tokenizer.model }

  mutating func encode(_ piece: Span<UInt8>, into result: inout [Int32]) {
    if model.options.ignoresMerges, let whole = model.wholePieces.find(piece) {
      result.append(whole)
      return
    }
    ids.removeAll(keepingCapacity: true)
    model.alphabet.append(piece, to: &ids)
    if ids.count > Self.longestScanned || model.mergeTable.sharesResults {
      var merger = HeapMerger(ids, model.mergeTable)
      result += merger.merge()
    } else {
      mergeByScanning()
      result += ids
    }
  }

  private mutating func mergeByScanning() {
    let table = model.mergeTable
    steps.removeAll(keepingCapacity: true)
    for index in 0..<max(0, ids.count - 1) { steps.append(table.step(ids[index], ids[index + 1])) }
    while let at = lowest() {
      ids[at] = steps[at].result
      ids.remove(at: at + 1)
      steps.remove(at: at)
      if at < steps.count { steps[at] = table.step(ids[at], ids[at + 1]) }
      if at > 0 { steps[at - 1] = table.step(ids[at - 1], ids[at]) }
    }
  }

  /// The leftmost of the pairs with the lowest rank.
  private func lowest() -> Int? {
    var (best, step) = (0, MergeTable.Step.none)
    for index in steps.indices where steps[index] < step { (best, step) = (index, steps[index]) }
    return step == .none ? nil : best
  }
}

/// Merges a long piece in O(n log n), by a heap of possible merges over a linked list: step by step
/// what `Word::merge_all` of `tokenizers` does.
struct HeapMerger {
  private struct Symbol {
    var id: Int32
    var previous: Int32
    var next: Int32
    var isGone = false
  }

  private struct Entry: Comparable {
    var step: MergeTable.Step
    var position: Int32
    static func < (a: Entry, b: Entry) -> Bool {
      a.step.value >> 32 == b.step.value >> 32
        ? a.position < b.position : a.step.value < b.step.value
    }
  }

  private let table: MergeTable
  private var symbols: [Symbol]
  private var queue = BinaryHeap<Entry>()

  init(_ ids: [Int32], _ table: MergeTable) {
    self.table = table
    symbols = ids.enumerated().map { index, id in
      let next = index + 1 == ids.count ? -1 : Int32(index + 1)
      return Symbol(id: id, previous: Int32(index) - 1, next: next)
    }
  }

  mutating func merge() -> [Int32] {
    for position in symbols.indices { push(at: Int32(position)) }
    while let top = queue.pop() { apply(top) }
    return symbols.lazy.filter { !$0.isGone }.map(\.id)
  }

  /// Queues the merge of a symbol with the next one, if they have one.
  private mutating func push(at position: Int32) {
    let symbol = symbols[Int(position)]
    guard symbol.next >= 0 else { return }
    let step = table.step(symbol.id, symbols[Int(symbol.next)].id)
    if step != .none { queue.push(Entry(step: step, position: position)) }
  }

  private mutating func apply(_ top: Entry) {
    let position = Int(top.position)
    let symbol = symbols[position]
    guard !symbol.isGone, symbol.next >= 0 else { return }
    let right = symbols[Int(symbol.next)]
    // The neighbours may have changed since; what counts, as in `tokenizers`, is what they make.
    let now = table.step(symbol.id, right.id)
    guard now != .none, now.result == top.step.result else { return }
    symbols[position].id = top.step.result
    symbols[position].next = right.next
    symbols[Int(symbol.next)].isGone = true
    if right.next >= 0 { symbols[Int(right.next)].previous = top.position }
    if symbol.previous >= 0 { push(at: symbol.previous) }
    push(at: top.position)
  }
}
