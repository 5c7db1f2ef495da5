import ContentStore
import Foundation
import Testing

/// Claims, replicates, the paper's figures and plans, with the built binary.
@Suite struct ClaimVerbTests {
  /// A tiny model of the user's text; what it scores depends on the seed.
  private let experiment = """
    {
      name: "claimed", seed: 5,
      stages: {
        text: { op: "import", with: { files: "text" } },
        tokenizer: { op: "tokenizer", inputs: { documents: "text.documents" }, with: { vocabularySize: 270 } },
        tokens: { op: "tokenize", inputs: { documents: "text.documents", tokenizer: "tokenizer.tokenizer" },
          with: { validationShare: 0.3 } },
        pretrain: { op: "pretrain", inputs: { tokens: "tokens.tokens", tokenizer: "tokenizer.tokenizer" },
          with: { model: { layers: 1, hidden: 16, heads: 2, intermediate: 16 }, sequence: 16, batch: 2,
            steps: 20, learningRate: 0.01 } },
        scores: { op: "evaluate", inputs: { checkpoint: "pretrain.checkpoint", documents: "text.documents" } },
      },
      claims: [
        { id: "learns", source: "§1",
          check: "metric(pretrain, 'loss/train', last) < metric(pretrain, 'loss/train', 1)" },
        { id: "perfect", source: "§2", check: "score(scores, 'perplexity/byte') < 1.5" },
        { id: "seen", source: "§3", check: "score(pretrain, 'tokens') = 640" },
      ],
      reported: {
        "8B": {
          plan: { stage: "pretrain", source: "Table 1", parameters: 6000, tokens: 640, flops: 2e7 },
          base: { source: "Table 2", "perplexity/byte": 1.2, mmlu: 0.667, gsm8k: 0.572,
            ours: { mmlu: "pretrain/tokens" } },
        },
        "70B": {
          plan: { source: "Table 3", parameters: 70.55e9, tokens: 15.6e12, vocabularySize: 128256,
            model: { layers: 80, hidden: 8192, heads: 64, keyValueHeads: 8, intermediate: 28672, tied: false } },
        },
      },
    }
    """

  private func shop() throws -> Shop {
    let shop = try Shop()
    try shop.write("experiments/claimed/experiment.json5", experiment)
    for index in 0..<30 {
      let words = (0..<40).map { ["sea", "wind", "rain", "sun", "ice"][($0 * index + $0 / 3) % 5] }
      try shop.write(
        "experiments/claimed/text/\(index).txt", words.joined(separator: " ") + " \(index).")
    }
    return shop
  }

  @Test func `claims are held against replicates, and published figures stand beside a run`()
    throws
  {
    let shop = try shop()
    let one = try shop.exp("run", "experiments/claimed", "--quiet")
    try #require(one.status == 0, "\(one.err)")
    let single = try shop.json("claims", "claimed", "--json").arrayValue ?? []
    #expect(single.map { $0["verdict"]?.stringValue }[0] == "cannot be told")
    #expect(single[0]["comparisons"]?.arrayValue?[0]["interval"] == .null)

    let three = try shop.json(
      "run", "experiments/claimed", "--replicates", "3", "--quiet", "--json")
    let pages = try #require(three["replicates"]?.arrayValue)
    #expect(pages.count == 3)
    #expect(pages[0]["recorded"] == false)
    func outcomes(_ page: JSON) -> [String] {
      page["stages"]?.arrayValue?.compactMap { $0["outcome"]?.stringValue } ?? []
    }
    // What draws no random numbers is shared.
    #expect(outcomes(pages[1]) == ["hit", "hit", "hit", "executed", "executed"])
    let again = try shop.json(
      "run", "experiments/claimed", "--replicates", "3", "--quiet", "--json")
    let isNew = again["replicates"]?.arrayValue?.map { $0["recorded"]?.boolValue }
    #expect(isNew == [false, false, false])

    let claims = try shop.json("claims", "claimed", "--json").arrayValue ?? []
    #expect(claims.map { $0["replicates"]?.intValue } == [3, 3, 3])
    #expect(claims.map { $0["verdict"]?.stringValue } == ["holds", "does not hold", "holds"])
    let table = try shop.exp("claims", "claimed")
    #expect(table.status == 0)
    #expect(table.out.contains("does not hold"))

    // The name is still the run's, and the log says which is which.
    let log = try shop.json("log", "--json").arrayValue ?? []
    #expect(log.map { $0["replicate"]?["number"]?.intValue } == [2, 1, nil])
    let shown = try shop.json("claims", "claimed", "--json", "--experiment", "experiments/claimed")
    #expect(shown.arrayValue?.count == 3)

    let paper = try shop.json("compare", "claimed", "paper:claimed", "--json").arrayValue ?? []
    #expect(paper[0]["comparable"] == false)
    let rows = paper[0]["scores"]?.arrayValue ?? []
    #expect(rows.map { $0["score"]?.stringValue } == ["perplexity/byte", "mmlu", "gsm8k"])
    #expect(rows[0]["stage"] == "scores" && rows[2]["value"] == .null)
    #expect(rows[1]["stage"] == "pretrain" && rows[1]["value"]?.doubleValue == 640)
    #expect(try shop.exp("compare", "claimed", "paper:claimed").out.contains("different in scale"))
    #expect(try shop.exp("compare", "claimed", "paper:clamed").err.contains("did you mean"))
    #expect(try shop.exp("verify", "--quick").status == 0)
  }

