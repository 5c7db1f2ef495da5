import Corpus

/// Python's `random.Random(seed)`, as far as lm-evaluation-harness draws few-shot examples from it.
package struct PythonRandom: Sendable {
  private var twister: MersenneTwister

  package init(seed: UInt32) { twister = MersenneTwister(key: [seed]) }

  /// `_randbelow_with_getrandbits`, for bounds of at most 2³².
  private mutating func integer(below bound: Int) -> Int {
    let bits = Int.bitWidth - bound.leadingZeroBitCount
    while true {
      let value = Int(twister.next() >> UInt32(32 - bits))
      if value < bound { return value }
    }
  }

  /// `sample(range(count), size)`.
  package mutating func sample(_ size: Int, of count: Int) -> [Int] {
    precondition(0...count ~= size)
    // CPython keeps a list of what is left where that is smaller than a set of what is taken.
    var most = 21
    if size > 5 {
      var power = 1
      while power < 3 * size { power *= 4 }
      most += power
    }
    if count <= most {
      var pool = Array(0..<count)
      return (0..<size).map { index in
        let place = integer(below: count - index)
        let value = pool[place]
        pool[place] = pool[count - index - 1]
        return value
      }
    }
    var taken: Set<Int> = []
    return (0..<size).map { _ in
      var value = integer(below: count)
      while !taken.insert(value).inserted { value = integer(below: count) }
      return value
    }
  }
}
