/// Counts of lines over a bucket of documents (Llama 3, section 3.1.1: lines that appear more than 6 times in
/// each bucket of 30 million documents go). Holds a hash and a count for each different line of the bucket.
package struct RepeatedLines: Sendable {
  /// How often a line may occur.
  package var maximum: Int
  /// Whether lines count as equal when only case, figures, punctuation and accents differ, as in ccNet
  /// (Wenzek et al. 2020).
  package var isNormalized: Bool
  private var counts: [UInt64: Int32] = [:]

  package init(maximum: Int, isNormalized: Bool) {
    self.maximum = maximum
    self.isNormalized = isNormalized
  }

  /// Hashes of a text's lines, in order; nil for lines of white space alone, which always stay.
  package func hashes(_ text: PythonText) -> [UInt64?] {
    text.split(at: 0x0A).map { range in
      let inner = text.stripped(range)
      if inner.isEmpty { return nil }
      let line = PythonText(scalars: Array(text.scalars[inner]))
      return XXHash64.hash(Array((isNormalized ? line.simplified() : line).string.utf8))
    }
  }

  package mutating func add(_ hashes: [UInt64?]) {
    for hash in hashes { if let hash { counts[hash, default: 0] += 1 } }
  }

  /// The text without its frequent lines, and how many those are.
  package func cleaned(_ text: PythonText, _ hashes: [UInt64?]) -> (PythonText, removed: Int) {
    let kept = zip(text.split(at: 0x0A), hashes).filter { _, hash in
      hash.map { counts[$0] ?? 0 <= maximum } ?? true
    }
    if kept.count == hashes.count { return (text, 0) }
    return (text.joined(kept.map(\.0)), hashes.count - kept.count)
  }
}
