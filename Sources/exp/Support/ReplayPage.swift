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
        stage.name, stage.op, word(stage.verdict),
        stage.seconds.map { Format.duration(seconds: $0) } ?? "",
      ])
    }
    table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .bold) },
      cell: { row, column, text in
        column == 2 ? console.styled(text, colour(report.stages[row].verdict)) : text
      }
    ).forEach { console.print($0) }
    console.print()
    for stage in report.stages {
      if case .failed(let why) = stage.verdict { console.print("\(stage.name): \(why)") }
    }
    if let first = report.firstDifference, case .differs(let difference) = first.verdict {
      console.print(console.styled("first difference: ", .red) + "stage \(first.name)")
      for line in sentences(difference) { console.print("  \(line)") }
    } else if report.exitStatus == 0 {
      console.print(console.styled("identical: every stage gave the recorded bits", .green))
    }
  }

  private func word(_ verdict: ReplayReport.Verdict) -> String {
    switch verdict {
    case .identical: "identical"
    case .withinTolerance: "within tolerance"
    case .differs: "differs"
    case .failed: "failed"
    case .skipped: "skipped"
    }
  }

  private func colour(_ verdict: ReplayReport.Verdict) -> Console.Style {
    switch verdict {
    case .identical, .withinTolerance: .green
    case .differs, .failed: .red
    case .skipped: .yellow
    }
  }

  /// What is said of a stage's first difference.
  func sentences(_ difference: ReplayDifference) -> [String] {
    var lines: [String] = []
    if let point = difference.point {
      lines.append(
        "at step \(point.step): \(point.series) was \(text(point.recorded)), now "
          + text(point.replayed) + distance(point))
    }
    if let trace = difference.trace { lines += sentences(trace) }
    if let tensors = difference.tensors { lines += sentences(tensors) }
    if let score = difference.score {
      lines.append(
        "score \(score.series) was \(text(score.recorded)), now \(text(score.replayed))")
    }
    if let output = difference.output {
      lines.append("output \(output)" + (difference.path.map { "/\($0)" } ?? "") + " differs")
    }
    return lines
  }

  /// A trainer's trace names what differs; of another program's, the lines are shown.
  private func sentences(_ trace: ReplayDifference.TraceLine) -> [String] {
    let parts = trace.parts
    guard let step = trace.step, !parts.isEmpty else {
      return ["trace line \(trace.number) was \(trace.recorded)", "  now \(trace.replayed)"]
    }
    let words = parts.map { part in
      guard let first = part.tensors.first else { return part.name }
      let more = part.tensors.count > 1 ? " and \(part.tensors.count - 1) more" : ""
      return "\(part.name) of \(first)\(more)"
    }
    return ["first differing line of the trace: step \(step), in \(words.joined(separator: "; "))"]
  }

  private func sentences(_ tensors: ReplayDifference.Tensors) -> [String] {
    var lines =
      tensors.differing.first.map { first in
        [
          "\(tensors.path): \(first.name) differs in \(first.differing) of \(first.elements) values, "
            + atMost(first.units)
        ]
      } ?? []
    if tensors.differing.count > 1, let worst = tensors.differing.max(by: { $0.units < $1.units }) {
      lines.append(
        "  \(tensors.differing.count) of \(tensors.compared) tensors differ, \(worst.name) by most: "
          + units(worst.units))
    }
    return lines
  }

  private func atMost(_ count: UInt64) -> String {
    count == .max ? units(count) : "by at most \(units(count))"
  }

  private func distance(_ point: ReplayDifference.Point) -> String {
    guard let one = point.recorded, let other = point.replayed, one.isFinite, other.isFinite else {
      return ""
    }
    return ", \(units(UnitsInLastPlace.between(one, other))) apart"
  }

  private func units(_ count: UInt64) -> String {
    switch count {
    case .max: "a NaN on one side"
    case 1: "1 unit in the last place"
    default: "\(count) units in the last place"
    }
  }

  private func text(_ value: Double?) -> String {
    value.map { $0.isFinite ? JSON.ecmaScript($0) : "\($0)" } ?? "absent"
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
            "recipe": .string(stage.recipe.hex), "verdict": .string(word(stage.verdict)),
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
    case .differs(let difference):
      [
        "output": difference.output.map(JSON.string) ?? .null,
        "path": difference.path.map(JSON.string) ?? .null,
        "step": difference.point.map { .integer($0.step) } ?? .null,
        "series": difference.point.map { .string($0.series) } ?? .null,
        "recorded": difference.point?.recorded.map(JSON.exact) ?? .null,
        "replayed": difference.point?.replayed.map(JSON.exact) ?? .null,
        "traceLine": difference.trace.map { .integer($0.number) } ?? .null,
        "traceStep": difference.trace?.step.map(JSON.integer) ?? .null,
        "traceParts": difference.trace.map { parts($0) } ?? .null,
        "tensors": difference.tensors.map { tensors($0) } ?? .null,
      ]
    }
  }

  private func parts(_ trace: ReplayDifference.TraceLine) -> JSON {
    .array(
      trace.parts.map { part in
        ["name": .string(part.name), "tensors": .array(part.tensors.map(JSON.string))]
      })
  }

  /// `{path, step, compared, differing: [{name, elements, differing, units}]}`; `units` is null where
  /// one side is NaN.
  private func tensors(_ tensors: ReplayDifference.Tensors) -> JSON {
    [
      "path": .string(tensors.path), "step": tensors.step.map(JSON.integer) ?? .null,
      "compared": .integer(tensors.compared),
      "differing": .array(
        tensors.differing.map { tensor in
          [
            "name": .string(tensor.name), "elements": .integer(tensor.elements),
            "differing": .integer(tensor.differing),
            "units": Int(exactly: tensor.units).map(JSON.integer) ?? .null,
          ]
        }),
    ]
  }
}
