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

  @Test func `phases on two sources are traced, branched within a phase and replayed`() throws {
    let shop = try Shop()
    for name in ["stories", "sums"] {
      let lines = (0..<60).map { "\(name) \($0): \($0 % 7) and \($0 % 5) are not \($0)." }
      try shop.write("\(name)/\(name).txt", lines.joined(separator: "\n---\n"))
    }
    try shop.write(
      "phased.json5",
      """
      { name: "phased", seed: 5, stages: {
        text: { op: "import", with: { files: "stories", separator: "---" } },
        numbers: { op: "import", with: { files: "sums", separator: "---" } },
        tokenizer: { op: "tokenizer", inputs: { documents: "text.documents" }, with: { vocabularySize: 300 } },
        tokens: { op: "tokenize", inputs: { documents: "text.documents", tokenizer: "tokenizer.tokenizer" } },
        sums: { op: "tokenize", inputs: { documents: "numbers.documents", tokenizer: "tokenizer.tokenizer" } },
        model: { op: "pretrain",
          inputs: { tokens: "tokens.tokens", sums: "sums.tokens", tokenizer: "tokenizer.tokenizer" },
          with: { snapshotAt: [5], averageFrom: 4, emaDecay: 0.5,
            phases: [ { steps: 4, batch: 3, sequence: 16 },
              { tokens: 200, batch: 2, sequence: 32, ropeBase: 5e5, mix: { tokens: 1, sums: 1 } } ],
            model: { layers: 1, hidden: 16, heads: 2, intermediate: 32 } } },
      } }
      """)
    let outcome = try shop.exp("run", "phased.json5")
    try #require(outcome.status == 0, "\(outcome.err)")
    func inputs(_ run: String, _ step: Int) throws -> [String] {
      let trace = try shop.json("trace", "\(run):model", "--step", "\(step)", "--json")
      #expect(trace["phase"]?.intValue == (step < 5 ? 1 : 2) && trace["phases"]?.intValue == 2)
      let documents = try #require(trace["documents"]?.arrayValue)
      for document in documents {
        let file = document["input"] == "sums" ? "sums.txt" : "stories.txt"
        #expect(document["file"]?.stringValue?.hasSuffix(file) == true)
      }
      return documents.compactMap { $0["input"]?.stringValue }
    }
    #expect(try Set(inputs("phased", 4)) == ["tokens"])
    #expect(try Set(inputs("phased", 6)) == ["tokens", "sums"])
    let page = try shop.exp("trace", "phased:model", "--step", "6").out
    #expect(page.hasPrefix("step 6 of 8, phase 2 of 2\n") && page.contains("sums.txt"))

    let phases =
      "[{steps:4,batch:3,sequence:16},{steps:1,batch:2,sequence:32,ropeBase:5e5,"
      + "mix:{tokens:1,sums:1}},{steps:2,batch:1,sequence:64}]"
    let branch = try shop.exp(
      "branch", "phased", "--at", "model@5", "-S", "stages.model.with.phases=\(phases)", "-n",
      "longer")
    #expect(branch.status == 0, "\(branch.err)")
    let steps = try shop.json("trace", "longer:model", "--step", "7", "--json")
    #expect(steps["phase"]?.intValue == 3 && steps["steps"]?.intValue == 7)
    for run in ["phased", "longer"] {
      let replay = try shop.exp("replay", run, "model", "--threads", "1")
      #expect(replay.status == 0 && replay.out.contains("identical"), "\(replay.out)")
    }
    let other = phases.replacing("batch:3", with: "batch:2")
    let refused = try shop.exp(
      "branch", "phased", "--at", "model@5", "-S", "stages.model.with.phases=\(other)")
    #expect(refused.status == 1)
    #expect(refused.err.contains("keep the steps before it as a phase of their own"))
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
