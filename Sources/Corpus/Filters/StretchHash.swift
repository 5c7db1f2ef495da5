/// Hashes of every stretch of a text in constant time each: a polynomial over scalars modulo the
/// prime 2⁶¹ − 1. Two different stretches of one document share a hash with a probability near its
/// length divided by 2⁶¹; rules take equal hashes for equal texts.
struct StretchHash {
  private static let prime: UInt64 = (1 << 61) - 1
  /// Any fixed number below the prime does.
  private static let base: UInt64 = 0x1B87_3593_CC9E_2D51 % prime
  private var prefixes: [UInt64] = [0]
  private var powers: [UInt64] = [1]

  init(_ scalars: [UInt32]) {
    prefixes.reserveCapacity(scalars.count + 1)
    powers.reserveCapacity(scalars.count + 1)
    var (hash, power): (UInt64, UInt64) = (0, 1)
    for scalar in scalars {
      hash = Self.reduced(Self.product(hash, Self.base) + UInt64(scalar) + 1)
      power = Self.product(power, Self.base)
      prefixes.append(hash)
      powers.append(power)
    }
  }

  private static func reduced(_ value: UInt64) -> UInt64 {
    let folded = (value & prime) + (value >> 61)
    return folded >= prime ? folded - prime : folded
  }

  private static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (high, low) = a.multipliedFullWidth(by: b)
    return reduced((low & prime) + (high << 3 | low >> 61))
  }

  func hash(_ range: Range<Int>) -> UInt64 {
    let begin = Self.product(prefixes[range.lowerBound], powers[range.count])
    let hash = prefixes[range.upperBound] + (Self.prime - begin)
    // The length keeps a stretch from its own beginning followed by nothing.
    return Self.reduced(hash) ^ (UInt64(range.count) << 40)
  }
}

/// Counts of hashes: open addressing, sized once.
struct HashCounter {
  private var keys: [UInt64]
  private var counts: [Int32]
  private let mask: Int

  /// - Parameter most: how many different hashes there will be at most.
  init(most: Int) {
    var size = 16
    while size < 2 * most { size *= 2 }
    keys = [UInt64](repeating: 0, count: size)
    counts = [Int32](repeating: 0, count: size)
    mask = size - 1
  }

  /// Counts a hash; how often it has been counted now.
  mutating func add(_ hash: UInt64) -> Int {
    let slot = slot(of: hash)
    keys[slot] = hash
    counts[slot] += 1
    return Int(counts[slot])
  }

  func count(of hash: UInt64) -> Int { Int(counts[slot(of: hash)]) }

  private func slot(of hash: UInt64) -> Int {
    var slot = Int(truncatingIfNeeded: (hash &* 0x9E37_79B9_7F4A_7C15) >> 20) & mask
    while counts[slot] > 0, keys[slot] != hash { slot = (slot + 1) & mask }
    return slot
  }
}
