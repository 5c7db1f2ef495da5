import ContentStore
import Ledger
import Reports
import Runner

/// What an audit ends with: a row for each way, and where those that differ part from the record.
struct AuditPage {
  let report: AuditReport
  let console: Console

  func show() {
    var table = Table([.init("way"), .init("bits"), .init("time", .right)])
    for trial in report.trials {
      table.add([
        trial.way.name, bits(trial),
        trial.seconds.map { Format.duration(seconds: $0) } ?? "",
      ])
    }
    table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .bold) },
      cell: { row, column, text in
        column == 1 ? console.styled(text, colour(report.trials[row])) : text
      }
    ).forEach { console.print($0) }
    console.print()
    for trial in report.trials { explain(trial) }
    close()
  }

  private func bits(_ trial: AuditReport.Trial) -> String {
    guard case .differs(let difference) = trial.verdict, let place = difference.place else {
      return trial.verdict.word
    }
    return "\(trial.verdict.word) at \(place)"
  }

  private func colour(_ trial: AuditReport.Trial) -> Console.Style {
    // Another engine may differ.
    trial.verdict.colour == .red && !trial.isFault ? .yellow : trial.verdict.colour
  }

  private func explain(_ trial: AuditReport.Trial) {
    switch trial.verdict {
    case .failed(let why): console.print("\(trial.way.name): \(why)")
    case .differs(let difference):
      console.print(console.styled("\(trial.way.name):", colour(trial)))
      for line in difference.sentences { console.print("  \(line)") }
      if !trial.isFault { console.print("  (another engine is another recipe: it may differ)") }
    default: break
    }
  }

  private func close() {
    let faults = report.trials.filter(\.isFault).count
    if report.ending == .interrupted {
      console.print("interrupted after \(report.trials.count) trials")
    } else if faults == 0 {
      console.print(console.styled("exact: nothing that must not matter changed a bit", .green))
    } else {
      console.print(
        console.styled("not exact: \(faults) of \(report.trials.count) trials", .red)
          + " changed bits or failed")
    }
  }

  var json: JSON {
    [
      "run": report.run.map { .string($0.hex) } ?? .null, "stage": .string(report.stage),
      "recipe": .string(report.recipe.hex), "status": .string(report.ending.rawValue),
      "exact": .bool(report.exitStatus == 0),
      "trials": .array(report.trials.map(json)),
    ]
  }

  private func json(_ trial: AuditReport.Trial) -> JSON {
    var members: [String: JSON] = [
      "way": .string(trial.way.name), "verdict": .string(trial.verdict.word),
      "mustAgree": .bool(trial.way.mustAgree), "isFault": .bool(trial.isFault),
      "execution": trial.execution.map { .string($0.hex) } ?? .null,
      "seconds": trial.seconds.map { .number($0) } ?? .null, "difference": .null, "error": .null,
    ]
    if case .differs(let difference) = trial.verdict { members["difference"] = difference.json }
    if case .failed(let why) = trial.verdict { members["error"] = .string(why) }
    return .object(members)
  }
}

extension ReplayDifference {
  /// The first place, in a few words.
  fileprivate var place: String? {
    let parts = [
      point.map { "step \($0.step), \($0.series)" }, tensor,
      output.map { $0 + (path.map { "/\($0)" } ?? "") }, score?.series,
    ]
    let known = parts.compactMap(\.self)
    return known.isEmpty ? nil : known.joined(separator: ", ")
  }
}
