import Numerics

/// Keys and values of one sequence's tokens, for every layer. Copies share memory; `fork` does not.
struct KeyValueCache: Sendable {
  /// Tokens seen so far.
  private(set) var length = 0
  /// The most tokens it can hold.
  let capacity: Int
  /// `[layers · 2 · capacity, keyValueWidth]`: a layer's keys, then its values.
  private let memory: Matrix

  init(capacity: Int, _ c: ModelConfiguration) {
    self.capacity = capacity
    memory = Matrix(rows: c.layers * 2 * capacity, columns: c.keyValueWidth)
  }

  /// A cache that holds the same tokens and can go its own way.
  func fork(capacity: Int, _ c: ModelConfiguration, on compute: Compute) -> KeyValueCache {
    var copy = KeyValueCache(capacity: capacity, c)
    copy.length = length
    for block in 0..<c.layers * 2 {
      let (source, target) = (block * self.capacity, block * capacity)
      compute.copy(
        memory[rows: source..<source + length], to: copy.memory[rows: target..<target + length])
    }
    return copy
  }

  /// A layer's keys of positions `range`.
  func keys(layer: Int, _ range: Range<Int>) -> Matrix { block(2 * layer, range) }
  /// A layer's values of positions `range`.
  func values(layer: Int, _ range: Range<Int>) -> Matrix { block(2 * layer + 1, range) }

  private func block(_ index: Int, _ range: Range<Int>) -> Matrix {
    precondition(range.upperBound <= capacity, "the cache is full")
    let start = index * capacity
    return memory[rows: start + range.lowerBound..<start + range.upperBound]
  }

  /// Counts tokens whose keys and values have been written in every layer.
  mutating func advance(by count: Int) { length += count }
}
