import ContentStore
import Ledger
import Reports

/// `exp compare A B [C...]`: where runs part, and what that did.
enum Compare: Verb {
  static let name = "compare"
  static let aliases = ["diff"]
  static let summary = "Show where runs part, and whether their scores really differ"
  static let discussion = """
    Each further run is compared with the first. Differences of scores come with their standard error and
    a 95 % interval, paired question by question where both runs answered the same questions.

      exp compare quickstart~1 quickstart
      exp compare baseline hotter cooler --all
    """
  static let operands = Operands.atLeast(2, "A B [C]...")
  static let options: [Option] = [
    .flag("all", "a", "What is equal too."), .flag("json", nil, "As JSON: a list of comparisons."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.reading()
    let runs = try arguments.operands.map { try session.run($0) }
    let pages = try runs.dropFirst().map { run in
      ComparePage(
        comparison: try RunComparison(runs[0], run, in: session.ledger) {
          try session.store.read($0)
        }, console: console, showsAll: arguments.flag("all"))
    }
    if arguments.flag("json") {
      try console.print(json: .array(pages.map(\.json)))
    } else {
      for (index, page) in pages.enumerated() {
        if index > 0 {
          console.print("\n" + console.styled(String(repeating: "─", count: 40), .dim))
        }
        page.show()
      }
    }
    return .done
  }
}
