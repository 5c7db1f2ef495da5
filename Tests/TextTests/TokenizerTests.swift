import ContentStore
import Testing
import Text

/// Against Hugging Face `tokenizers`: see Fixtures/make_tokenizers.py.
@Suite struct TokenizerTests {
  let texts: [String]
  let training: [String]

  init() throws {
    let file = try JSON(parsing: fixture("texts.json"))
    texts = strings(file["texts"])
    training = strings(file["training"])
    #expect(texts.count > 250 && training.count == 60)
  }

  func expected(_ pattern: SplitPattern) throws -> JSON {
    try JSON(parsing: fixture("\(pattern.rawValue).json"))
  }

  func tokenizer(_ pattern: SplitPattern) throws -> Tokenizer {
    try Tokenizer(json: fixture("tokenizer-\(pattern.rawValue).json"))
  }

  @Test(arguments: SplitPattern.allCases)
  func `texts are cut into the same pieces`(pattern: SplitPattern) throws {
    let expected = try #require(expected(pattern)["pieces"]?.arrayValue)
    for (text, pieces) in zip(texts, expected) {
      let found = pattern.pieces(of: text)
      #expect(areIdentical(found, strings(pieces)), "\(text.debugDescription): \(found)")
    }
  }

  @Test(arguments: SplitPattern.allCases)
  func `texts have the same ids`(pattern: SplitPattern) throws {
    let tokenizer = try tokenizer(pattern)
    let expected = try #require(expected(pattern)["ids"]?.arrayValue)
    for (text, ids) in zip(texts, expected) {
      #expect(tokenizer.encode(text) == integers(ids), "\(text.debugDescription)")
    }
  }

  @Test(arguments: SplitPattern.allCases)
  func `ids are the same text, also when they end inside a character`(pattern: SplitPattern) throws
  {
    let tokenizer = try tokenizer(pattern)
    let expected = try expected(pattern)
    let ids = try #require(expected["ids"]?.arrayValue).map { Array(integers($0).prefix(7)) }
    let found = ids.map { tokenizer.decode($0) }
    #expect(areIdentical(found, strings(expected["decoded"])))
  }

  @Test(arguments: SplitPattern.allCases)
  func `training gives the same file, byte for byte`(pattern: SplitPattern) throws {
    var trainer = TokenizerTrainer(
      vocabularySize: 700, pattern: pattern, specialTokens: ["<|endoftext|>", "<|pad|>"],
      minimumFrequency: 2)
    for text in training + texts { trainer.add(text) }
    let expected = try fixture("tokenizer-\(pattern.rawValue).json")
    #expect(try trainer.train().json() == expected)
  }

