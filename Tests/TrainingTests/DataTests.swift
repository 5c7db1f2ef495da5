import LanguageModel
import Testing
import Training

@Suite struct DataOrderTests {
  @Test func `every epoch is another permutation of all rows`() throws {
    let stream = try makeStream(60)
    let order = try DataOrder(stream, sequence: 16, seed: 5)
    #expect(order.rows == stream.tokens.count / 16)
    let epochs = (0..<3).map { epoch in
      (0..<order.rows).map { order.range(at: epoch * order.rows + $0) }
    }
    let all = (0..<order.rows).map { $0 * 16..<($0 + 1) * 16 }
    for epoch in epochs {
      #expect(epoch.sorted { $0.lowerBound < $1.lowerBound } == all)
      #expect(epoch != all)
    }
    #expect(epochs[0] != epochs[1])
    let other = try DataOrder(stream, sequence: 16, seed: 6)
    #expect((0..<order.rows).map { other.range(at: $0) } != epochs[0])
    let named = try DataOrder(stream, name: "math", sequence: 16, seed: 5)
    #expect((0..<order.rows).map { named.range(at: $0) } != epochs[0])
  }

  @Test func `fewer tokens than a sequence are refused`() throws {
    let stream = try TokenStream(tokens: [1, 2], documentStarts: [0], vocabularySize: 3)
    #expect(throws: TrainingError.self) { try DataOrder(stream, sequence: 3, seed: 0) }
  }
}

@Suite struct TokenStreamTests {
  private func stream() throws -> TokenStream {
    try TokenStream(
      tokens: [10, 11, 12, 20, 21, 30, 31, 32, 33], documentStarts: [0, 3, 3, 5, 9],
      vocabularySize: 40)
  }

  @Test func `rows are cut where documents start, and look one token ahead`() throws {
    let batch = try stream().batch([0..<4, 4..<8])
    #expect(batch.tokens == [10, 11, 12, 20, 21, 30, 31, 32])
    #expect(batch.targets == [11, 12, -1, 21, -1, 31, 32, 33])
    #expect(batch.documents == [0..<3, 3..<4, 4..<5, 5..<8])
    #expect(batch.sequences == [0..<4, 4..<8])
    #expect(batch.positions == [0, 1, 2, 0, 0, 0, 1, 2])
    #expect(batch.targetCount == 6)
  }

  @Test func `a token's document is found`() throws {
    let stream = try stream()
    #expect((0..<9).map { stream.document(at: $0) } == [0, 0, 0, 2, 2, 3, 3, 3, 3])
    #expect(stream.pieces(of: 2..<6) == [2..<3, 3..<5, 5..<6])
  }

  @Test func `ids beyond the vocabulary and unordered starts are refused`() {
    #expect(throws: TrainingError.self) {
      try TokenStream(tokens: [1, 5], documentStarts: [0], vocabularySize: 5)
    }
    #expect(throws: TrainingError.self) {
      try TokenStream(tokens: [1, 2], documentStarts: [1, 0], vocabularySize: 5)
    }
    #expect(throws: TrainingError.self) {
      try TokenStream(tokens: [1, 2], documentStarts: [0, 3], vocabularySize: 5)
    }
  }
}

@Suite struct UnigramTests {
  @Test func `counts plus one are the distribution`() throws {
    let stream = try TokenStream(
      tokens: [0, 0, 0, 1], documentStarts: [0], vocabularySize: 4)
    let unigram = Unigram(stream, vocabularySize: 4)
    let loss = try #require(unigram.loss(targets: [0, -1, 3]))
    // −(ln 4/8 + ln 1/8) / 2
    #expect(abs(loss - 2 * 0.693_147_180_559_945_3) < 1e-12)
    #expect(unigram.loss(targets: [-1]) == nil)
  }
}
