import ContentStore
import Foundation
import Testing

/// `exp logprobs`, `exp trace` and `import-model`, as a user calls them.
@Suite struct ModelVerbTests {
  /// A shop with a small trained model, called `small`.
  private func trained() throws -> Shop {
    let shop = try Shop()
    let story = (0..<60).map { "Story \($0): the cat sat on mat \($0 % 7), and the dog ran off." }
    try shop.write("text/stories.txt", story.joined(separator: "\n---\n"))
    try shop.write(
      "small.json5",
      """
      { name: "small", seed: 5, stages: {
        text: { op: "import", with: { files: "text", separator: "---" } },
        tokenizer: { op: "tokenizer", inputs: { documents: "text.documents" }, with: { vocabularySize: 300 } },
        tokens: { op: "tokenize", inputs: { documents: "text.documents", tokenizer: "tokenizer.tokenizer" } },
        model: { op: "pretrain", inputs: { tokens: "tokens.tokens", tokenizer: "tokenizer.tokenizer" },
          with: { steps: 6, batch: 3, sequence: 16, snapshotEvery: 2,
            model: { layers: 1, hidden: 16, heads: 2, intermediate: 32 } } },
      } }
      """)
    let outcome = try shop.exp("run", "small.json5")
    try #require(outcome.status == 0, "\(outcome.err)")
    return shop
  }

  @Test func `log-probabilities of a text and of its ids are the same, token by token`() throws {
    let shop = try trained()
    let text = try shop.json("logprobs", "small:model", "--text", "the cat sat", "--json")
    let tokens = try #require(text["tokens"]?.arrayValue)
    let prefix = try #require(text["prefix"]?.intValue)
    let ids = [prefix] + tokens.compactMap { $0["id"]?.intValue }
    #expect(tokens.compactMap { $0["text"]?.stringValue }.joined() == "the cat sat")
    try shop.write("ids.txt", ids.map(String.init).joined(separator: " \n"))
    try shop.write("ids.json", "[\(ids.map(String.init).joined(separator: ", "))]")
    for file in ["ids.txt", "ids.json"] {
      let raw = try shop.json("logprobs", "small:model.checkpoint", "--tokens", file, "--json")
      let rows = try #require(raw["tokens"]?.arrayValue)
      #expect(rows[0]["logProbability"] == .null && raw["prefix"] == .null)
      #expect(Array(rows.dropFirst()) == tokens)
      #expect(raw["sum"] == text["sum"] && raw["count"]?.intValue == tokens.count)
    }
    let values = tokens.compactMap { $0["logProbability"]?.doubleValue }
    #expect(values.count == tokens.count && values.allSatisfy { $0 < 0 && $0 > -20 })
    #expect(text["sum"]?.doubleValue == values.reduce(0, +))
    let table = try shop.exp("logprobs", "small:model", "--text", "the cat sat")
    #expect(table.out.contains("\(tokens.count) tokens, sum -"))
  }

  @Test func `a wrong call to logprobs says what is wrong`() throws {
    let shop = try trained()
    func fault(_ words: String...) throws -> String {
      let outcome = try shop.exp(["logprobs", "small:model"] + words)
      #expect(outcome.status == 2, "\(words)")
      return outcome.err
    }
    try shop.write("bad.txt", "1 two 3")
    try shop.write("high.txt", "1 300")
    try shop.write("empty.txt", "[]")
    try shop.write("long.txt", String(repeating: "1 ", count: 18))
    #expect(try fault().contains("either --text T or --tokens FILE"))
    #expect(try fault("--text", "").contains("the text is empty"))
    #expect(try fault("--tokens", "bad.txt").contains("\"two\" is not a token id"))
    #expect(
      try fault("--tokens", "high.txt").contains("token 300 is not in the model's vocabulary"))
    #expect(try fault("--tokens", "empty.txt").contains("holds no token ids"))
    #expect(try fault("--tokens", "long.txt").contains("more than the model's 16 positions"))
  }

  @Test func `a step's documents lead back to the bytes of the user's file`() throws {
    let shop = try trained()
    let corpus = Array(try shop.read("text/stories.txt").utf8)
    var seen: Set<Int> = []
    for step in 1...6 {
      let trace = try shop.json("trace", "small:model", "--step", "\(step)", "--json")
      let documents = try #require(trace["documents"]?.arrayValue)
      var tokens = 0
      for document in documents {
        let range = try #require(document["tokens"]?.arrayValue).compactMap(\.intValue)
        let own = try #require(document["tokensOfDocument"]?.arrayValue).compactMap(\.intValue)
        #expect(range[1] - range[0] == own[1] - own[0] && own[0] >= 0)
        tokens += range[1] - range[0]
        #expect(seen.isDisjoint(with: range[0]..<range[1]), "a token twice in one epoch")
        seen.formUnion(range[0]..<range[1])
        #expect(document["file"]?.stringValue?.hasSuffix("stories.txt") == true)
        let offset = try #require(document["offset"]?.intValue)
        #expect(corpus[offset...].starts(with: Array("Story ".utf8)))
      }
      #expect(tokens == 3 * 16 && trace["steps"]?.intValue == 6)
      #expect(Set(documents.compactMap { $0["sequence"]?.intValue }) == [0, 1, 2])
    }
    let page = try shop.exp("trace", "small:model", "--step", "2")
    #expect(page.out.hasPrefix("step 2 of 6\n") && page.out.contains("stories.txt"))
  }

  @Test func `a wrong call to trace says what is wrong`() throws {
    let shop = try trained()
    func fault(_ words: String...) throws -> String {
      let outcome = try shop.exp(["trace"] + words)
      #expect(outcome.status == 2, "\(words)")
      return outcome.err
    }
    #expect(try fault("small:model").contains("--step N"))
    #expect(try fault("small:model", "--step", "7").contains("steps 1 to 6"))
    #expect(try fault("small:tokens", "--step", "1").contains("does not train on tokens"))
    #expect(try fault("small", "--step", "1").contains("as RUN:STAGE"))
  }
}
