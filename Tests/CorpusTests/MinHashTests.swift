import ContentStore
import Corpus
import Testing

@Suite struct MinHashTests {
  @Test func `hashes are those of xxHash and SHA-1`() throws {
    for row in try CorpusFixture.json("minhash.json")["hashes"]!.arrayValue! {
      let bytes = Array(row["text"]!.text.utf8)
      #expect(XXHash64.hash(bytes) == UInt64(row["xxhash64"]!.text, radix: 16))
      #expect(SHA1.hash64(bytes[...]) == UInt64(row["sha1"]!.text, radix: 16))
    }
  }

  @Test func `coefficients and signatures are datatrove's`() throws {
    let fixture = try CorpusFixture.json("minhash.json")
    let (hash, sha) = (MinHash(), MinHash(hash: .sha1))
    // The least over one n-gram of hash 1 is a + b, and of hash 0 b itself.
    let prime: UInt64 = (1 << 61) - 1
    #expect(hash.signature(shingles: [0]) == fixture["summands"]!.words)
    let sums = zip(fixture["factors"]!.words, fixture["summands"]!.words).map { ($0 &+ $1) % prime }
    #expect(hash.signature(shingles: [1]) == sums)
    for row in fixture["texts"]!.arrayValue! {
      let text = PythonText(row["text"]!.text)
      #expect(Array(hash.shingles(text).prefix(3)) == row["shingles"]!.words)
      let signature = row["signature"].flatMap { $0 == .null ? nil : $0.words }
      #expect(hash.signature(text) == signature)
      if signature != nil {
        #expect(sha.signature(text)?.prefix(16) == row["sha1"]!.words[...])
      }
    }
  }

  @Test func `of each cluster the document stays that datatrove keeps`() throws {
    let fixture = try CorpusFixture.json("minhash.json")
    let hash = MinHash()
    var clusters = DuplicateClusters(hash)
    let corpus = fixture["corpus"]!.texts
    for (index, text) in corpus.enumerated() {
      if let signature = hash.signature(PythonText(text)) { clusters.add(index, signature) }
    }
    try clusters.join()
    let removed = corpus.indices.filter { clusters.kept(for: $0) != $0 }
    #expect(removed == fixture["removed"]!.arrayValue!.compactMap(\.intValue))
    #expect(removed.count > 10)
  }

  @Test func `frequent lines of a bucket go, blank ones stay`() {
    var lines = RepeatedLines(maximum: 2, isNormalized: true)
    let texts = ["Home!\n\nOne", "home\nTwo", "HOME 1\nThree", "home \nFour"].map(PythonText.init)
    for text in texts { lines.add(lines.hashes(text)) }
    let cleaned = texts.map { lines.cleaned($0, lines.hashes($0)) }
    #expect(cleaned.map(\.0.string) == ["\nOne", "Two", "HOME 1\nThree", "Four"])
    #expect(cleaned.map(\.removed) == [1, 1, 0, 1])
  }

  @Test func `addresses of one page are one address`() {
    let same = [
      "HTTPS://Example.ORG/a?b#c", "https://example.org:443/a?b", "https://me@example.org/a?b",
    ]
    #expect(Set(same.map { PageAddress($0)?.normalized }) == ["https://example.org/a?b"])
    #expect(PageAddress("http://example.org")?.path == "/")
    #expect(PageAddress("http://[::1]:8080/x")?.authority == "[::1]:8080")
    #expect(PageAddress("mailto:a@b.de") == nil && PageAddress("") == nil)
  }
}
