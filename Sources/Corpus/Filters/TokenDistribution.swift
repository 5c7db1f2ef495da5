import Numerics

/// How often each word occurs in a corpus, in lower case and hashed to a fixed number of buckets, so
/// that it takes the same memory for any corpus.
package struct WordDistribution: Sendable {
  private static let buckets = 1 << 16
  private var counts = [Int](repeating: 0, count: buckets)
  private var total = 0

  package init() {}

  private static func bucket(_ word: ArraySlice<UInt32>) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for scalar in word { hash = (hash ^ UInt64(scalar)) &* 0x100_0000_01b3 }
    return Int(truncatingIfNeeded: hash ^ hash >> 32) & (buckets - 1)
  }

  /// A document's words by bucket, and how many there are.
  package static func counts(_ text: PythonText) -> [Int: Int] {
    let lower = text.lowercased()
    return WordTokenizer().words(lower).reduce(into: [:]) {
      $0[bucket(lower.scalars[$1]), default: 0] += 1
    }
  }

  /// Takes a document's words, by bucket.
  package mutating func add(_ document: [Int: Int]) {
    for (bucket, count) in document {
      counts[bucket] += count
      total += count
    }
  }

  /// The Kullback–Leibler divergence of a document's words from the corpus, in nats; every bucket of
  /// the corpus has one occurrence more than was counted. 0 for a document without words.
  package func divergence(of text: PythonText) -> Double {
    let document = Self.counts(text)
    let words = Double(document.values.reduce(0, +))
    let all = Double(total + Self.buckets)
    var sum = 0.0
    for (bucket, count) in document.sorted(by: { $0.key < $1.key }) {
      let share = Double(count) / words
      sum += share * Elementary.log(share * all / Double(counts[bucket] + 1))
    }
    return sum
  }
}

/// Llama 3's rule for documents with too many tokens that are outliers of the corpus: the divergence of
/// their words from the corpus that enters the stage. The paper gives no threshold and no vocabulary;
/// words and threshold are ours.
package struct TokenDistribution: DocumentRule {
  package static let name = "token-distribution"

  /// Nats.
  package var maximumDivergence: Double
  /// Words; shorter documents, whose divergence says little, pass.
  package var minimumWords: Int
  package var corpus = WordDistribution()

  package init(maximumDivergence: Double, minimumWords: Int) {
    self.maximumDivergence = maximumDivergence
    self.minimumWords = minimumWords
  }

  package func judge(_ draft: inout Draft) -> String? {
    guard draft.words().count >= minimumWords else { return nil }
    return corpus.divergence(of: draft.text) > maximumDivergence ? "outlying tokens" : nil
  }
}
