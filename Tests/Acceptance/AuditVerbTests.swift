import ContentStore
import Foundation
import Testing

/// `exp audit`, and runs with the second engine, as a user calls them.
@Suite struct AuditVerbTests {
  private static let quickstart = Shop.root + "/experiments/quickstart"

  private func smoke(_ words: String..., shop: Shop? = nil) throws -> Shop {
    let shop = try shop ?? Shop()
    let outcome = try shop.exp(["run", Self.quickstart, "--profile", "smoke", "-q"] + words)
    try #require(outcome.status == 0, "\(outcome.err)")
    return shop
  }

  private func blas(_ shop: Shop) throws -> String {
    let doctor = try shop.json("doctor", "--json")
    let blas = try #require(doctor["environment"]?["blas"])
    return "openblas/\(blas["version"]?.stringValue ?? "")/\(blas["core"]?.stringValue ?? "")"
  }

  @Test func `training and evaluation are exact in every way but another engine's`() throws {
    let shop = try smoke()
    for stage in ["pretrain", "evaluate"] {
      let audit = try shop.json("audit", "quickstart:\(stage)", "--json")
      #expect(audit["exact"] == true && audit["status"] == "done")
      let trials = try #require(audit["trials"]?.arrayValue)
      let ways = trials.map { $0["way"]?.stringValue ?? "" }
      #expect(
        ways == [
          "threads 1", "threads 2", "threads 3", "threads 7", "in process", "micro-batches of 1",
          "micro-batches of 100", "micro-batches of 65536", "engine \(try blas(shop))",
        ])
      for trial in trials.dropLast() {
        #expect(trial["verdict"] == "identical" && trial["mustAgree"] == true)
      }
      #expect(trials.last?["mustAgree"] == false && trials.last?["isFault"] == false)
    }
    let page = try shop.exp("audit", "quickstart:pretrain", "-b", Shop.binary)
    #expect(page.status == 0, "\(page.err)")
    #expect(page.out.contains("build \(Shop.binary)"))
    #expect(page.out.contains("at step 1: "))
    #expect(page.out.contains("parameters of model."))
    #expect(page.out.contains("exact: nothing that must not matter changed a bit"))
    #expect(try shop.exp("log", "--all").out.contains("(audit of "))
    #expect(try shop.exp("verify").status == 0)
  }

  @Test func `a wrong call to audit says what is wrong`() throws {
    let shop = try smoke()
    func fault(_ words: String...) throws -> String {
      let outcome = try shop.exp(["audit"] + words)
      #expect(outcome.status == 2, "\(words)")
      return outcome.err
    }
    #expect(try fault("quickstart").contains("RUN:STAGE"))
    #expect(try fault("quickstart:pretrian").contains("did you mean \"pretrain\"?"))
    #expect(try fault("quickstart:pretrain", "-n", "0").contains("repetitions"))
    #expect(try fault("quickstart:pretrain", "-b", "nowhere").contains("no program nowhere"))
  }

  @Test func `the second engine's recipes name its version and core, and threads change no bit`()
    throws
  {
    let shop = try smoke()
    let before = try shop.json("show", "quickstart:pretrain", "--json")
    let set = ["--set", "numerics=openblas", "--threads"]
    _ = try smoke(set[0], set[1], set[2], "1", shop: shop)
    let shown = try shop.exp("show", "quickstart:pretrain").out
    #expect(shown.contains(try blas(shop)))
    #expect(try shop.json("show", "quickstart:pretrain", "--json") != before)
    let other = try smoke(set[0], set[1], set[2], "2")
    #expect(try shop.exp("lock", "quickstart").out == other.exp("lock", "quickstart").out)
    #expect(try shop.exp("replay", "quickstart", "--threads", "3").status == 0)
    // Micro-batches would change its bits, so the stage does not let them.
    #expect(try shop.json("audit", "quickstart:pretrain", "--json")["exact"] == true)
    let environment = try shop.json(
      "sql", "--json",
      "SELECT records.body ->> '$.blas.core' AS core FROM stage_executions "
        + "JOIN records ON records.digest = stage_executions.environment "
        + "WHERE stage = 'pretrain' ORDER BY started_us")
    let cores = try #require(environment.arrayValue).map { $0["core"]?.stringValue }
    #expect(cores.first == .some(nil), "portable runs do not load the library")
    #expect(cores.last == .some(try blas(shop).split(separator: "/").last.map(String.init)))
  }

  @Test func `the second engine's recipe is refused where the library has another core`() throws {
    let shop = try smoke("--set", "numerics=openblas")
    let here = try blas(shop)
    let other = here.hasSuffix("/Nehalem") ? "Prescott" : "Nehalem"
    let elsewhere = ["OPENBLAS_CORETYPE": other]
    let replay = try shop.exp("replay", "quickstart", environment: elsewhere)
    #expect(replay.status == 1)
    #expect(replay.out.contains("the recipe was computed with \(here), and here is openblas/"))
    #expect(replay.out.contains("/\(other), whose bits may differ"))
    let audit = try shop.exp("audit", "quickstart:pretrain", environment: elsewhere)
    #expect(audit.status == 1 && audit.err.contains("cannot audit \"pretrain\": the recipe was"))
    // A run there is another recipe, not a hit.
    let run = try shop.exp(
      ["run", Self.quickstart, "--profile", "smoke", "-q", "--json", "-S", "numerics=openblas"],
      environment: elsewhere)
    let stages = try #require(try run.json()["stages"]?.arrayValue)
    let outcomes = stages.map { $0["outcome"]?.stringValue ?? "" }
    #expect(outcomes == Array(repeating: "hit", count: 9) + ["executed", "executed"])
  }

  @Test func `an engine that does not exist is a fault of the file`() throws {
    let outcome = try Shop().exp("run", Self.quickstart, "--set", "numerics=mkl")
    #expect(outcome.status == 2)
    #expect(outcome.err.contains("portable/1"))
  }
}
