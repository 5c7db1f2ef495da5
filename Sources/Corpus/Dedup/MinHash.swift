/// MinHash signatures (Broder 1997) with datatrove's arithmetic, so that the same documents are found: for every
/// n-gram hash h and each of the coefficients, ((h·a + b) mod 2⁶⁴) mod 2⁶¹ − 1; the least over all n-grams.
package struct MinHash: Sendable {
  package enum Hash: String, CaseIterable, Sendable {
    case xxhash64
    case sha1 = "sha1-64"
  }

  private static let prime: UInt64 = (1 << 61) - 1

  /// Words.
  package let length: Int
  package let buckets: Int
  package let hashesPerBucket: Int
  package let hash: Hash
  private let factors: [UInt64]
  private let summands: [UInt64]

  package var hashCount: Int { buckets * hashesPerBucket }

  package init(
    length: Int = 5, buckets: Int = 14, hashesPerBucket: Int = 8, seed: UInt32 = 1,
    hash: Hash = .xxhash64
  ) {
    (self.length, self.buckets, self.hashesPerBucket, self.hash) = (
      length, buckets, hashesPerBucket, hash
    )
    var random = MersenneTwister(seed: seed)
    factors = (0..<buckets * hashesPerBucket).map { _ in random.integer(in: 1..<Self.prime) }
    summands = (0..<buckets * hashesPerBucket).map { _ in random.integer(in: 0..<Self.prime) }
  }

  /// The hashes of a text's n-grams, in order.
  package func shingles(_ text: PythonText) -> [UInt64] {
    let words = SimplifiedWords(text)
    return (0..<words.count(ofLength: length)).map { first in
      switch hash {
      case .xxhash64: words.hash(first, length)
      case .sha1:
        SHA1.hash64(
          words.bytes[
            words.words[first].lowerBound..<words.words[first + length - 1].upperBound])
      }
    }
  }

  /// The signature, bucket after bucket; nil when the text has fewer words than an n-gram.
  package func signature(_ text: PythonText) -> [UInt64]? {
    let shingles = shingles(text)
    return shingles.isEmpty ? nil : signature(shingles: shingles)
  }

  package func signature(shingles: [UInt64]) -> [UInt64] {
    var least = [UInt64](repeating: .max, count: hashCount)
    let (factors, summands, prime) = (factors.span, summands.span, Self.prime)
    var result = least.mutableSpan
    for shingle in shingles {
      for index in 0..<factors.count {
        let product = shingle &* factors[index] &+ summands[index]
        let folded = product & prime &+ product >> 61
        let value = folded >= prime ? folded &- prime : folded
        if value < result[index] { result[index] = value }
      }
    }
    return least
  }
}
