/// Keys and values of one document in the order in which attention's kernel reads them: a cache that is
/// written once and read for every token that follows.
package struct KeyValuePanels: Sendable {
  package let heads: Int
  package let headSize: Int
  /// Positions it has room for, a multiple of 16.
  package let capacity: Int
  /// Of each head its keys, [capacity / 16][headSize][16 positions], then those of each head its values,
  /// [headSize / 16, rounded up][capacity][16 elements].
  private let floats: Floats

  /// How many floats they take.
  package static func count(heads: Int, headSize: Int, capacity: Int) -> Int {
    heads * rounded(capacity, to: tileColumns)
      * (headSize + rounded(headSize, to: tileColumns))
  }

  /// Panels in `floats`, of `count(heads:headSize:capacity:)`.
  package init(_ floats: Floats, heads: Int, headSize: Int, capacity: Int) {
    self.floats = floats
    self.heads = heads
    self.headSize = headSize
    self.capacity = rounded(capacity, to: tileColumns)
    precondition(
      floats.count == Self.count(heads: heads, headSize: headSize, capacity: capacity),
      "panels of another size")
  }

  /// A head's keys.
  @inline(__always)
  func keys(_ head: Int) -> Pointer { floats.base + head * capacity * headSize }

  /// A head's values.
  @inline(__always)
  func values(_ head: Int) -> Pointer {
    let width = rounded(headSize, to: tileColumns)
    return floats.base + (heads * capacity * headSize + head * capacity * width)
  }

  /// Puts rows of keys and values, [rows, heads · headSize], at the positions from `start` on.
  package func write(keys k: Matrix, values v: Matrix, at start: Int) {
    precondition(
      k.rows == v.rows && k.columns == heads * headSize && v.columns == k.columns && start >= 0
        && start + k.rows <= capacity, "keys and values beyond their panels")
    for row in 0..<k.rows {
      let (key, value) = (k.floats.base + row * k.stride, v.floats.base + row * v.stride)
      for head in 0..<heads {
        write(key + head * headSize, value + head * headSize, head, start + row)
      }
    }
  }

  private func write(_ key: Pointer, _ value: Pointer, _ head: Int, _ position: Int) {
    let inPanel = position % tileColumns
    var target = keys(head) + ((position - inPanel) * headSize + inPanel)
    for i in 0..<headSize {
      target.pointee = key[i]
      target += tileColumns
    }
    for panel in stride(from: 0, to: headSize, by: tileColumns) {
      (values(head) + (panel * capacity + position * tileColumns))
        .update(from: value + panel, count: min(tileColumns, headSize - panel))
    }
  }

  /// Copies positions of another, which has the same heads, from a panel's first on, to the first ones here.
  package func copy(_ other: KeyValuePanels, positions: Range<Int>) {
    let (start, count) = (positions.lowerBound, positions.count)
    precondition(
      other.heads == heads && other.headSize == headSize && start % tileColumns == 0
        && count <= capacity
        && positions.upperBound <= other.capacity, "panels of other shapes")
    for head in 0..<heads {
      keys(head).update(
        from: other.keys(head) + start * headSize,
        count: rounded(count, to: tileColumns) * headSize)
      for panel in stride(from: 0, to: headSize, by: tileColumns) {
        (values(head) + panel * capacity)
          .update(
            from: other.values(head) + (panel * other.capacity + start * tileColumns),
            count: count * tileColumns)
      }
    }
  }
}

/// Keys and values of a document whose first positions are another's too.
package struct ForkedPanels: Sendable {
  /// Shared: whole panels, written before.
  let prefix: KeyValuePanels
  /// How many positions are read there, a multiple of 16.
  package let length: Int
  /// The positions from `length` on.
  package let own: KeyValuePanels

  package init(prefix: KeyValuePanels, length: Int, own: KeyValuePanels) {
    precondition(length % tileColumns == 0, "only whole panels can be shared")
    self.prefix = prefix
    self.length = length
    self.own = own
  }

  /// How many of some positions can be shared.
  package static func length(sharing positions: Int) -> Int {
    positions / tileColumns * tileColumns
  }

  func sharesPrefix(with other: ForkedPanels) -> Bool {
    length == other.length && prefix.keys(0) == other.prefix.keys(0)
  }
}
