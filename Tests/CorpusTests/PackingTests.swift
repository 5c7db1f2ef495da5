import Corpus
import Testing

@Suite struct PackingTests {
  /// Rows as the documents in them, written out by hand after TRL's algorithm.
  private func rows(_ lengths: [Int], _ length: Int, _ strategy: PackingStrategy) -> [[Int]] {
    Packing(lengths: lengths, rowLength: length, strategy: strategy).rows
      .map { $0.map(\.document) }
  }

  @Test
  func `best fit takes the fullest row with room, and of equal ones the one that waited longest`() {
    // 6 and 6 open rows with 4 left, 5 one with 5 left; 4 goes to the first with 4, 4 to the second, 3 to 5.
    #expect(rows([4, 6, 3, 6, 4, 5], 10, .bfd) == [[1, 0], [3, 4], [5, 2]])
    #expect(rows([10, 1, 9, 1], 10, .bfd) == [[0], [2, 1], [3]])
    #expect(rows([], 8, .bfd).isEmpty && rows([0, 0], 8, .bfd).isEmpty)
  }

  @Test func `long documents are cut off, cut into rows, or wrapped`() {
    let cut = Packing(lengths: [25, 3], rowLength: 10, strategy: .bfd)
    #expect(cut.rows.count == 2 && cut.truncated == 15 && cut.tokens == 13)
    let split = Packing(lengths: [25, 3], rowLength: 10, strategy: .bfdSplit)
    #expect(split.truncated == 0 && split.tokens == 28 && split.rows.count == 3)
    #expect(split.rows[2].map(\.tokens) == [20..<25, 0..<3])
    let wrapped = Packing(lengths: [25, 3], rowLength: 10, strategy: .wrapped)
    #expect(
      wrapped.rows.map { $0.map(\.tokens) } == [[0..<10], [10..<20], [20..<25, 0..<3]])
  }

  @Test func `no row is overfull and no token is lost or doubled, whatever the lengths`() {
    var state: UInt64 = 5
    func next(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    for strategy in PackingStrategy.allCases {
      let lengths = (0..<3000).map { _ in next(700) }
      let packing = Packing(lengths: lengths, rowLength: 512, strategy: strategy)
      #expect(packing.rows.allSatisfy { $0.reduce(0) { $0 + $1.tokens.count } <= 512 })
      var seen = lengths.map { _ in 0 }
      for piece in packing.rows.joined() {
        #expect(strategy == .bfd ? piece.tokens.lowerBound == 0 : true)
        seen[piece.document] += piece.tokens.count
      }
      #expect(packing.tokens + packing.truncated == lengths.reduce(0, +))
      #expect(zip(seen, lengths).allSatisfy { $0 == (strategy == .bfd ? min($1, 512) : $1) })
    }
  }
}
