import Foundation
import Numerics
import Testing

@Suite struct PassTests {
  static let counts = [0, 1, 7, 8, 9, 4096, 10_000]

  @Test(arguments: counts)
  func `reductions equal their definition, and one, two and seven threads agree`(count: Int) {
    let x = pseudoRandom(1, count, seed: 1).floats
    let y = pseudoRandom(1, count, seed: 2).floats
    let (xs, ys) = (x.array.map(Double.init), y.array.map(Double.init))
    let results = [1, 2, 7].map { threads in
      let compute = Compute(threads: threads)
      return [compute.sum(x), compute.sumOfSquares(x), compute.dot(x, y)].map(\.bitPattern)
    }
    #expect(results[0] == results[1] && results[0] == results[2])
    let expected = [xs.reduce(0, +), weightedSum(xs, xs), weightedSum(xs, ys)]
    #expect(deviation(results[0].map(Double.init(bitPattern:)), from: expected) < 1e-13)
    let most = Compute(threads: 2).maximumMagnitude(x)
    #expect(most == x.array.map(\.magnitude).max() ?? 0)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `the first value that is not finite is found`(value: Float) {
    let compute = Compute(threads: 2)
    let x = pseudoRandom(1, 10_000, seed: 1).floats
    #expect(compute.firstNonFinite(x) == nil)
    x[9001] = value
    x[9950] = .nan
    #expect(compute.firstNonFinite(x) == 9001)
    #expect(compute.maximumMagnitude(x).isNaN)
  }

  @Test(arguments: counts)
  func `passes over memory equal their definition`(count: Int) {
    let compute = Compute(threads: 2)
    let x = pseudoRandom(1, count, seed: 1).floats
    let xs = x.array
    let y = Floats(pseudoRandom(1, count, seed: 2).floats.array)
    var ys = y.array
    compute.add(x, to: y)
    for i in 0..<count { ys[i] += xs[i] }
    #expect(y.array == ys)
    compute.add(x, times: -0.3, to: y)
    for i in 0..<count { ys[i].addProduct(-0.3, xs[i]) }
    #expect(y.array == ys)
    compute.scale(y, by: 0.7)
    for i in 0..<count { ys[i] *= 0.7 }
    #expect(y.array == ys)
    compute.interpolate(y, towards: x, by: 1)
    #expect(y.array == xs)
  }

  @Test func `strided rows are added and copied`() {
    let compute = Compute(threads: 2)
    let (x, y) = (pseudoRandom(9, 13, seed: 1, stride: 20), pseudoRandom(9, 13, seed: 2))
    let sums = zip(doubles(x), doubles(y)).map { Float($0) + Float($1) }
    compute.add(x, to: y)
    #expect(y.floats.array == sums)
    compute.copy(x, to: y)
    #expect(bits(y) == bits(x))
  }

  private func rows(_ name: String) throws -> (header: [Double], rows: [[Float]]) {
    let lines = try fixture(name).split(separator: "\n")
    let header = lines[0].split(separator: " ").compactMap { Double($0) }
    let rows = lines.dropFirst().map { line in
      line.split(separator: " ").map { Float(bitPattern: UInt32($0, radix: 16) ?? 0) }
    }
    return (header, rows)
  }

  @Test(arguments: [1, 2])
  func `AdamW and clipping follow torch within two units in the last place`(threads: Int) throws {
    let (header, rows) = try rows("adamw.txt")
    let compute = Compute(threads: threads)
    let rule = AdamW(beta1: header[3], beta2: header[4], epsilon: header[5])
    let count = Int(header[1])
    let p = Floats(rows[0])
    let (m, v) = (Floats(count: count), Floats(count: count))
    for step in 1...Int(header[0]) {
      let base = 4 * step - 3
      rule.update(
        p, gradients: Floats(rows[base]), firstMoments: m, secondMoments: v, step: step,
        learningRate: header[2], weightDecay: header[6], on: compute)
      #expect(units(p.array, rows[base + 1]) <= 2)
      #expect(units(m.array, rows[base + 2]) <= 2)
      #expect(units(v.array, rows[base + 3]) <= 2)
    }
    let gradients = Floats(rows[21])
    let norm = compute.clip(gradients, norm: 1.5)
    #expect(abs(norm - Double(rows[23][0])) < 1e-6 * norm)
    #expect(units(gradients.array, rows[22]) <= 4)
  }

  @Test(arguments: [1, 2])
  func `RMSProp with momentum follows AXLearn's formula`(threads: Int) throws {
    let (header, rows) = try rows("rmsprop.txt")
    let compute = Compute(threads: threads)
    let rule = RMSProp(
      beta1: header[3], beta2: header[4], epsilon: header[5], updateClip: header[6])
    let count = Int(header[1])
    let p = Floats(rows[0])
    let (m, s) = (Floats(count: count), Floats(count: count))
    for step in 1...Int(header[0]) {
      let base = 4 * step - 3
      rule.update(
        p, gradients: Floats(rows[base]), firstMoments: m, secondMoments: s, step: step,
        learningRate: header[2], decay: header[7], on: compute)
      // The reference is float64, rounded; a mean of updates of both signs cancels.
      #expect(units(p.array, rows[base + 1]) <= 4)
      #expect(
        deviation(m.array.map { 10 * Double($0) }, from: rows[base + 2].map { 10 * Double($0) })
          < 3e-7)
      #expect(units(s.array, rows[base + 3]) <= 4)
    }
  }

  @Test func `a compensated sum keeps what float32 would lose`() {
    let compute = Compute(threads: 2)
    let (high, low, mean) = (Floats(count: 9), Floats(count: 9), Floats(count: 9))
    let x = Floats((0..<9).map { Float($0) / 3 + 1 })
    let large = Floats([Float](repeating: 0x1p25, count: 9))
    compute.add(large, high: high, low: low)
    for _ in 0..<1023 { compute.add(x, high: high, low: low) }
    compute.divide(high: high, low: low, by: 1024, into: mean)
    for (index, value) in x.array.enumerated() {
      #expect(mean[index] == Float((0x1p25 + 1023 * Double(value)) / 1024))
    }
  }

  /// The largest difference, in units in the last place of the largest magnitude around: small values
  /// that are differences of larger ones cannot be held to their own.
  private func units(_ values: [Float], _ expected: [Float]) -> Float {
    let floor = (expected.map(\.magnitude).max() ?? 0) * 0x1p-6
    return zip(values, expected).map { ($0 - $1).magnitude / max($1.magnitude, floor).ulp }.max()
      ?? 0
  }

  @Test func `a gradient within the limit is left alone, and NaN spreads`() {
    let compute = Compute(threads: 1)
    let small = Floats([0.3, 0.4])
    #expect(abs(compute.clip(small, norm: 1) - 0.5) < 1e-7)
    #expect(small.array == [0.3, 0.4])
    let broken = Floats([.nan, 1])
    #expect(compute.clip(broken, norm: 1).isNaN)
    #expect(broken.array.allSatisfy { $0.isNaN })
  }

  @Test func `work is shared so that every item is done once`() {
    for (count, grain, threads) in [(0, 1, 2), (1, 5, 2), (103, 10, 7), (64, 64, 2), (1000, 1, 3)] {
      let done = Floats(count: max(1, count))
      Compute(threads: threads).split(count, grain: grain) { range in
        for i in range { done[i] += 1 }
      }
      #expect(done.array.prefix(count).allSatisfy { $0 == 1 })
    }
  }
}
