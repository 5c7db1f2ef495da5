import Numerics
import Testing

@Suite struct RandomTests {
  /// The known answers of Random123's kat_vectors for philox4x32 10.
  @Test func `Philox gives Random123's known answers`() {
    let zero = Philox.block(counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0))
    #expect(zero == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = Philox.block(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
    #expect(ones == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    let pi = Philox.block(
      counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
      key: SIMD2(0xa409_3822, 0x299f_31d0))
    #expect(pi == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func `streams differ by seed, purpose and substream, and not by order of drawing`() {
    let stream = RandomStream(seed: 1, purpose: "weights")
    let others = [
      RandomStream(seed: 2, purpose: "weights"), RandomStream(seed: 1, purpose: "order"),
      stream.substream(0), stream.substream(1), stream.substream(0).substream(0),
    ]
    let first = stream.uint64(at: 7)
    #expect(Set(others.map { $0.uint64(at: 7) } + [first]).count == 6)
    _ = (0..<100).map { stream.uniform(at: $0) }
    #expect(stream.uint64(at: 7) == first)
  }

  /// The stream's definition must not drift: recorded runs rest on it.
  @Test func `a stream's numbers are fixed`() {
    let stream = RandomStream(seed: 17, purpose: "data order")
    let key = SIMD2<UInt32>(17, 0)
    let hash = "data order".utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    let block = Philox.block(
      counter: SIMD4(2, 0, UInt32(truncatingIfNeeded: hash), UInt32(hash >> 32)), key: key)
    #expect((8..<12).map { stream.uint32(at: $0) } == [block.x, block.y, block.z, block.w])
    #expect(stream.uint64(at: 5) == UInt64(block.w) << 32 | UInt64(block.z))
  }

  @Test func `uniform numbers fill [0, 1) evenly`() {
    let stream = RandomStream(seed: 3, purpose: "test")
    var bins = [Int](repeating: 0, count: 10)
    for i in 0..<20_000 as Range<UInt64> {
      let value = stream.uniform(at: i)
      #expect(value >= 0 && value < 1)
      bins[Int(value * 10)] += 1
    }
    #expect(bins.allSatisfy { abs($0 - 2000) < 200 })
    let wide = (0..<1000).map { stream.uniformDouble(at: $0) }
    #expect(wide.allSatisfy { $0 >= 0 && $0 < 1 })
  }

  @Test func `normal numbers have the moments of the normal distribution`() {
    let stream = RandomStream(seed: 4, purpose: "test")
    let values = (0..<20_000).map { stream.normal(at: $0) }
    let moments = (1...4).map { power in
      values.reduce(0) { sum, value in sum + (0..<power).reduce(1) { p, _ in p * value } } / 20_000
    }
    #expect(abs(moments[0]) < 0.03 && abs(moments[1] - 1) < 0.05)
    #expect(abs(moments[2]) < 0.1 && abs(moments[3] - 3) < 0.3)
    let near = values.filter { abs($0) < 1 }
    #expect(abs(Double(near.count) / 20_000 - 0.6827) < 0.015)
  }

  @Test func `truncated normal numbers stay within their bound and keep accepted draws`() {
    let stream = RandomStream(seed: 5, purpose: "test")
    for i in 0..<3000 as Range<UInt64> {
      let value = stream.truncatedNormal(at: i, bound: 1.5)
      #expect(abs(value) <= 1.5)
      let plain = stream.normal(at: i)
      if abs(plain) <= 1.5 { #expect(value == plain) }
    }
  }

  @Test func `filled memory holds each position's number, whatever the thread count`() {
    let stream = RandomStream(seed: 6, purpose: "test")
    for threads in [1, 3] {
      let compute = Compute(threads: threads)
      let floats = Floats(count: 5000)
      stream.fillNormal(floats, mean: 1, deviation: 0.5, on: compute)
      #expect(floats[4321] == Float(1 + 0.5 * stream.normal(at: 4321)))
      stream.fillTruncatedNormal(floats, deviation: 0.02, bound: 2, on: compute)
      #expect(
        floats[4321] == Float(Double(Float(0.02)) * stream.truncatedNormal(at: 4321, bound: 2)))
      #expect(floats.array.allSatisfy { abs($0) <= 0.04 })
    }
  }

  @Test(arguments: [1, 3, 7, 1 << 33, (1 << 63) + 5] as [UInt64])
  func `integers stay below their bound`(bound: UInt64) {
    let stream = RandomStream(seed: 7, purpose: "test")
    let values = (0..<2000).map { stream.integer(at: $0, below: bound) }
    #expect(values.allSatisfy { $0 < bound })
    #expect(bound > 7 || Set(values).count == Int(bound))
  }

  @Test(arguments: [0, 1, 2, 3, 17, 1000])
  func `a permutation holds every number once`(count: Int) {
    let stream = RandomStream(seed: 8, purpose: "test")
    #expect(stream.permutation(count).sorted() == Array(0..<count))
    let walked = (0..<count).map { Int(stream.permuted(UInt64($0), of: UInt64(count))) }
    #expect(walked.sorted() == Array(0..<count))
    if count == 1000 { #expect(walked != Array(0..<count)) }
  }

  @Test func `permutations are even: every order of three is as frequent`() {
    let stream = RandomStream(seed: 9, purpose: "test")
    var shuffled: [[Int]: Int] = [:]
    for i in 0..<6000 as Range<UInt64> {
      shuffled[stream.substream(i).permutation(3), default: 0] += 1
    }
    #expect(shuffled.count == 6)
    #expect(shuffled.values.allSatisfy { abs($0 - 1000) < 150 })
  }
}
