/// How much of each test item lies in n-grams that a corpus holds (Llama 3, section 5.1.4).
package struct GramCoverage: Sendable {
  private var isFound: [Bool]
  private let index: GramIndex

  package init(_ index: GramIndex) {
    self.index = index
    isFound = [Bool](repeating: false, count: index.gramCount)
  }

  package mutating func note(_ hits: [GramIndex.Hit]) {
    for hit in hits { isFound[Int(hit.gram)] = true }
  }

  /// The share of an item's words that n-grams of the longest length cover; 0 for an item that is
  /// shorter.
  package func coverage(of item: Int) -> Double {
    guard let length = index.lengths.last, index.itemWords[item] > 0 else { return 0 }
    var (covered, end) = (0, 0)
    for (first, gram) in index.itemGrams[item].enumerated() where isFound[Int(gram)] {
      covered += first + length - max(first, end)
      end = first + length
    }
    return Double(covered) / Double(index.itemWords[item])
  }
}
