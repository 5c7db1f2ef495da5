import LanguageModel
import Testing

@Suite struct TokenBatchTests {
  private let batch = TokenBatch(
    tokens: [1, 2, 3, 4, 5, 6], targets: [2, -1, 4, -1, 6, -1],
    documents: [0..<2, 2..<4, 4..<6], sequences: [0..<4, 4..<6])

  @Test func `positions restart with every document`() {
    #expect(batch.positions == [0, 1, 0, 1, 0, 1])
  }

  @Test func `a part keeps the whole batch's number of targets`() {
    let part = batch.part(1..<2)
    #expect(part.tokens == [5, 6] && part.documents == [0..<2] && part.sequences == [0..<2])
    #expect(part.targetCount == 3)
    #expect(batch.part(0..<1).documents == [0..<2, 2..<4])
  }

  @Test func `parts cover all sequences in order, and never cut one`() {
    #expect(batch.parts(rows: 1).map(\.tokens) == [[1, 2, 3, 4], [5, 6]])
    #expect(batch.parts(rows: 6) == [batch])
  }

  @Test func `documents predict their own next tokens`() {
    let batch = TokenBatch(documents: [[1, 2, 3], [], [4]])
    #expect(batch.targets == [2, 3, -1, -1])
    #expect(batch.documents == [0..<3, 3..<4])
  }
}
