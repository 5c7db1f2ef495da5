/// Byte strings by number, in the order they were first seen: a hash table whose keys lie in one
/// arena. The counts of the trainer, the vocabulary and the encoder's memory are each one of these.
struct ByteTable: Sendable {
  private var arena: [UInt8] = []
  /// Where each key ends in the arena.
  private var ends: [Int] = []
  /// Upper bits of the hash, and the key's number plus one in the lower; 0 is free.
  private var slots: [UInt64]

  init(minimumCapacity: Int = 0) {
    var size = 16
    while size < minimumCapacity * 2 { size *= 2 }
    slots = Array(repeating: 0, count: size)
  }

  var count: Int { ends.count }
  var arenaSize: Int { arena.count }

  private func range(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  subscript(index: Int) -> ArraySlice<UInt8> { arena[range(index)] }

  /// The number of a key; nil when it is not there.
  func find(_ key: Span<UInt8>) -> Int? { locate(key, Self.hash(key)).index }

  func find(_ key: some Collection<UInt8>) -> Int? { find(Array(key).span) }

  /// The number of a key, which is added when it is new.
  mutating func insert(_ key: Span<UInt8>) -> (index: Int, isNew: Bool) {
    let hash = Self.hash(key)
    let (found, slot) = locate(key, hash)
    if let found { return (found, false) }
    for offset in key.indices { arena.append(key[offset]) }
    ends.append(arena.count)
    slots[slot] = hash & Self.upper | UInt64(ends.count)
    if ends.count * 2 > slots.count { grow() }
    return (ends.count - 1, true)
  }

  mutating func insert(_ key: some Collection<UInt8>) -> (index: Int, isNew: Bool) {
    insert(Array(key).span)
  }

  private static let upper: UInt64 = 0xFFFF_FFFF_0000_0000

  /// The key's number, or the free slot where it belongs.
  private func locate(_ key: Span<UInt8>, _ hash: UInt64) -> (index: Int?, slot: Int) {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 {
      if slots[slot] & Self.upper == hash & Self.upper {
        let index = Int(slots[slot] & ~Self.upper) - 1
        if equals(index, key) { return (index, slot) }
      }
      slot = (slot + 1) & mask
    }
    return (nil, slot)
  }

  private func equals(_ index: Int, _ key: Span<UInt8>) -> Bool {
    let range = range(index)
    guard range.count == key.count else { return false }
    let stored = arena.span.extracting(range)
    for offset in key.indices where stored[offset] != key[offset] { return false }
    return true
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    for index in ends.indices {
      let hash = Self.hash(arena.span.extracting(range(index)))
      var slot = Int(truncatingIfNeeded: hash) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = hash & Self.upper | UInt64(index + 1)
    }
  }

  /// Eight bytes at a time, multiplied and folded. Only places keys in the table; decides nothing.
  private static func hash(_ key: Span<UInt8>) -> UInt64 {
    var hash = UInt64(key.count) &* 0x9E37_79B9_7F4A_7C15
    let bytes = key.bytes
    var offset = 0
    while offset + 8 <= key.count {
      let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      hash = mix(hash ^ word)
      offset += 8
    }
    var tail: UInt64 = 0
    while offset < key.count {
      tail = tail << 8 | UInt64(key[offset])
      offset += 1
    }
    return mix(hash ^ tail)
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    let (high, low) = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return high ^ low
  }
}
