import ContentStore
import Foundation
import Testing

/// The four papers' pipelines. One at a time: each keeps both cores busy.
@Suite(.serialized) struct PaperTests {
  static let names = ["afm", "gemma2", "llama-3.1", "qwen2"]

  /// What an experiment's stages are and what feeds what, in a profile.
  private func graph(_ name: String, _ profile: String, in shop: Shop) throws -> [String] {
    let path = Shop.root + "/experiments/" + name
    let plan = try shop.json("plan", path, "--profile", profile, "--json")
    return try #require(plan["stages"]?.arrayValue).map { stage in
      let name = try #require(stage["stage"]?.stringValue)
      let feeds = try #require(stage["dependencies"]?.arrayValue).compactMap(\.stringValue)
      return "\(name) \(stage["op"]?.stringValue ?? "") \(feeds)"
    }
  }

  @Test(arguments: names)
  func `every profile has the same stages, fed by the same`(name: String) throws {
    let shop = try Shop()
    let paper = try graph(name, "paper", in: shop)
    #expect(paper.count > 30)
    #expect(try graph(name, "laptop", in: shop) == paper)
    #expect(try graph(name, "smoke", in: shop) == paper)
  }

  @Test(arguments: names)
  func `without a profile it is the laptop's, and it says so`(name: String) throws {
    let shop = try Shop()
    let path = Shop.root + "/experiments/" + name
    let plan = try shop.json("plan", path, "--no-time", "--json")
    #expect(plan["profile"] == "laptop" && plan["profileIsDefault"] == true)
    let page = try shop.exp("plan", path, "--no-time")
    #expect(
      page.out.contains(
        "profile laptop, the default of \(name); others by --profile: paper, smoke, base"))
    let run = try shop.exp("run", path, "--dry-run")
    #expect(run.err.contains("profile laptop, the default of \(name)"))
    let base = try shop.json("plan", path, "--profile", "base", "--no-time", "--json")
    let real = try shop.json("plan", path, "--profile", "paper", "--no-time", "--json")
    #expect(base["profile"] == .null && base["profileIsDefault"] == false)
    #expect(base["stages"] == real["stages"] && base["stages"] != plan["stages"])
  }

  @Test(arguments: names)
  func `the whole pipeline runs at toy sizes and equals its lock; its claims can be asked`(
    name: String
  ) throws {
    let shop = try Shop()
    let run = try shop.exp(
      "run", Shop.root + "/experiments/" + name, "--profile", "smoke", "--locked", "--jobs", "2")
    try #require(run.status == 0, "\(run.out.suffix(2000))\(run.err.suffix(2000))")
    #expect(run.out.contains("reproduced: every stage equals the lock file"))
    let claims = try shop.exp("claims", name)
    #expect(claims.status == 0, "\(claims.out)\(claims.err)")
    let published = try shop.exp("compare", name, "paper:\(name)")
    #expect(published.status == 0, "\(published.out)\(published.err)")
  }

  @Test func `a branch changes one round and carries out what follows only`() throws {
    let shop = try Shop()
    let experiment = Shop.root + "/experiments/llama-3.1"
    let run = try shop.exp("run", experiment, "--profile", "smoke", "--jobs", "2", "-q")
    try #require(run.status == 0, "\(run.err.suffix(2000))")
    let branch = try shop.exp(
      "branch", "llama-3.1", "--at", "rounds-3-dpo-a", "-S",
      "loops.rounds.overrides.3.dpo-a.with.beta=0.2", "--json", "-q")
    try #require(branch.status == 0, "\(branch.out.suffix(1000))\(branch.err.suffix(2000))")
    let stages = try #require(branch.json()["stages"]?.arrayValue)
    let executed = stages.filter { $0["outcome"] == "executed" }
      .compactMap { $0["name"]?.stringValue }
    // The next policy is asked anew. Of toy answers the annotator may make the same pairs as before; then the next
    // reward models are known, and what follows from them only.
    let following = [
      "rounds-3-dpo-a", "rounds-3-average", "rounds-3-eval", "rounds-4-annotated",
      "rounds-4-sampled",
    ]
    #expect(Set(executed).isSuperset(of: following))
    #expect(!executed.contains { $0.hasPrefix("rounds-1") || $0.hasPrefix("rounds-2") })
    #expect(!executed.contains("rounds-3-dpo-b") && !executed.contains("pretrain"))
  }
}
