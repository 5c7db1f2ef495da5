import ContentStore
import Ledger
import Pipeline
import Reports

/// `exp compare A B [C...]`: where runs part, and what that did.
enum Compare: Verb {
  static let name = "compare"
  static let aliases = ["diff"]
  static let summary = "Show where runs part, and whether their scores really differ"
  static let discussion = """
    Each further run is compared with the first. Differences of scores come with their standard error, a
    95 % interval and a p-value (after Holm: of all whole tests, or of all parts of one), paired question by
    question where both runs answered the same questions; then with McNemar's test and the number of
    questions that such a difference takes to be seen. Where both have replicates, what other seeds and
    what other questions would give are told apart. paper:NAME is an experiment's published figures,
    set beside a run's.

      exp compare quickstart~1 quickstart
      exp compare baseline hotter cooler --all
      exp compare llama-3.1 paper:llama-3.1
    """
  static let operands = Operands.atLeast(2, "A B [C]...")
  static let options: [Option] = [
    .flag("all", "a", "What is equal too."),
    .value(
      "cluster", nil, "MEMBER",
      "Questions with the same value here in their outcomes (such as subject) are one cluster."),
    .flag("json", nil, "As JSON: a list of comparisons."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.reading()
    if case .paper = try Reference(parsing: arguments.operands[0]).run {
      throw UsageError("a run comes first: exp compare RUN \(arguments.operands[0])")
    }
    let first = try session.run(arguments.operands[0])
    let pages = try arguments.operands.dropFirst().map {
      try page(first, $0, session, arguments, console)
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

  private static func page(
    _ first: RecordedRun, _ other: String, _ session: Session, _ arguments: Arguments,
    _ console: Console
  ) throws -> any ComparisonPage {
    if case .paper(let name) = try Reference(parsing: other).run {
      return try PaperPage(first, try PaperFigures(name, session), session, console)
    }
    let comparison = try RunComparison(
      first, try session.run(other), in: session.ledger,
      cluster: arguments.value("cluster") ?? "cluster"
    ) { try session.store.read($0) }
    return ComparePage(comparison: comparison, console: console, showsAll: arguments.flag("all"))
  }
}

/// One comparison, shown or as JSON.
protocol ComparisonPage {
  var json: JSON { get }
  func show()
}

extension ComparePage: ComparisonPage {}
extension PaperPage: ComparisonPage {}