  @Test func `a claim that cannot be read is refused before anything runs`() throws {
    let shop = try shop()
    let broken = experiment.replacingOccurrences(of: "score(scores, ", with: "score(scroes, ")
    try shop.write("experiments/claimed/experiment.json5", broken)
    let outcome = try shop.exp("run", "experiments/claimed", "--quiet")
    #expect(outcome.status == 2)
    #expect(outcome.err.contains("claims[1].check: column 7"))
    #expect(outcome.err.contains("did you mean \"scores\"?"))
    #expect(try shop.exp("log").status == 2)
  }

  @Test func `a counterpart in a stage that is not there is refused before anything runs`() throws {
    let shop = try shop()
    let broken = experiment.replacingOccurrences(of: "pretrain/tokens", with: "pretain/tokens")
    try shop.write("experiments/claimed/experiment.json5", broken)
    let outcome = try shop.exp("run", "experiments/claimed", "--quiet")
    #expect(outcome.status == 2)
    #expect(outcome.err.contains("reported.8B.base.ours.mmlu"))
    #expect(outcome.err.contains("did you mean \"pretrain\"?"))
  }

  @Test func `a claim of a missing score has status 1`() throws {
    let shop = try shop()
    let missing = experiment.replacingOccurrences(
      of: "'perplexity/byte') <", with: "'perplexity/bite') <")
    try shop.write("experiments/claimed/experiment.json5", missing)
    try shop.exp("run", "experiments/claimed", "--quiet")
    let outcome = try shop.exp("claims", "claimed")
    #expect(outcome.status == 1)
    #expect(outcome.out.contains("did you mean \"perplexity/byte\"?"))
  }

  @Test func `a plan counts parameters and operations, and stands beside the paper`() throws {
    let shop = try shop()
    let plan = try shop.json(
      "plan", "experiments/claimed", "--json", "--layout", "tp=2,pp=1,dp=2,cp=1", "--device-flops",
      "1e12", "--utilisation", "0.5")
    let stage = try #require(plan["stages"]?.arrayValue?.first { $0["stage"] == "pretrain" })
    let estimate = try #require(stage["estimate"])
    // Embedding 270 · 16; attention 4 · 16², MLP 3 · 16², norms 3 · 16.
    let parameters = 270.0 * 16 + 7 * 256 + 48
    #expect(estimate["parameters"]?.doubleValue == parameters)
    #expect(estimate["flops"]?.doubleValue == 6 * parameters * 640)
    let device = try #require(estimate["device"])
    #expect(device["weights"]?.doubleValue == parameters)
    #expect(device["optimiser"]?.doubleValue == 12 * parameters / 4)
    let rows = plan["paper"]?.arrayValue ?? []
    #expect(
      rows.map { $0["quantity"]?.stringValue } == [
        "parameters", "tokens", "flops", "parameters", "tokens",
      ])
    #expect(rows[3]["planned"]?.doubleValue == 70_553_706_496)
    let percent = try #require(rows[0]["percent"]?.doubleValue)
    #expect(abs(percent - (parameters / 6000 - 1) * 100) < 1e-9)
    let total = try #require(plan["total"])
    let all =
      (total["flops"]?.doubleValue ?? 0) + (total["attentionFlops"]?.doubleValue ?? 0)
    #expect(abs((total["deviceHours"]?.doubleValue ?? 0) - all / 5e11 / 3600) < 1e-15)
    let page = try shop.exp("plan", "experiments/claimed", "--no-time")
    #expect(page.status == 0)
    #expect(page.out.contains("Beside the paper"))
    let here = try shop.json("plan", "experiments/claimed", "--json")
    #expect((here["total"]?["seconds"]?.doubleValue ?? 0) > 0)
    let wrong = try shop.exp("plan", "experiments/claimed", "--layout", "tp=x")
    #expect(wrong.status == 2)
    #expect(try shop.exp("plan", "experiments/claimed", "--devices", "3").status == 2)
  }
}
