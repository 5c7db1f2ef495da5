import ContentStore
import Foundation
import Testing
import Text

/// `../shared/data`, from the package's root.
private let data = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "shared/data").path
private let dataIsThere = FileManager.default.fileExists(atPath: data + "/tokenizers/gpt2")

/// Knuth's MMIX generator, as in Fixtures/make_digests.py.
private struct Draw {
  private var state: UInt64
  static let pool = Array(
    (" \n\r\t\u{a0}\u{2003}\u{85}\u{2028}\u{180e}\u{200b}\u{feff}\u{b}\u{c}\u{1c}"
      + "'sStTlLmMdDrReEvVaZ09.,-_(\"<|>/éßſıİK\u{212a}"
      + "\u{301}\u{308}\u{323}\u{345}\u{200d}Ⅷ½٣क\u{93c}日\u{1112}\u{1161}\u{11ab}กำ👍🏽\u{fe0f}"
      + "\u{1d7d8}\u{10d4a}\u{11bc0}\u{a7cb}\u{fffd}\0\u{d7ff}\u{e000}\u{10ffff}▁\u{958}\u{1e9b}\u{344}"
      + "\u{2126}\u{11935}\u{11930}\u{897}\u{1acf}\u{16d67}\u{16d63}").unicodeScalars)

  init(seed: UInt64) { state = seed }

  mutating func below(_ limit: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 32) % limit
  }

  mutating func scalar() -> Unicode.Scalar {
    let limit = [0x80, 0x800, 0x3000, 0xD800, 0x20000, 0x110000][below(6)]
    return Unicode.Scalar(UInt32(below(limit))) ?? "\u{FFFD}"
  }

  mutating func string() -> String {
    var result = String.UnicodeScalarView()
    for _ in 0..<1 + below(24) {
      let scalar = below(3) > 0 ? Self.pool[below(Self.pool.count)] : scalar()
      let count = below(8) > 0 ? 1 : 1 + below(30)
      for _ in 0..<count { result.append(scalar) }
    }
    return String(result)
  }
}

/// The ids of many texts, by digest: see Fixtures/make_digests.py.
@Suite struct DigestTests {
  private let file: JSON

  init() throws { file = try JSON(parsing: fixture("digests.json")) }

  private func digest(_ texts: some Sequence<String>, _ tokenizer: Tokenizer) -> String {
    var encoder = Encoder(tokenizer)
    var hasher = SHA256()
    var isFirst = true
    for text in texts {
      let ids = encoder.encode(text).map(String.init)
      if ids.isEmpty { continue }
      hasher.update(Array(((isFirst ? "" : " ") + ids.joined(separator: " ")).utf8))
      isFirst = false
    }
    return hasher.finalize().hex
  }

  private func tokenizer(_ pattern: SplitPattern) throws -> Tokenizer {
    try Tokenizer(json: fixture("tokenizer-\(pattern.rawValue).json"))
  }

  // One with NFC and one with digits cut out by `Digits`: the tables are the same for all.
  @Test(arguments: [SplitPattern.qwen2, .smollm])
  func `every scalar of Unicode is encoded as tokenizers does`(pattern: SplitPattern) throws {
    let texts = (UInt32(0)..<0x110000).lazy.compactMap(Unicode.Scalar.init)
      .map { "a\($0)\u{345}1\($0)" }
    #expect(
      digest(texts, try tokenizer(pattern)) == file["scalars"]?[pattern.rawValue]?.stringValue)
  }

  @Test(arguments: SplitPattern.allCases)
  func `five thousand random strings are encoded as tokenizers does`(pattern: SplitPattern) throws {
    var draw = Draw(seed: 2026)
    let texts = (0..<5000).map { _ in draw.string() }
    #expect(digest(texts, try tokenizer(pattern)) == file["random"]?[pattern.rawValue]?.stringValue)
  }

  private func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: "\(data)/\(path)")))
  }

  private func check(_ tokenizer: Tokenizer, _ name: String) throws {
    let udhr = try JSON(parsing: fixture("udhr.json"))["texts"]
    let expected = try #require(file["real"]?[name]?.objectValue)
    #expect(expected.count > 110)
    for (path, digest) in expected {
      let text: String
      if path.hasPrefix("udhr/") {
        text = try #require(udhr?[String(path.dropFirst(5))]?.stringValue)
      } else {
        text = String(decoding: try bytes(path), as: UTF8.self)
      }
      #expect(self.digest([text], tokenizer) == digest.stringValue, "\(path)")
    }
  }

  @Test(.enabled(if: dataIsThere, "needs ../shared/data"))
  func `GPT-2's own files encode MMLU, stories and 50 languages as tokenizers and tiktoken do`()
    throws
  {
    let tokenizer = try Tokenizer(
      gpt2Encoder: bytes("tokenizers/gpt2/encoder.json"), merges: bytes("tokenizers/gpt2/vocab.bpe")
    )
    #expect(tokenizer.vocabularySize == 50257 && tokenizer.id(ofAdded: "<|endoftext|>") == 50256)
    try check(Tokenizer(json: tokenizer.json()), "gpt2")
  }

  @Test(.enabled(if: dataIsThere, "needs ../shared/data"))
  func `Qwen's own file encodes MMLU, stories and 50 languages as tokenizers and tiktoken do`()
    throws
  {
    let tokenizer = try Tokenizer(
      tiktoken: bytes("tokenizers/qwen/qwen.tiktoken"), file: "qwen.tiktoken", pattern: .qwen2,
      normalizes: true, specialTokens: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    #expect(tokenizer.mergeCount == 151_387 && tokenizer.vocabularySize == 151_646)
    try check(Tokenizer(json: tokenizer.json()), "qwen")
  }

  @Test func `a damaged tiktoken file is refused with its line`() {
    for (text, line) in [("IQ== 0\nIg== 2\n", 2), ("I*== 0\n", 1), ("IQ==\n", 1)] {
      let error = #expect(throws: TextError.self) {
        try Tokenizer(
          tiktoken: Array(text.utf8), file: "x.tiktoken", pattern: .gpt2, normalizes: false,
          specialTokens: [])
      }
      #expect(error?.message.contains("x.tiktoken, line \(line)") == true)
    }
  }
}
