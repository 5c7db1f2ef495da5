import ContentStore
import Ledger
import Pipeline
import Reports
import Runner
import Stages

/// Finds what `paper:NAME` names: the published figures of an experiment.
struct PaperFigures {
  let name: String
  let reported: Reported

  /// The experiment's file, beside the current folder or the store, has the last word; then its newest run.
  init(_ name: String, _ session: Session) throws {
    self.name = name
    let folders = [FileSystem.currentFolder(), session.workspace.folder]
    let file = folders.map { "\($0)/experiments/\(name)/experiment.json5" }
      .first(where: FileSystem.exists)
    if let file {
      reported = try ExperimentFile.load(file).experiment(profile: "base").reported
    } else if let run = try LedgerLookup(ledger: session.ledger).run(ofExperiment: name, age: 0),
      let recorded = try session.ledger.run(run)
    {
      reported = try Experiment(
        record: recorded.start.merged, name: "run \(run.short)",
        folder: recorded.start.folder ?? session.workspace.folder
      ).reported
    } else {
      let known = try session.ledger.experiments() + Self.experiments(in: folders)
      throw UsageError(
        "paper:\(name): there is no experiment \"\(name)\"" + didYouMean(name, among: known))
    }
    guard !reported.tables.isEmpty || !reported.plans.isEmpty else {
      throw UsageError("paper:\(name): the experiment reports nothing of its paper (\"reported\")")
    }
  }

  private static func experiments(in folders: [String]) -> [String] {
    folders.flatMap { (try? FileSystem.list("\($0)/experiments")) ?? [] }
  }
}

/// A run beside a paper, on the screen.
struct PaperPage {
  let comparison: PaperComparison
  let name: String
  let console: Console

  init(_ run: RecordedRun, _ figures: PaperFigures, _ session: Session, _ console: Console) throws {
    let records = try RunRecords.group(run, in: session.ledger) { try session.store.read($0) }
    comparison = PaperComparison(
      records, figures.reported, ourParameters: Self.parameters(run, session))
    name = figures.name
    self.console = console
  }

  /// Of the run's largest model.
  private static func parameters(_ run: RecordedRun, _ session: Session) -> Double? {
    let experiment = try? Experiment(
      record: run.start.merged, name: "run", folder: session.workspace.folder
    ).resolve(.all)
    return experiment?.estimates.values.compactMap(\.parameters).max()
  }

  func show() {
    let run = comparison.run
    let seeds = comparison.replicates > 1 ? ", mean of \(comparison.replicates) seeds" : ""
    console.print("ours   \(run.start.experiment) \(run.id.short) (#\(run.number))\(seeds)")
    console.print("paper  \(name)")
    console.print()
    console.print(console.styled("different in scale: ", .yellow) + scale)
    console.print()
    var table = Table([
      .init("model"), .init("kind"), .init("score"), .init("paper", .right),
      .init("ours", .right), .init("± s.e.", .right), .init("n", .right), .init("our stage"),
      .init("our score"), .init("source"),
    ])
    for row in comparison.rows {
      table.add([
        row.size, row.group, row.score, Format.number(row.reported),
        row.ours.map { Format.number($0) } ?? "-",
        row.standardError.map { Format.number($0, digits: 2) } ?? "",
        row.count.map(String.init) ?? "", row.stage ?? "", row.ourScore ?? "", row.source,
      ])
    }
    table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .dim) }
    ).forEach { console.print($0) }
  }

  private var scale: String {
    let theirs = comparison.theirParameters.map {
      "\(Format.count($0.value)) (\($0.size))"
    }.joined(separator: ", ")
    let ours = comparison.ourParameters.map { "ours has \(Format.count($0)) parameters" }
    return [ours, theirs.isEmpty ? nil : "the paper's \(theirs)"].compactMap(\.self)
      .joined(separator: ", ")
      + "; other data, other questions (\"our score\" is the nearest of ours): "
      + "read them side by side, no more"
  }

  var json: JSON {
    [
      "run": .string(comparison.run.id.hex), "paper": .string(name), "comparable": false,
      "replicates": .integer(comparison.replicates),
      "parameters": comparison.ourParameters.map(JSON.exact) ?? .null,
      "paperParameters": .object(
        Dictionary(comparison.theirParameters.map { ($0.size, .exact($0.value)) }) { $1 }),
      "scores": .array(
        comparison.rows.map { row in
          [
            "model": .string(row.size), "kind": .string(row.group), "score": .string(row.score),
            "reported": .exact(row.reported), "source": .string(row.source),
            "stage": row.stage.map(JSON.string) ?? .null,
            "ourScore": row.ourScore.map(JSON.string) ?? .null,
            "value": row.ours.map(JSON.exact) ?? .null,
            "standardError": row.standardError.map(JSON.exact) ?? .null,
            "count": row.count.map(JSON.integer) ?? .null,
          ]
        }),
    ]
  }
}
