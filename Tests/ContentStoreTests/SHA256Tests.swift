import Testing

@testable import ContentStore

struct SHA256Tests {
  static func hash(_ bytes: [UInt8], portable: Bool) -> Digest {
    var hasher = SHA256(portable: portable)
    hasher.update(bytes)
    return hasher.finalize()
  }

  /// Records of a CAVP response file: field name → value.
  static func records(_ name: String) throws -> [[String: String]] {
    try fixture(name).split(separator: "\n\n").map { block in
      var fields: [String: String] = [:]
      for line in block.split(separator: "\n") where line.contains(" = ") {
        let parts = line.split(separator: " ")
        fields[String(parts[0])] = String(parts[2])
      }
      return fields
    }
  }

  @Test(arguments: ["SHA256ShortMsg.rsp", "SHA256LongMsg.rsp"], [false, true])
  func `the messages of NIST CAVP have the digests it gives`(
    name: String, portable: Bool
  ) throws {
    let records = try Self.records(name).filter { $0["MD"] != nil }
    #expect(records.count == (name.contains("Short") ? 65 : 16))
    for record in records {
      let count = try #require(Int(record["Len"] ?? "")) / 8
      let message = bytes(hex: try #require(record["Msg"])).prefix(count)
      #expect(Self.hash(Array(message), portable: portable).hex == record["MD"])
    }
  }

  @Test(arguments: [false, true])
  func `the Monte Carlo test of NIST CAVP gives its check points`(portable: Bool) throws {
    let records = try Self.records("SHA256Monte.rsp")
    var seed = bytes(hex: try #require(records.compactMap { $0["Seed"] }.first))
    for record in records.filter({ $0["MD"] != nil }) {
      var (a, b, c) = (seed, seed, seed)
      for _ in 0..<1000 { (a, b, c) = (b, c, Self.hash(a + b + c, portable: portable).bytes) }
      seed = c
      #expect(Digest(bytes: c).hex == record["MD"])
    }
  }

  @Test func `the portable path and the CPU's instructions agree`() {
    for count in Array(0...200) + [1000, 4095, 4096, 4097, 100_003] {
      let message = noise(count)
      #expect(Self.hash(message, portable: true) == Self.hash(message, portable: false))
    }
  }

  @Test(arguments: [false, true])
  func `bytes that come in pieces hash as the whole`(portable: Bool) {
    let message = noise(1000)
    let whole = Self.hash(message, portable: portable)
    for size in [1, 3, 55, 63, 64, 65, 127, 128, 500] {
      var hasher = SHA256(portable: portable)
      for start in stride(from: 0, to: message.count, by: size) {
        hasher.update(Array(message[start..<min(start + size, message.count)]))
      }
      #expect(hasher.finalize() == whole)
    }
  }
}

struct DigestTests {
  @Test func `a digest is read back from its text`() {
    let digest = SHA256.hash(bytes("abc"))
    let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(digest.hex == hex)
    #expect(digest.description == "sha256:" + hex)
    #expect(digest.short == "ba7816bf")
    #expect(Digest(digest.description) == digest)
    #expect(Digest(hex) == digest)
    #expect(Digest(bytes: digest.bytes) == digest)
  }

  @Test(arguments: ["", "sha256:", "SHA256:00", String(repeating: "G", count: 64)])
  func `a text that is no digest is refused`(text: String) {
    #expect(Digest(text) == nil)
  }

  @Test func `upper case and wrong lengths are refused`() {
    let hex = SHA256.hash([]).hex
    #expect(Digest(hex.uppercased()) == nil)
    #expect(Digest(hex + "0") == nil)
    #expect(Digest(String(hex.dropLast())) == nil)
  }

  @Test func `digests are ordered as their bytes`() {
    let digests = (0..<100).map { SHA256.hash([UInt8($0)]) }
    #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
  }
}
