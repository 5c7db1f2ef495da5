import Numerics

/// Keys and values of one sequence's tokens, for every layer. Copies share memory; `fork` does not.
struct KeyValueCache: Sendable {
  /// Tokens seen so far.
  private(set) var length = 0
  /// The most tokens it can hold.
  let capacity: Int
  private let layers: [Layer]

  /// One layer's memory: panels in the kernel's order, but rows where dual chunk attention reads parts
  /// that begin anywhere.
  private enum Layer: Sendable {
    case panels(KeyValuePanels)
    case forked(ForkedPanels)
    case rows(keys: Matrix, values: Matrix)
  }

  init(capacity: Int, _ c: ModelConfiguration) {
    self.capacity = capacity
    if c.dualChunk != nil {
      layers = (0..<c.layers).map { _ in
        .rows(
          keys: Matrix(rows: capacity, columns: c.keyValueWidth),
          values: Matrix(rows: capacity, columns: c.keyValueWidth))
      }
      return
    }
    layers = Self.panels(capacity, c).map { .panels($0) }
  }

  private init(capacity: Int, length: Int, layers: [Layer]) {
    self.capacity = capacity
    self.length = length
    self.layers = layers
  }

  /// A layer's panels each, in one piece of memory.
  private static func panels(_ capacity: Int, _ c: ModelConfiguration) -> [KeyValuePanels] {
    let (heads, size) = (c.keyValueHeads, c.headSize)
    let count = KeyValuePanels.count(heads: heads, headSize: size, capacity: capacity)
    let memory = Floats(count: c.layers * count)
    return (0..<c.layers).map { layer in
      KeyValuePanels(
        memory[layer * count..<(layer + 1) * count], heads: heads, headSize: size,
        capacity: capacity)
    }
  }

  /// A cache that holds the same tokens and can go its own way, one token at a time: it shares the memory of
  /// the tokens that fill whole panels.
  func branch(capacity: Int, _ c: ModelConfiguration) -> KeyValueCache {
    let shared = ForkedPanels.length(sharing: length)
    let originals = layers.compactMap { layer -> KeyValuePanels? in
      if case .panels(let panels) = layer { panels } else { nil }
    }
    guard shared > 0, originals.count == layers.count else {
      return fork(capacity: capacity, c)
    }
    let own = Self.panels(capacity - shared, c)
    let made = zip(originals, own).map { original, own -> Layer in
      own.copy(original, positions: shared..<length)
      return .forked(ForkedPanels(prefix: original, length: shared, own: own))
    }
    return KeyValueCache(capacity: capacity, length: length, layers: made)
  }

  /// A cache that holds the same tokens and can go its own way.
  func fork(capacity: Int, _ c: ModelConfiguration) -> KeyValueCache {
    var copy = KeyValueCache(capacity: capacity, c)
    copy.length = length
    for (mine, other) in zip(layers, copy.layers) {
      switch (mine, other) {
      case (.panels(let mine), .panels(let other)): other.copy(mine, positions: 0..<length)
      case (.rows(let keys, let values), .rows(let otherKeys, let otherValues)):
        let single = Compute(threads: 1)
        single.copy(keys[rows: 0..<length], to: otherKeys[rows: 0..<length])
        single.copy(values[rows: 0..<length], to: otherValues[rows: 0..<length])
      default: preconditionFailure("caches of one model are alike")
      }
    }
    return copy
  }

  /// Puts the keys and values of the next tokens into a layer; `advance` counts them when all layers have
  /// theirs.
  func write(keys: Matrix, values: Matrix, layer: Int) {
    precondition(length + keys.rows <= capacity, "the cache is full")
    switch layers[layer] {
    case .panels(let panels): panels.write(keys: keys, values: values, at: length)
    case .forked(let forked):
      forked.own.write(keys: keys, values: values, at: length - forked.length)
    case .rows(let allKeys, let allValues):
      let range = length..<length + keys.rows
      let single = Compute(threads: 1)
      single.copy(keys, to: allKeys[rows: range])
      single.copy(values, to: allValues[rows: range])
    }
  }

  /// What attention reads of a layer: at least the first `count` tokens.
  func source(layer: Int, _ count: Int) -> KeyValueSource {
    switch layers[layer] {
    case .panels(let panels): .panels(panels)
    case .forked(let forked): .forked(forked)
    case .rows(let keys, let values):
      .rows(keys: keys[rows: 0..<count], values: values[rows: 0..<count])
    }
  }

  /// Counts tokens whose keys and values have been written in every layer.
  mutating func advance(by count: Int) { length += count }
}
