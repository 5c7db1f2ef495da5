/// Numbers of short texts, found by the scalars of a stretch of a longer one. Texts are numbered in
/// the order in which they are added, from 0.
struct ScalarTable: Sendable {
  /// Open addressing: a text's number, or -1.
  private var slots: [Int32]
  private(set) var keys: [[UInt32]] = []
  private var longest = 0
  /// Which first scalars below 128 some text has, to pass most stretches by.
  private var beginnings = [Bool](repeating: false, count: 128)

  /// - Parameter capacity: a power of two, at least twice the number of texts.
  init(capacity: Int) { slots = [Int32](repeating: -1, count: capacity) }

  /// The number of a text, which is added when it is new and not empty.
  @discardableResult
  mutating func add(_ key: [UInt32]) -> Int {
    var slot = Self.hash(key.span, key.indices) & (slots.count - 1)
    while slots[slot] >= 0 {
      if keys[Int(slots[slot])] == key { return Int(slots[slot]) }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = Int32(keys.count)
    keys.append(key)
    longest = max(longest, key.count)
    if key[0] < 128 { beginnings[Int(key[0])] = true }
    return keys.count - 1
  }

  /// FNV-1a over scalars.
  private static func hash(_ scalars: Span<UInt32>, _ range: Range<Int>) -> Int {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in range { value = (value ^ UInt64(scalars[index])) &* 0x100_0000_01b3 }
    return Int(truncatingIfNeeded: (value ^ value >> 29) & 0x7FFF_FFFF)
  }

  /// The number of the text that a stretch spells; nil when it is none.
  func find(_ scalars: Span<UInt32>, _ range: Range<Int>) -> Int? {
    guard range.count <= longest, let first = range.first else { return nil }
    if scalars[first] < 128, !beginnings[Int(scalars[first])] { return nil }
    var slot = Self.hash(scalars, range) & (slots.count - 1)
    while slots[slot] >= 0 {
      let found = Int(slots[slot])
      if equals(found, scalars, range) { return found }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private func equals(_ number: Int, _ scalars: Span<UInt32>, _ range: Range<Int>) -> Bool {
    let key = keys[number]
    guard key.count == range.count else { return false }
    for index in 0..<key.count where key[index] != scalars[range.lowerBound + index] {
      return false
    }
    return true
  }
}
