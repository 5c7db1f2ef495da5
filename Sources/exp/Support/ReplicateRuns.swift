import ContentStore
import Evaluation
import Ledger
import Pipeline
import Reports
import Runner
import Stages

/// `exp run --replicates N`: the run, and N − 1 more that differ from it in the seed alone. Stages that draw no
/// random numbers, or have a seed of their own, are hits.
struct ReplicateRuns {
  private let loaded: LoadedExperiment
  private let workspace: Workspace
  private let options: RunOptions
  private let arguments: Arguments
  private let console: Console

  init(
    _ loaded: LoadedExperiment, _ workspace: Workspace, _ options: RunOptions,
    _ arguments: Arguments, _ console: Console
  ) {
    self.loaded = loaded
    self.workspace = workspace
    self.options = options
    self.arguments = arguments
    self.console = console
  }

  func carryOut(_ count: Int) throws -> ExitStatus {
    var reports: [RunReport] = []
    for number in 0..<count {
      let report = try run(number, of: reports.first?.run)
      reports.append(report)
      if number == 0 { try Run.tagRun(report, workspace, arguments) }
      // What fails with one seed is looked at before more time is spent.
      if report.exitStatus != 0 { break }
    }
    if arguments.flag("json") {
      let pages = reports.map { RunPage(report: $0, console: console).json }
      try console.print(json: ["replicates": .array(pages)])
    } else {
      spread(reports)
    }
    return ExitStatus(rawValue: reports.last?.exitStatus ?? 1) ?? .failed
  }

  private func run(_ number: Int, of first: Digest?) throws -> RunReport {
    var (experiment, options) = (loaded.resolved, options)
    if number > 0 {
      let overrides = try RunSettings.overrides(arguments)
      let seed = try loaded.experiment.override(forReplicate: number)
      experiment = try loaded.file.experiment(
        profile: arguments.value("profile"), overrides: overrides + [seed]
      ).resolve(.all)
      options.replicate = first.map { Replicate(of: $0, number: number) }
      // The lock speaks of the experiment's own seed.
      options.lock = nil
      options.isLocked = false
    }
    let report = try Run.carryOut(experiment, workspace, options, arguments, console)
    if !arguments.flag("json") {
      let seed = experiment.experiment.seed
      console.print(
        console.styled("replicate \(number)", .bold) + " (seed \(seed))")
      RunPage(report: report, console: console).show()
      console.print()
    }
    return report
  }

  /// The scores' means and standard deviations over seeds.
  private func spread(_ reports: [RunReport]) {
    guard reports.count > 1, let first = reports.first else { return }
    var table = Table([
      .init("stage"), .init("score"), .init("mean", .right), .init("sd over seeds", .right),
      .init("least", .right), .init("greatest", .right),
    ])
    for stage in first.stages {
      for name in stage.result?.scores.keys.sorted() ?? [] {
        let values = reports.compactMap { report in
          report.stages.first { $0.name == stage.name }?.result?.scores[name]?.value
        }
        guard values.count == reports.count, let variance = sampleVariance(values), variance > 0
        else { continue }
        table.add([
          stage.name, name, Format.number(mean(values)),
          Format.number(variance.squareRoot(), digits: 2), Format.number(values.min() ?? 0),
          Format.number(values.max() ?? 0),
        ])
      }
    }
    if table.rows.isEmpty { return console.print("no score depends on the seed") }
    console.print(console.styled("\(reports.count) seeds", .bold))
    table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .dim) }
    ).forEach { console.print($0) }
  }
}