  @Test func `ties, tokens spelt twice and special tokens that are words train the same`() throws {
    let cases = try #require(JSON(parsing: fixture("ties.json")).arrayValue)
    for (index, expected) in cases.enumerated() {
      var trainer = TokenizerTrainer(
        vocabularySize: try #require(expected["vocabularySize"]?.intValue), pattern: .gpt2,
        specialTokens: strings(expected["specials"]),
        minimumFrequency: try #require(expected["minimumFrequency"]?.intValue))
      let texts = strings(expected["texts"])
      for text in texts { trainer.add(text) }
      let tokenizer = try trainer.train()
      let model = try #require(JSON(parsing: tokenizer.json())["model"])
      #expect(model["merges"] == expected["merges"], "case \(index)")
      let tail = try #require(model["vocab"]?.objectValue).sorted {
        $0.value.intValue! < $1.value.intValue!
      }.dropFirst(256).map(\.key)
      #expect(tail == strings(expected["tail"]), "case \(index)")
      #expect(
        texts.map { tokenizer.encode($0) } == expected["ids"]?.arrayValue?.map { integers($0) },
        "case \(index)")
    }
  }

  @Test(arguments: SplitPattern.allCases)
  func `the Declaration of Human Rights has the same ids in every language`(
    pattern: SplitPattern
  ) throws {
    let file = try JSON(parsing: fixture("udhr.json"))
    let texts = try #require(file["texts"]?.objectValue)
    #expect(texts.count > 50)
    var encoder = Encoder(try tokenizer(pattern))
    for (language, text) in texts {
      let ids = encoder.encode(try #require(text.stringValue))
      let digest = SHA256.hash(Array(ids.map(String.init).joined(separator: " ").utf8))
      #expect(file[pattern.rawValue]?[language]?.stringValue == digest.hex, "\(language)")
    }
  }

  @Test(arguments: SplitPattern.allCases)
  func `texts that once had other ids have the same`(pattern: SplitPattern) throws {
    let file = try JSON(parsing: fixture("found.json"))
    let tokenizer = try tokenizer(pattern)
    let expected = try #require(file[pattern.rawValue]?.arrayValue)
    for (text, ids) in zip(strings(file["texts"]), expected) {
      #expect(tokenizer.encode(text) == integers(ids), "\(text.debugDescription)")
    }
  }

  @Test func `a file that was read is written back the same`() throws {
    for pattern in SplitPattern.allCases {
      let bytes = try fixture("tokenizer-\(pattern.rawValue).json")
      #expect(try Tokenizer(json: bytes).json() == bytes)
    }
  }

  @Test func `special tokens can be read as plain text`() throws {
    let tokenizer = try tokenizer(.gpt2)
    let text = "a<|endoftext|>b"
    #expect(tokenizer.encode(text).contains(0))
    let plain = tokenizer.encode(text, parsingSpecial: false)
    #expect(!plain.contains(0) && tokenizer.decode(plain) == text)
    #expect(tokenizer.decode(tokenizer.encode(text), skipSpecial: true) == "ab")
    #expect(tokenizer.id(ofAdded: "<|pad|>") == 1 && tokenizer.id(ofAdded: "x") == nil)
  }

  @Test func `an encoder that remembers gives what a new one gives`() throws {
    let tokenizer = try tokenizer(.llama3)
    var encoder = Encoder(tokenizer)
    for text in texts + texts.reversed() {
      #expect(encoder.encode(text).map(Int.init) == tokenizer.encode(text))
    }
  }

  @Test func `a piece of 200 kB is encoded and trained on in good time`() throws {
    let long = String(repeating: "abcab", count: 40_000)
    let tokenizer = try tokenizer(.gpt2)
    #expect(tokenizer.decode(tokenizer.encode(long)) == long)
    var trainer = TokenizerTrainer(
      vocabularySize: 270, pattern: .gpt2, specialTokens: [], minimumFrequency: 1)
    trainer.add(long)
    let trained = try trainer.train()
    #expect(trained.vocabularySize == 270 && trained.decode(trained.encode(long)) == long)
  }

  @Test func `counts shared out among trainers add up`() throws {
    var parts = (0..<3).map { _ in TokenizerTrainer(vocabularySize: 500, pattern: .qwen2) }
    var whole = parts[0]
    for (index, text) in (training + texts).enumerated() {
      parts[index % 3].add(text)
      whole.add(text)
    }
    var joined = parts[2]
    joined.add(countsOf: parts[0])
    joined.add(countsOf: parts[1])
    #expect(joined.pieceCount == whole.pieceCount)
    #expect(try joined.train().json() == whole.train().json())
  }

  @Test func `a vocabulary smaller than its alphabet has no merges`() throws {
    var trainer = TokenizerTrainer(vocabularySize: 10, pattern: .gpt2)
    trainer.add("aaaa aaaa")
    let tokenizer = try trainer.train()
    #expect(tokenizer.vocabularySize == 257 && tokenizer.mergeCount == 0)
  }

  @Test func `what cannot be encoded exactly is refused`() throws {
    let file = String(decoding: try fixture("tokenizer-gpt2.json"), as: UTF8.self)
    func check(_ old: String, _ new: String, _ message: String) {
      let changed = file.replacing(old, with: new, maxReplacements: 1)
      let error = #expect(throws: TextError.self) { try Tokenizer(json: Array(changed.utf8)) }
      #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
    check("\"dropout\": null", "\"dropout\": 0.1", "model.dropout")
    check("\"type\": \"BPE\"", "\"type\": \"Unigram\"", "the model Unigram")
    check("\"post_processor\": null", "\"post_processor\": {\"type\":\"Bert\"}", "Bert")
    check("\"normalizer\": null", "\"normalizer\": {\"type\":\"NFKC\"}", "NFKC")
    check("\"ByteLevel\"", "\"Whitespace\"", "the pre_tokenizer Whitespace")
    check("\"!\": 2", "\"!\": 3", "ids of model.vocab")
    check("\"Ć\": ", "\"ĆĆĆ\": ", "no token for byte 6")
    check("{", "[", "is not JSON")
  }

  @Test func `bytes that SmolLM's vocabulary lacks are left out of the text, as tokenizers does`()
    throws
  {
    let file = String(decoding: try fixture("tokenizer-smollm.json"), as: UTF8.self)
    let lacking = file.replacing("\"Ć\": ", with: "\"ĆĆĆ\": ", maxReplacements: 1)
    let tokenizer = try Tokenizer(json: Array(lacking.utf8))
    #expect(tokenizer.encode("a\u{6}b\u{6}") == tokenizer.encode("a") + tokenizer.encode("b"))
    let broken = file.replacing("\"~\": ", with: "\"~~~~\": ", maxReplacements: 1)
    let error = #expect(throws: TextError.self) { try Tokenizer(json: Array(broken.utf8)) }
    #expect(error?.message.contains("no token for byte 126") == true)
  }

  @Test func `the configuration names the end token`() throws {
    let file = try JSON(parsing: tokenizer(.gpt2).configuration())
    #expect(file["eos_token"] == "<|endoftext|>")
    #expect(file["tokenizer_class"] == "PreTrainedTokenizerFast")
  }
}
