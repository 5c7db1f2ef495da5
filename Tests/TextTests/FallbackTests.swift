import ContentStore
import Testing
import Text

/// SentencePiece's way with byte fallback, against Hugging Face `tokenizers`: see
/// Fixtures/make_fallback.py.
@Suite struct FallbackTests {
  private let cases: [JSON]
  private let extra: [String]
  private let texts: [String]
  private let training: [String]

  init() throws {
    let file = try JSON(parsing: fixture("fallback.json"))
    let shared = try JSON(parsing: fixture("texts.json"))
    cases = try #require(file["cases"]?.arrayValue)
    extra = strings(file["extra"])
    texts = strings(shared["texts"])
    training = strings(shared["training"])
    #expect(cases.count == 2 && extra.count == 7 && texts.count > 250)
  }

  private func trainer(_ expected: JSON) throws -> TokenizerTrainer {
    let form = SentencePieceForm(
      coverage: try #require(expected["coverage"]?.doubleValue),
      splitsDigits: expected["splitDigits"] == true)
    return TokenizerTrainer(
      vocabularySize: try #require(expected["vocabularySize"]?.intValue),
      form: .sentencePiece(form), specialTokens: strings(expected["specials"]))
  }

  @Test func `training gives the same file, byte for byte`() throws {
    for expected in cases {
      var parts = [try trainer(expected), try trainer(expected)]
      for (index, text) in (training + texts).enumerated() { parts[index % 2].add(text) }
      parts[1].add(countsOf: parts[0])
      let file = try fixture(try #require(expected["file"]?.stringValue))
      #expect(try parts[1].train().json() == file)
    }
  }

  @Test func `texts have the same ids, and ids the same text`() throws {
    for expected in cases {
      let tokenizer = try Tokenizer(json: fixture(try #require(expected["file"]?.stringValue)))
      let ids = try #require(expected["ids"]?.arrayValue).map { integers($0) }
      for (text, ids) in zip(extra + texts, ids) {
        #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
      }
      for (text, ids) in zip(extra, try #require(expected["plain"]?.arrayValue)) {
        let plain = tokenizer.encode(text, parsingSpecial: false)
        #expect(plain == integers(ids), "\(text.debugDescription)")
      }
      #expect(areIdentical(ids.map { tokenizer.decode($0) }, strings(expected["decoded"])))
    }
  }

  @Test func `bytes and special tokens are spelt by no merge`() throws {
    var trainer = TokenizerTrainer(
      vocabularySize: 300,
      form: .sentencePiece(SentencePieceForm(coverage: 1, splitsDigits: false)),
      specialTokens: ["<s>"], minimumFrequency: 1)
    let text = "<0x41><s> <0x41><s> <0x41><s>"
    trainer.add(text)
    let tokenizer = try trainer.train()
    let ids = tokenizer.encode(text, parsingSpecial: false)
    #expect(ids.allSatisfy { $0 > 256 } && tokenizer.decode(ids) == text)
    #expect(tokenizer.mergeCount > 8)
  }

  @Test func `an alphabet without room is refused, no text gives a tokenizer of bytes`() throws {
    let form = TokenizerTrainer.Form.sentencePiece(
      SentencePieceForm(coverage: 1, splitsDigits: true))
    var trainer = TokenizerTrainer(vocabularySize: 260, form: form)
    let empty = try trainer.train()
    #expect(empty.vocabularySize == 258 && trainer.bytesPerToken(empty) == 0)
    let text = "é\0\u{301}\r\n👍🏽"
    #expect(empty.decode(empty.encode(text)) == text)
    trainer.add("abcdef")
    let error = #expect(throws: TextError.self) { try trainer.train() }
    #expect(error?.message.contains("alphabet of 7 characters") == true)
  }

  @Test func `a text's bytes are counted, not those of its marks`() throws {
    var trainer = TokenizerTrainer(
      vocabularySize: 400, form: .sentencePiece(SentencePieceForm(coverage: 1, splitsDigits: true)))
    trainer.add("aa aa aa aa")
    #expect(try trainer.bytesPerToken(trainer.train()) == 11 / 4.0)
  }
}
