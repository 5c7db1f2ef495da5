import ContentStore
import Foundation
import Testing

/// The same recipe gives the same bytes: with any number of threads, after any kill, and the record
/// shows where two runs part.
@Suite struct ExactnessTests {
  static let quickstart = Shop.root + "/experiments/quickstart"

  private func smoke(_ shop: Shop, _ words: String...) throws -> JSON {
    let outcome = try shop.exp(
      ["run", Self.quickstart, "--profile", "smoke", "--json", "-q"] + words)
    try #require(outcome.status == 0, "\(outcome.err)")
    return try outcome.json()
  }

  private func results(_ run: JSON) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: (run["stages"]?.arrayValue ?? []).map {
        ($0["name"]?.stringValue ?? "", $0["result"]?.stringValue ?? "")
      })
  }

  @Test
  func `quickstart under smoke gives what its lock file says, and the second call does nothing`()
    throws
  {
    let shop = try Shop()
    let first = try shop.exp("run", Self.quickstart, "--profile", "smoke", "--locked")
    #expect(first.status == 0, "\(first.err)")
    #expect(first.out.contains("reproduced: every stage equals the lock file"))
    let second = try smoke(shop)
    #expect(second["recorded"] == false)
    #expect(second["stages"]?.arrayValue?.allSatisfy { $0["outcome"] == "hit" } == true)
    #expect(try shop.json("log", "--json").arrayValue?.count == 1)
  }

  @Test func `one thread, two and seven, in process and in workers, give the same results`() throws
  {
    let one = try smoke(Shop(), "--threads", "1")
    #expect(results(one).count == 11)
    #expect(results(try smoke(Shop(), "--threads", "2", "--jobs", "2")) == results(one))
    #expect(results(try smoke(Shop(), "--threads", "7", "--in-process")) == results(one))
  }

  @Test func `a replay of every stage is identical with one thread and two`() throws {
    let shop = try Shop()
    _ = try smoke(shop)
    for threads in ["1", "2"] {
      let replay = try shop.exp("replay", "quickstart", "--threads", threads)
      #expect(replay.status == 0, "\(replay.out)\(replay.err)")
      #expect(replay.out.contains("identical"))
    }
    #expect(try shop.exp("verify").status == 0)
  }

  @Test
  func `a run killed at several moments and resumed ends with the digests of one never killed`()
    throws
  {
    let steps = ["--set", "stages.pretrain.with.steps=400", "--threads", "1"]
    let whole = try Shop()
    let command = ["run", Self.quickstart, "--profile", "smoke", "-q"] + steps
    #expect(try whole.exp(command).status == 0)
    let killed = try Shop()
    for delay in [0.25, 0.6, 0.9] {
      let running = try killed.start(command, environment: ["EXP_SNAPSHOT_SECONDS": "0"])
      Thread.sleep(forTimeInterval: delay)
      running.kill()
      _ = try? running.wait()
    }
    let last = try killed.exp(command + ["--json"])
    #expect(last.status == 0, "\(last.err)")
    let first = try whole.exp(command + ["--json"])
    #expect(results(try last.json()) == results(try first.json()))
    #expect(try killed.exp("verify").status == 0)
    // The series of the resumed execution is that of the uninterrupted one.
    let query = "SELECT series, step, value FROM metrics WHERE execution = "
    let points = try [whole, killed].map { shop in
      let run = try shop.exp(command + ["--json"]).json()
      let pretrain = run["stages"]?.arrayValue?.first { $0["name"] == "pretrain" }
      let id = try #require(pretrain?["execution"]?.stringValue)
      return try shop.json("sql", "--json", query + "'sha256:\(id)' ORDER BY 1, 2")
    }
    #expect(points[0].arrayValue?.count ?? 0 > 400)
    #expect(points[0] == points[1])
  }

  @Test
  func
    `SIGTERM stops, as Ctrl-C does, with status 130, and the next call goes on from the snapshot`()
    throws
  {
    let shop = try Shop()
    let command =
      ["run", Self.quickstart, "--profile", "smoke", "--set", "stages.pretrain.with.steps=20000"]
    let running = try shop.start(command + ["-q"])
    try waitForMetrics(shop)
    running.terminate()
    #expect(try running.wait().status == 130)
    #expect(try shop.json("log", "--json").arrayValue?.first?["status"] == "interrupted")
    let before = try metrics(shop)
    let again = try shop.start(command)
    try waitForMetrics(shop, beyond: before)
    again.terminate()
    let outcome = try again.wait()
    #expect(outcome.status == 130)
    #expect(outcome.err.contains("from the snapshot of step"), "\(outcome.err)")
    let log = try shop.exp("show", "quickstart:pretrain").out
    #expect(log.contains("going on after step"), "\(log)")
    #expect(!log.contains("starting over"))
  }

  /// Points on record of `pretrain`, which has made steps when there are some.
  private func metrics(_ shop: Shop) throws -> Int {
    let count = try shop.exp(
      "sql", "SELECT count(*) FROM metrics WHERE stage = 'pretrain'", "--json")
    return count.status == 0 ? count.out.split { !$0.isNumber }.compactMap { Int($0) }.last ?? 0 : 0
  }

  /// Until a run at work has made steps, for at most two minutes.
  private func waitForMetrics(_ shop: Shop, beyond count: Int = 0) throws {
    var tries = 0
    while try metrics(shop) <= count, tries < 1200 {
      Thread.sleep(forTimeInterval: 0.1)
      tries += 1
    }
    #expect(tries < 1200)
  }

  @Test
  func `a branch carries out only its stage and what follows, and compare names what differs`()
    throws
  {
    let shop = try Shop()
    _ = try smoke(shop)
    let branch = try shop.exp(
      "branch", "quickstart", "--at", "pretrain", "--set",
      "stages.pretrain.with.learningRate=0.001", "-n", "cooler", "--json", "-q")
    try #require(branch.status == 0, "\(branch.err)")
    let outcomes = try branch.json()["stages"]?.arrayValue?.map {
      "\($0["name"]?.stringValue ?? "") \($0["outcome"]?.stringValue ?? "")"
    }
    #expect(
      outcomes == [
        "world hit", "allowed hit", "newest hit", "filtered hit", "deduplicated hit", "clean hit",
        "mixed hit", "tokenizer hit", "tokens hit", "pretrain executed", "evaluate executed",
      ])
    let compare = try shop.exp("compare", "quickstart~1", "cooler")
    #expect(compare.status == 0, "\(compare.err)")
    #expect(compare.out.contains("first difference: pretrain  with.learningRate: 0.003 → 0.001"))
    let json = try shop.json("compare", "quickstart~1", "cooler", "--json").arrayValue?.first
    #expect(json?["firstDifference"]?["stage"] == "pretrain")
    #expect(json?["scores"]?.arrayValue?.contains { $0["paired"]?.intValue == 30 } == true)
    let why = try shop.exp("why", "cooler:pretrain")
    #expect(why.out.contains("with.learningRate: 0.003 → 0.001"))
  }

  @Test func `a branch from a snapshot shares the prefix and differs after it`() throws {
    let shop = try Shop()
    _ = try smoke(shop)
    let branch = try shop.exp(
      "branch", "quickstart", "--at", "pretrain@20", "--set",
      "stages.pretrain.with.learningRate=0.001", "--json", "-q")
    try #require(branch.status == 0, "\(branch.err)")
    let run = try #require(try branch.json()["run"]?.stringValue)
    let show = try shop.json("show", "\(run.prefix(12)):pretrain", "--json")
    #expect(show["status"] == "done")
    let lineage = try shop.exp("lineage", "\(run.prefix(12)):pretrain").out
    #expect(lineage.contains("snapshot ← pretrain"), "\(lineage)")
    #expect(!lineage.contains("your files"))
  }

  @Test func `lineage leads from the scores to the world's seed in every form`() throws {
    let shop = try Shop()
    _ = try smoke(shop)
    let tree = try shop.exp("lineage", "quickstart:evaluate").out
    for stage in ["evaluate", "pretrain", "tokens", "tokenizer", "world"] {
      #expect(tree.contains(stage))
    }
    for leaf in tree.split(separator: "\n") where leaf.contains("← world.") {
      #expect(leaf.contains(/← world\.[a-z-]+  [0-9a-f]{8}  seed [0-9]+/), "\(leaf)")
    }
    #expect(tree.contains("← world.questions") && tree.contains("← world.wiki"))
    #expect(try shop.exp("lineage", "quickstart", "--format", "dot").out.hasPrefix("digraph"))
    #expect(try shop.exp("lineage", "quickstart", "-f", "mermaid").out.hasPrefix("flowchart"))
    let down = try shop.json("lineage", "quickstart:world.wiki", "--down", "--json")
    #expect((down["nodes"]?.arrayValue?.count ?? 0) >= 4)
  }

  @Test func `a checkpoint is checked out as a Hugging Face folder and writes the same text twice`()
    throws
  {
    let shop = try Shop()
    _ = try smoke(shop)
    #expect(try shop.exp("checkout", "quickstart:pretrain.checkpoint", "model").status == 0)
    for file in ["config.json", "model.safetensors", "tokenizer.json", "generation_config.json"] {
      #expect(FileManager.default.fileExists(atPath: shop.path("model/\(file)")))
    }
    let words = ["sample", "quickstart:pretrain", "--prompt", "The", "--tokens", "12"]
    let text = try shop.exp(words + ["--threads", "1"])
    #expect(text.status == 0, "\(text.err)")
    #expect(try shop.exp(words + ["--threads", "2"]).out == text.out)
  }

  @Test(.enabled(if: Shop.hasData, "needs ../shared/data"))
  func `your-text trains on real text and scores real MMLU subjects`() throws {
    let shop = try Shop()
    let outcome = try shop.exp(
      "run", Shop.root + "/experiments/your-text", "-q", "--json",
      "--set", "stages.text.with.files=\(Shop.data)/corpora/tinystories",
      "--set", "stages.questions.with.files=\(Shop.data)/mmlu",
      "--set", "stages.tokenizer.with.vocabularySize=1024",
      "--set", "stages.pretrain.with.steps=60", "--set", "stages.pretrain.with.sequence=128",
      "--set", "stages.pretrain.with.validationBatches=2",
      "--set", "stages.evaluate.with.subjects=[\"anatomy\",\"astronomy\"]",
      "--set", "stages.evaluate.with.limit=10")
    try #require(outcome.status == 0, "\(outcome.err)")
    let stages = try outcome.json()["stages"]?.arrayValue ?? []
    let scores = stages.first { $0["name"] == "pretrain" }?["scores"]
    let validation = try #require(scores?["loss/validation"]?["value"]?.doubleValue)
    let unigram = try #require(scores?["loss/unigram"]?["value"]?.doubleValue)
    #expect(validation < unigram)
    let mmlu = stages.first { $0["name"] == "evaluate" }?["scores"]
    #expect(mmlu?["mmlu"]?["count"] == 20)
  }
}
