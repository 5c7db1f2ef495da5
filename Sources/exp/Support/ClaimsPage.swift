import ContentStore
import Evaluation
import Ledger
import Pipeline
import Reports

/// What became of a run's claims, on the screen.
struct ClaimsPage {
  let results: [ClaimResult]
  let run: RecordedRun
  let console: Console

  func show() {
    let count = results.first?.replicates ?? 1
    console.print(
      "\(run.start.experiment) \(run.id.short) (#\(run.number)), "
        + (count == 1 ? "one seed" : "\(count) seeds"))
    console.print()
    var table = Table([
      .init("claim"), .init("verdict"), .init("difference", .right),
      .init("95 % interval", .right), .init("from"), .init("source"),
    ])
    for result in results { add(result, to: &table) }
    table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .dim) },
      cell: { _, column, text in column == 1 ? styled(text) : text }
    ).forEach { console.print($0) }
    for result in results {
      if let error = result.error {
        console.print()
        console.print("\(result.claim.id): " + console.styled(error, .red))
      }
    }
  }

  /// A line for a claim of one comparison; several have lines of their own beneath.
  private func add(_ result: ClaimResult, to table: inout Table) {
    let verdict = result.verdict?.rawValue ?? "broken"
    if result.comparisons.count == 1 {
      let cells = numbers(result.comparisons[0])
      return table.add([result.claim.id, verdict] + cells + [result.claim.source])
    }
    table.add([result.claim.id, verdict, "", "", "", result.claim.source])
    for comparison in result.comparisons {
      table.add(["  " + comparison.text, comparison.verdict.rawValue] + numbers(comparison))
    }
  }

  private func numbers(_ comparison: ComparisonResult) -> [String] {
    let interval = comparison.interval.map {
      "[\(Format.signed($0.lower, digits: 3)), \(Format.signed($0.upper, digits: 3))]"
    }
    return [
      Format.signed(comparison.difference, digits: 3), interval ?? "", comparison.method,
    ]
  }

  private func styled(_ text: String) -> String {
    switch text {
    case ClaimVerdict.holds.rawValue: console.styled(text, .green)
    case "broken": console.styled(text, .red)
    case ClaimVerdict.cannotBeTold.rawValue, ClaimVerdict.doesNotHold.rawValue:
      console.styled(text, .yellow)
    default: text
    }
  }

  func json(_ result: ClaimResult) -> JSON {
    [
      "id": .string(result.claim.id), "source": .string(result.claim.source),
      "check": .string(result.claim.check), "note": .string(result.claim.note),
      "verdict": result.verdict.map { .string($0.rawValue) } ?? .null,
      "replicates": .integer(result.replicates),
      "error": result.error.map(JSON.string) ?? .null,
      "comparisons": .array(result.comparisons.map(json)),
    ]
  }

  private func json(_ comparison: ComparisonResult) -> JSON {
    func root(_ variance: Double?) -> JSON { variance.map { .exact($0.squareRoot()) } ?? .null }
    return [
      "text": .string(comparison.text), "difference": .exact(comparison.difference),
      "standardError": comparison.error.standardError.map(JSON.exact) ?? .null,
      "questionError": root(comparison.error.questions),
      "seedError": root(comparison.error.seeds),
      "interval": comparison.interval.map { [.exact($0.lower), .exact($0.upper)] } ?? .null,
      "questions": comparison.questions.map(JSON.integer) ?? .null,
      "method": .string(comparison.method), "verdict": .string(comparison.verdict.rawValue),
    ]
  }
}
