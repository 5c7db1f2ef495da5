import Numerics
import Testing

@Suite struct TokenDrawTests {
  /// A row of logits with ties in it.
  private static func logits(_ count: Int, seed: UInt64 = 1) -> Matrix {
    let row = Matrix(rows: 1, columns: count)
    let stream = RandomStream(seed: seed, purpose: "logits")
    for index in 0..<count {
      row[0, index] = Float((stream.normal(at: UInt64(index)) * 12).rounded()) / 4
    }
    return row
  }

  private static func chooser(
    _ temperature: Double, topK: Int? = nil, topP: Double? = nil, wantsEntropy: Bool = false
  ) -> TokenChooser {
    TokenChooser(temperature: temperature, topK: topK, topP: topP, wantsEntropy: wantsEntropy)
  }

  /// The ids that are kept, in order, and each one's share: temperature, top-k, top-p.
  private static func kept(
    _ row: Matrix, _ temperature: Double, _ topK: Int?, _ topP: Double?
  ) -> [(id: Int, share: Double)] {
    let x = row.floats.array
    var ids = Array(x.indices)
    if topK != nil || topP != nil { ids.sort { (-x[$0], $0) < (-x[$1], $1) } }
    ids = Array(ids.prefix(max(1, topK ?? x.count)))
    let most = x.max() ?? 0
    var weights = ids.map { Elementary.exp(Double(x[$0] - most) / temperature) }
    if let topP {
      let limit = topP * weights.reduce(0, +)
      var sum = 0.0
      let end = weights.firstIndex {
        sum += $0
        return sum >= limit
      }
      weights = Array(weights.prefix((end ?? weights.count - 1) + 1))
    }
    let total = weights.reduce(0, +)
    return zip(ids, weights).map { ($0, $1 / total) }
  }

  @Test(
    arguments: [
      (1.0, nil, nil), (0.7, nil, nil), (2.5, nil, nil), (1, 5, nil), (1, nil, 0.9),
      (0.8, 40, 0.95),
      (3, 300, 0.5), (1, 1, nil), (1, 1000, 0.999),
    ] as [(Double, Int?, Double?)])
  func `a number chooses the token in whose share it falls`(
    temperature: Double, topK: Int?, topP: Double?
  ) {
    for count in [1, 7, 64, 65, 333] {
      let row = Self.logits(count, seed: UInt64(count))
      let chooser = Self.chooser(temperature, topK: topK, topP: topP)
      var before = 0.0
      for (id, share) in Self.kept(row, temperature, topK, topP) {
        // The middle of the share, clear of rounding at its ends.
        if share > 1e-4 {
          let draw = chooser.draw(row, row: 0, uniform: before + share / 2)
          #expect(draw.token == id, "\(count) logits")
        }
        before += share
      }
    }
  }

  @Test func `at temperature 0 the lowest of the most likely tokens is chosen`() {
    let row = Self.logits(100)
    (row[0, 20], row[0, 60]) = (50, 50)
    for uniform in [0, 0.3, 0.9999] {
      #expect(Self.chooser(0).draw(row, row: 0, uniform: uniform).token == 20)
      #expect(Self.chooser(1e-300).draw(row, row: 0, uniform: uniform).token == 20)
      #expect(Self.chooser(1, topK: 1).draw(row, row: 0, uniform: uniform).token == 20)
      #expect(Self.chooser(1, topP: 1e-9).draw(row, row: 0, uniform: uniform).token == 20)
    }
  }

  @Test func `impossible tokens are never drawn, and no number is out of range`() {
    let row = Self.logits(130)
    for index in 0..<130 where index % 3 != 1 { row[0, index] = -.infinity }
    for chooser in [Self.chooser(1), Self.chooser(2, topK: 100), Self.chooser(1, topP: 1)] {
      for uniform in [0, 0.25, 0.5, 0.75, 1 - 0x1p-53] {
        #expect(chooser.draw(row, row: 0, uniform: uniform).token % 3 == 1)
      }
    }
    row.floats.fill(.nan)
    #expect(Self.chooser(1).draw(row, row: 0, uniform: 0.5).token == 0)
  }

  @Test func `log-probability and entropy are the heads' bits, whatever was cut`() {
    let logits = Matrix(rows: 3, columns: 217)
    RandomStream(seed: 2, purpose: "logits").fillNormal(
      logits.floats, deviation: 3, on: Compute(threads: 1))
    let chooser = Self.chooser(0.5, topK: 9, topP: 0.8, wantsEntropy: true)
    let draws = (0..<3).map { chooser.draw(logits, row: $0, uniform: 0.6) }
    let compute = Compute(threads: 1)
    let values = Floats(count: 3)
    TokenHead().forward(
      logits, targets: draws.map(\.token), logProbabilities: values, logSums: Floats(count: 3),
      on: compute)
    #expect(draws.map(\.logProbability) == values.array)
    let scores = DistributionHead().forward(
      logits,
      targets: .sparse(
        tokens: draws.map(\.token), probabilities: [1, 1, 1], width: 1),
      logSums: Floats(count: 3), on: compute)
    #expect(draws.map(\.entropy) == scores.map(\.entropy))
    #expect(draws.allSatisfy { $0.entropy > 0.1 })
  }
}
