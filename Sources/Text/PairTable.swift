/// Numbers by pair of token ids: an open-addressing hash table.
struct PairTable: Sendable {
  /// left << 32 | right, plus one; 0 is free.
  private var keys: [UInt64]
  private var values: [Int]
  private var count = 0

  init(minimumCapacity: Int = 0) {
    var size = 16
    while size < minimumCapacity * 2 { size *= 2 }
    keys = Array(repeating: 0, count: size)
    values = Array(repeating: 0, count: size)
  }

  static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// The value of a key; nil when it is not there.
  func find(_ key: UInt64) -> Int? {
    let slot = locate(key)
    return keys[slot] == 0 ? nil : values[slot]
  }

  /// Sets a value; a key set twice keeps the later one.
  mutating func set(_ key: UInt64, _ value: Int) {
    let slot = locate(key)
    values[slot] = value
    if keys[slot] != 0 { return }
    keys[slot] = key + 1
    count += 1
    if count * 2 > keys.count { grow() }
  }

  private func locate(_ key: UInt64) -> Int {
    let mask = keys.count - 1
    let product = key &* 0x9E37_79B9_7F4A_7C15
    var slot = Int(truncatingIfNeeded: product >> 32) & mask
    while keys[slot] != 0, keys[slot] != key + 1 { slot = (slot + 1) & mask }
    return slot
  }

  private mutating func grow() {
    let (oldKeys, oldValues) = (keys, values)
    self = PairTable(minimumCapacity: oldKeys.count)
    for (key, value) in zip(oldKeys, oldValues) where key != 0 { set(key - 1, value) }
  }
}
