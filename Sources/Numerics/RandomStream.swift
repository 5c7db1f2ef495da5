/// Random numbers by position: sample `i` of a stream is the same whatever was drawn before it.
/// Philox4x32-10 with the seed as its key; the counter's halves are the position and a hash of the
/// purpose. Draw numbers of one kind from a stream: kinds share the same random bits.
package struct RandomStream: Sendable {
  private let key: SIMD2<UInt32>
  private let lane: UInt64

  /// Two purposes under one seed give unrelated streams.
  package init(seed: UInt64, purpose: String) {
    // FNV-1a, 64 bits.
    let hash = purpose.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    self.init(key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)), lane: hash)
  }

  private init(key: SIMD2<UInt32>, lane: UInt64) {
    self.key = key
    self.lane = lane
  }

  /// A stream of its own for item `index` of this one (a layer, a document, a step).
  package func substream(_ index: UInt64) -> RandomStream {
    let bits = RandomStream(key: key, lane: ~lane).block(index)
    return RandomStream(key: key, lane: UInt64(bits.x) | UInt64(bits.y) << 32)
  }

  /// The four random words number 4 · index and on.
  func block(_ index: UInt64) -> SIMD4<UInt32> {
    Philox.block(
      counter: SIMD4(
        UInt32(truncatingIfNeeded: index), UInt32(index >> 32), UInt32(truncatingIfNeeded: lane),
        UInt32(lane >> 32)), key: key)
  }

  package func uint32(at index: UInt64) -> UInt32 { block(index >> 2)[Int(index & 3)] }

  package func uint64(at index: UInt64) -> UInt64 {
    let bits = block(index >> 1)
    let (low, high) = index & 1 == 0 ? (bits.x, bits.y) : (bits.z, bits.w)
    return UInt64(low) | UInt64(high) << 32
  }

  /// In [0, 1), a multiple of 2⁻²⁴.
  package func uniform(at index: UInt64) -> Float { Float(uint32(at: index) >> 8) * 0x1p-24 }

  /// In [0, 1), a multiple of 2⁻⁵³.
  package func uniformDouble(at index: UInt64) -> Double {
    Double(uint64(at: index) >> 11) * 0x1p-53
  }

  /// Mean 0, standard deviation 1 (Box and Muller 1958): both of a pair, by parity of the index.
  package func normal(at index: UInt64) -> Double {
    // 1 − u is in (0, 1]: its logarithm is finite.
    let first = index & ~1
    let radius = (-2 * Elementary.log(1 - uniformDouble(at: first))).squareRoot()
    let angle = 2 * Double.pi * uniformDouble(at: first | 1)
    return radius * (index & 1 == 0 ? Elementary.cos(angle) : Elementary.sin(angle))
  }

  /// A normal variate given that it is within ±`bound` (at least 0.1) standard deviations: the first
  /// of this position's own sequence of variates that is.
  package func truncatedNormal(at index: UInt64, bound: Double) -> Double {
    precondition(bound >= 0.1, "a bound that nearly no variate meets")
    let first = normal(at: index)
    if first.magnitude <= bound { return first }
    let tries = substream(index)
    var number: UInt64 = 0
    while true {
      let next = tries.normal(at: number)
      if next.magnitude <= bound { return next }
      number += 1
    }
  }

  /// In 0..<bound, without bias (Lemire 2019: multiply, reject the uneven rest).
  package func integer(at index: UInt64, below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "no integer is below 0")
    var (high, low) = bound.multipliedFullWidth(by: uint64(at: index))
    let uneven = (0 &- bound) % bound
    var number: UInt64 = 0
    while low < uneven {
      (high, low) = bound.multipliedFullWidth(by: substream(index).uint64(at: number))
      number += 1
    }
    return high
  }

  /// The numbers 0..<count in random order (Fisher and Yates, from the end).
  package func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    var last = count - 1
    while last > 0 {
      order.swapAt(last, Int(integer(at: UInt64(last), below: UInt64(last + 1))))
      last -= 1
    }
    return order
  }

  /// Where element `index` of 0..<count goes in a random permutation that is never laid out: a Feistel
  /// network of eight Philox rounds over the next even power of two, walked until it lands inside.
  package func permuted(_ index: UInt64, of count: UInt64) -> UInt64 {
    precondition(index < count, "element beyond the permutation")
    let bits = UInt64(max(2, 64 - (count - 1).leadingZeroBitCount))
    let half = (bits + 1) / 2
    var value = index
    repeat { value = feistel(value, half) } while value >= count
    return value
  }

  private func feistel(_ value: UInt64, _ half: UInt64) -> UInt64 {
    let mask = (1 as UInt64) << half &- 1
    var (left, right) = (value >> half, value & mask)
    for round in 0..<8 as Range<UInt64> {
      let bits = block(right | round << 48)
      (left, right) = (right, left ^ (UInt64(bits.x) & mask))
    }
    return left << half | right
  }

  /// floats[i] = mean + deviation · normal(at: i).
  package func fillNormal(
    _ floats: Floats, mean: Float = 0, deviation: Float, on compute: Compute
  ) {
    compute.split(floats.count, grain: 1024) { range in
      for i in range {
        floats.base[i] = Float(Double(mean) + Double(deviation) * normal(at: UInt64(i)))
      }
    }
  }

  /// floats[i] = deviation · truncatedNormal(at: i): cut at ±`bound` deviations.
  package func fillTruncatedNormal(
    _ floats: Floats, deviation: Float, bound: Float, on compute: Compute
  ) {
    compute.split(floats.count, grain: 1024) { range in
      for i in range {
        let value = truncatedNormal(at: UInt64(i), bound: Double(bound))
        floats.base[i] = Float(Double(deviation) * value)
      }
    }
  }
}
