/// MT19937 (Matsumoto and Nishimura 1998), for what must equal what Python draws: coefficients of
/// datatrove (NumPy's `RandomState`), examples that lm-evaluation-harness shows (`random.Random`).
package struct MersenneTwister {
  private var state: [UInt32]
  private var index = 624

  package init(seed: UInt32) {
    state = [seed]
    for position in 1..<624 {
      let previous = state[position - 1]
      state.append(1_812_433_253 &* (previous ^ previous >> 30) &+ UInt32(position))
    }
  }

  /// Seeded by a key (`init_by_array`), as Python's `random.Random(key)` is.
  package init(key: [UInt32]) {
    self.init(seed: 19_650_218)
    var (i, j) = (1, 0)
    for _ in 0..<max(624, key.count) {
      let previous = state[i - 1] ^ state[i - 1] >> 30
      state[i] = (state[i] ^ previous &* 1_664_525) &+ key[j] &+ UInt32(j)
      (i, j) = (i + 1, (j + 1) % key.count)
      if i == 624 { (state[0], i) = (state[623], 1) }
    }
    for _ in 0..<623 {
      let previous = state[i - 1] ^ state[i - 1] >> 30
      state[i] = (state[i] ^ previous &* 1_566_083_941) &- UInt32(i)
      i += 1
      if i == 624 { (state[0], i) = (state[623], 1) }
    }
    state[0] = 0x8000_0000
  }

  private mutating func refill() {
    for position in 0..<624 {
      let joined = state[position] & 0x8000_0000 | state[(position + 1) % 624] & 0x7FFF_FFFF
      state[position] =
        state[(position + 397) % 624] ^ joined >> 1 ^ (joined & 1 == 0 ? 0 : 0x9908_B0DF)
    }
    index = 0
  }

  package mutating func next() -> UInt32 {
    if index == 624 { refill() }
    var value = state[index]
    index += 1
    value ^= value >> 11
    value ^= value << 7 & 0x9D2C_5680
    value ^= value << 15 & 0xEFC6_0000
    return value ^ value >> 18
  }

  /// `RandomState.randint(low, high, dtype=uint64)` where high − low exceeds 2³²: masked rejection.
  mutating func integer(in range: Range<UInt64>) -> UInt64 {
    let most = range.upperBound - range.lowerBound - 1
    let mask = UInt64.max >> UInt64(most.leadingZeroBitCount)
    while true {
      let high = UInt64(next())
      let value = (high << 32 | UInt64(next())) & mask
      if value <= most { return range.lowerBound + value }
    }
  }
}
