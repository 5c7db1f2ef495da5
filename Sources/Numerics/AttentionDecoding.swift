/// Attention of one query, all heads, to keys and values that lie in panels: the heads that share a key
/// head make a register tile. The chains are those of `AttentionForward`.
struct AttentionDecoding {
  private let rule: Attention
  private let panels: KeyValuePanels
  private let position: Int
  private let row: Int
  private let query: Pointer
  private let out: Pointer
  private let logSums: Floats?
  /// The keys that the query sees, and the first panel's start.
  private let first: Int
  private let start: Int
  private let paddedKeys: Int
  private let paddedSize: Int

  init(
    _ rule: Attention, _ segment: AttentionSegment, _ queries: Matrix, _ out: Matrix,
    _ logSums: Floats?
  ) {
    guard case .panels(let panels) = segment.source else {
      preconditionFailure("decoding reads panels")
    }
    self.rule = rule
    self.panels = panels
    position = segment.firstPosition
    row = segment.queries.lowerBound
    query = queries.floats.base + row * queries.stride
    self.out = out.floats.base + row * out.stride
    self.logSums = logSums
    first = rule.firstVisible(position)
    start = first / tileColumns * tileColumns
    paddedKeys = rounded(position + 1 - start, to: tileColumns)
    paddedSize = rounded(rule.headSize, to: tileColumns)
  }

  func run() {
    Scratch.with(tileRows * (paddedKeys + paddedSize)) { scores in
      for keyHead in 0..<rule.keyHeads {
        for head in stride(from: 0, to: rule.group, by: tileRows) {
          let heads = min(tileRows, rule.group - head)
          run(keyHead, keyHead * rule.group + head, heads, scores)
        }
      }
    }
  }

  /// Up to six heads that read one key head.
  private func run(_ keyHead: Int, _ head: Int, _ heads: Int, _ scores: Pointer) {
    let size = rule.headSize
    let sums = scores + tileRows * paddedKeys
    let keys = panels.keys(keyHead) + start * size
    panelRows(
      heads, size, query + head * size, size, keys, tileColumns * size,
      panels: paddedKeys / tileColumns, scores, paddedKeys)
    var inverses = Lanes(repeating: 0)
    for index in 0..<heads {
      inverses[index] = normalise(head + index, scores + (index * paddedKeys + first - start))
    }
    let values = panels.values(keyHead) + first * tileColumns
    panelRows(
      heads, position + 1 - first, scores + (first - start), paddedKeys, values,
      panels.capacity * tileColumns, panels: paddedSize / tileColumns, sums, paddedSize)
    for index in 0..<heads { write(sums + index * paddedSize, head + index, inverses[index]) }
  }

  /// Turns a head's visible scores into exponentials; 1 / their sum.
  private func normalise(_ head: Int, _ line: Pointer) -> Float {
    let (sum, most) = rule.exponentials(line, position + 1 - first)
    if let logSums { logSums.base[row * rule.queryHeads + head] = most + Elementary.log(sum) }
    return 1 / sum
  }

  private func write(_ sums: Pointer, _ head: Int, _ inverse: Float) {
    let target = out + head * rule.headSize
    eachLanes(0..<rule.headSize) { i, n in store(load(sums + i) * inverse, target + i, n) }
  }
}
