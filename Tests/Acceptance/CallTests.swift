import ContentStore
import Foundation
import Testing

/// Calls that are wrong, and calls that need no store.
@Suite struct CallTests {
  @Test func `help lists every verb and status is 0`() throws {
    let outcome = try Shop().exp("help")
    #expect(outcome.status == 0)
    for verb in ["run", "branch", "replay", "compare", "lineage", "verify", "log", "show"] {
      #expect(outcome.out.contains("\n  \(verb)"), "\(verb)")
    }
    #expect(!outcome.out.contains("worker"))
  }

  @Test func `every listed verb has a help page`() throws {
    let shop = try Shop()
    let list = try shop.exp("help").out
    let verbs = list.split(separator: "\n").filter { $0.hasPrefix("  ") }
      .map { String($0.dropFirst(2).prefix { $0 != " " && $0 != "," }) }
    #expect(verbs.count > 15)
    for verb in verbs {
      let page = try shop.exp("help", verb)
      #expect(page.status == 0, "\(verb): \(page.err)")
      #expect(page.out.hasPrefix("Usage: exp \(verb)"), "\(verb)")
    }
  }

  @Test func `a misspelt verb or option gets a suggestion and status 2`() throws {
    let shop = try Shop()
    let verb = try shop.exp("cmopare", "a", "b")
    #expect(verb.status == 2)
    #expect(verb.err.contains("did you mean \"compare\"?"))
    let option = try shop.exp("log", "--limti", "3")
    #expect(option.status == 2)
    #expect(option.err.contains("did you mean \"--limit\"?"))
  }

  @Test func `a reading verb without a store says how to make one`() throws {
    let outcome = try Shop().exp("log")
    #expect(outcome.status == 2)
    #expect(outcome.err.contains("exp run"))
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `completions name every verb`(shell: String) throws {
    let outcome = try Shop().exp("completions", shell)
    #expect(outcome.status == 0)
    for verb in ["run", "branch", "checkout"] { #expect(outcome.out.contains(verb)) }
  }

  @Test func `the completion script for bash is valid bash`() throws {
    let shop = try Shop()
    try shop.write("completion", try shop.exp("completions", "bash").out)
    let check = try Shop.call("/bin/bash", ["-n", shop.path("completion")], in: shop.folder)
    #expect(check.status == 0, "\(check.err)")
  }

  @Test func `the committed schema of experiment files is the one that the ops declare`() throws {
    let outcome = try Shop().exp("ops", "--schema")
    let committed = try String(
      contentsOfFile: Shop.root + "/schema/experiment.schema.json", encoding: .utf8)
    #expect(
      outcome.out == committed, "write it anew: exp ops --schema > schema/experiment.schema.json")
  }
}
