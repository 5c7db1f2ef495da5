import ContentStore
import Ledger
import Reports
import Runner

/// What a replay ends with.
struct ReplayPage {
  let report: ReplayReport
  let console: Console

  func show() {
    var table = Table([.init("stage"), .init("op"), .init("verdict"), .init("time", .right)])
    for stage in report.stages {
      table.add([
        stage.name, stage.op, stage.verdict.word,
        stage.seconds.map { Format.duration(seconds: $0) } ?? "",
      ])
    }
    table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .bold) },
      cell: { row, column, text in
        column == 2 ? console.styled(text, report.stages[row].verdict.colour) : text
      }
    ).forEach { console.print($0) }
    console.print()
    for stage in report.stages {
      if case .failed(let why) = stage.verdict { console.print("\(stage.name): \(why)") }
    }
    if let first = report.firstDifference, case .differs(let difference) = first.verdict {
      console.print(console.styled("first difference: ", .red) + "stage \(first.name)")
      for line in difference.sentences { console.print("  \(line)") }
    } else if report.exitStatus == 0 {
      console.print(console.styled("identical: every stage gave the recorded bits", .green))
    }
  }

  var json: JSON {
    [
      "run": report.run.map { .string($0.hex) } ?? .null,
      "status": .string(report.ending.rawValue), "identical": .bool(report.exitStatus == 0),
      "firstDifference": report.firstDifference.map { .string($0.name) } ?? .null,
      "stages": .array(
        report.stages.map { stage in
          [
            "name": .string(stage.name), "op": .string(stage.op),
            "recipe": .string(stage.recipe.hex), "verdict": .string(stage.verdict.word),
            "execution": stage.execution.map { .string($0.hex) } ?? .null,
            "difference": difference(stage.verdict),
          ]
        }),
    ]
  }

  private func difference(_ verdict: ReplayReport.Verdict) -> JSON {
    switch verdict {
    case .identical, .withinTolerance, .skipped: .null
    case .failed(let why): ["error": .string(why)]
    case .differs(let difference): difference.json
    }
  }
}
