/// C++'s `std::minstd_rand` with GNU libstdc++'s distributions on it: the numbers that fastText draws
/// (bits/random.tcc and bits/uniform_int_dist.h). Everything else in the project uses `RandomStream`.
struct MinimalRandom {
  private static let modulus: UInt64 = 2_147_483_647
  private var state: UInt64

  /// 0 and 1 give the same numbers, as in C++.
  init(seed: Int) {
    let reduced = UInt64(truncatingIfNeeded: seed) % Self.modulus
    state = reduced == 0 ? 1 : reduced
  }

  /// From 1 to 2³¹ − 2 (Park, Miller and Stockmeyer 1993).
  mutating func next() -> UInt64 {
    state = state * 48271 % Self.modulus
    return state
  }

  /// `std::uniform_real_distribution<double>(low, high)`: two draws.
  mutating func uniform(from low: Double, to high: Double) -> Double {
    let range = Double(Self.modulus - 1)
    var sum = Double(next() - 1)
    sum += Double(next() - 1) * range
    let unit = min(sum / (range * range), 1 - 0x1p-53)
    return unit * (high - low) + low
  }

  /// `std::uniform_int_distribution(0, bound − 1)`.
  mutating func integer(below bound: Int) -> Int {
    let scaling = (Self.modulus - 2) / UInt64(bound)
    let past = UInt64(bound) * scaling
    while true {
      let value = next() - 1
      if value < past { return Int(value / scaling) }
    }
  }
}
