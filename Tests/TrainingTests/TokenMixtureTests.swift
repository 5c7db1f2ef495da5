import LanguageModel
import Testing
import Training

@Suite struct MixTests {
  @Test(arguments: [
    ["tokens": 0.5, "math": 0.25, "code": 0.17, "other": 0.08], ["a": 1, "tokens": 999],
    ["x": 1e-9, "y": 1], ["tokens": 3],
  ])
  func `shares hold over every prefix, and no count ever falls`(weights: [String: Double]) {
    let mix = SourceMix(weights)
    let total = weights.values.reduce(0, +)
    var before = mix.names.map { _ in 0 }
    for count in 1...5000 {
      let counts = mix.counts(of: count)
      #expect(counts.reduce(0, +) == count)
      #expect(zip(before, counts).allSatisfy { $0 <= $1 })
      for (name, number) in zip(mix.names, counts) {
        let share = Double(count) * (weights[name] ?? 0) / total
        #expect(abs(Double(number) - share) < Double(weights.count))
      }
      before = counts
    }
  }

  @Test func `a count is exact far out`() {
    let mix = SourceMix(["tokens": 3, "math": 1])
    #expect(mix.names == ["tokens", "math"])
    #expect(mix.counts(of: 1 << 50) == [3 << 48, 1 << 48])
  }

  @Test func `a source with weight 0 is not in the mix`() {
    #expect(SourceMix(["tokens": 1, "math": 0]).names == ["tokens"])
  }
}

@Suite struct TokenMixtureTests {
  private func streams() throws -> [String: TokenStream] {
    ["tokens": try makeStream(60), "math": try makeStream(40, seed: 3)]
  }

  private func mixture(_ phases: [DataPhase], seed: UInt64 = 5) throws -> TokenMixture {
    try TokenMixture(streams(), phases: phases, seed: seed)
  }

  private let half = SourceMix(["tokens": 1, "math": 1])

  @Test
  func `a source goes through whole epochs, whatever it is mixed with and however it is phased`()
    throws
  {
    let mixture = try mixture([
      DataPhase(steps: 7, batch: 4, sequence: 16),
      DataPhase(steps: 9, batch: 6, sequence: 16, mix: half),
      DataPhase(steps: 30, batch: 5, sequence: 16, mix: SourceMix(["tokens": 2, "math": 1])),
    ])
    let drawn = (0..<mixture.steps).flatMap { mixture.sequences(after: $0) }
    for name in ["tokens", "math"] {
      let rows = drawn.filter { $0.source == name }.map(\.tokens)
      let count = try #require(mixture.streams[name]).rows(of: 16)
      #expect(rows.count > count)
      for epoch in 0..<rows.count / count {
        #expect(Set(rows[epoch * count..<(epoch + 1) * count]).count == count)
      }
    }
    #expect(mixture.counts(of: 1).map(\.sequences) == [27, 27])
    #expect(mixture.counts(of: 1).map(\.source) == ["tokens", "math"])
  }

  @Test func `one phase of one source is the plain order`() throws {
    let mixture = try mixture([DataPhase(steps: 40, batch: 3, sequence: 16)])
    let order = try DataOrder(makeStream(60), sequence: 16, seed: 5)
    let drawn = (0..<40).flatMap { mixture.sequences(after: $0).map(\.tokens) }
    #expect(drawn == (0..<120).map { order.range(at: $0) })
  }

  @Test func `a longer sequence goes on in the epoch where the shorter left off`() throws {
    let mixture = try mixture([
      DataPhase(steps: 5, batch: 3, sequence: 8), DataPhase(steps: 5, batch: 2, sequence: 32),
    ])
    // 120 tokens fill four rows of 32 (the last in part).
    let order = try DataOrder(makeStream(60), sequence: 32, seed: 5)
    #expect(mixture.sequences(after: 5).map(\.tokens) == [order.range(at: 4), order.range(at: 5)])
    #expect(mixture.phase(after: 4) == 0 && mixture.phase(after: 5) == 1)
  }

  @Test func `a step is the same whatever comes later`() throws {
    let first = DataPhase(steps: 6, batch: 4, sequence: 16, mix: half)
    let short = try mixture([first])
    let long = try mixture([first, DataPhase(steps: 9, batch: 2, sequence: 64)])
    for step in 0..<6 { #expect(short.sequences(after: step) == long.sequences(after: step)) }
    #expect(short.description(of: 6) == long.description(of: 6))
    #expect(short.description(of: 6) != long.description(of: 7))
  }

  @Test func `a phase cut in two describes the same data`() throws {
    let whole = try mixture([DataPhase(steps: 6, batch: 4, sequence: 16)])
    let cut = try mixture([
      DataPhase(steps: 2, batch: 4, sequence: 16), DataPhase(steps: 4, batch: 4, sequence: 16),
    ])
    for step in 0...6 { #expect(whole.description(of: step) == cut.description(of: step)) }
  }

  @Test func `a batch holds its sequences' tokens, source by source`() throws {
    let mixture = try mixture([DataPhase(steps: 3, batch: 4, sequence: 16, mix: half)])
    let batch = mixture.batch(after: 1).tokens
    #expect(batch.sequences == [0..<16, 16..<32, 32..<48, 48..<64])
    let expected = try mixture.sequences(after: 1).flatMap { sequence in
      try #require(mixture.streams[sequence.source]).tokens[sequence.tokens]
    }
    #expect(batch.tokens == expected)
    #expect(mixture.sequences(after: 1).map(\.source) == ["tokens", "tokens", "math", "math"])
  }

  @Test func `a source that is missing or too short is refused by name`() throws {
    let phase = DataPhase(
      steps: 1, batch: 1, sequence: 16, mix: SourceMix(["tokens": 1, "code": 1]))
    #expect {
      try TokenMixture(try streams(), phases: [phase], seed: 0)
    } throws: { "\($0)".contains("no source \"code\"") }
    let long = DataPhase(steps: 1, batch: 1, sequence: 1 << 20, mix: half)
    #expect {
      try TokenMixture(try streams(), phases: [long], seed: 0)
    } throws: { "\($0)".contains("fewer than one sequence of 1048576") }
  }
}
