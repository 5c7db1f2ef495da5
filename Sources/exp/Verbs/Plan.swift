import Ledger
import Pipeline
import Reports
import Runner

/// `exp plan EXPERIMENT`: the graph and what it will cost.
enum Plan: Verb {
  static let name = "plan"
  static let summary = "Print an experiment's graph and what each stage costs"
  static let discussion = """
    Nothing is carried out and nothing recorded. FLOPs come from each op's own formula; a dash means
    that the op gives none. For work that this machine can do, the time here is predicted from a
    measurement of a second for each kind; with --device-flops, the time is that of such devices. Where
    the experiment says what the paper reports, the plan stands beside it.

      exp plan experiments/quickstart
      exp plan experiments/llama-3.1 --profile paper --layout tp=8,pp=16,dp=128,cp=1 \\
        --device-flops 989e12 --utilisation 0.41
    """
  static let operands = Operands.exactly(1, "EXPERIMENT")
  static let options: [Option] =
    RunSettings.experiment + [
      .value("layout", nil, "tp=T,pp=P,dp=D,cp=C", "Memory on each device of such a layout."),
      .value("devices", nil, "N", "How many devices (those of the layout, else 1)."),
      .value("device-flops", nil, "F", "The most FLOP/s of a device, such as 989e12."),
      .value("utilisation", nil, "U", "The part of them that is used (0.4)."),
      .value("threads", nil, "N", "Threads for which the time here is predicted (all cores)."),
      .flag("no-time", nil, "Measure and predict no time here."),
      .flag("json", nil, "As JSON."),
    ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let loaded = try RunSettings.load(arguments.operands[0], arguments)
    let layout = try layout(arguments)
    var report = PlanReport(
      loaded.resolved, layout: layout, accelerators: try accelerators(arguments, layout))
    let threads = try arguments.integer("threads", in: 1...1024) ?? Machine.cores
    if report.accelerators == nil, !arguments.flag("no-time") {
      try predict(&report, Calibration(threads: threads))
      if report.seconds != nil { takeEarlier(&report, loaded.experiment) }
    }
    let page = try PlanPage(report: report, loaded, console: console)
    if arguments.flag("json") { try console.print(json: page.json) } else { page.show() }
    return .done
  }

  private static func layout(_ arguments: Arguments) throws -> ParallelLayout? {
    do { return try arguments.value("layout").map { try ParallelLayout(parsing: $0) } } catch {
      throw UsageError("--layout: \(error)")
    }
  }

  private static func accelerators(
    _ arguments: Arguments, _ layout: ParallelLayout?
  ) throws -> Accelerators? {
    let devices = try arguments.integer("devices", in: 1...1 << 40)
    let utilisation = try number("utilisation", 1e-6...1, arguments)
    guard let flops = try number("device-flops", 1...1e21, arguments) else {
      if devices != nil || utilisation != nil {
        throw UsageError("--devices and --utilisation need --device-flops, such as 989e12")
      }
      return nil
    }
    return Accelerators(
      devices: devices.map(Double.init) ?? layout?.devices ?? 1, flops: flops,
      utilisation: utilisation ?? 0.4)
  }

  private static func number(
    _ name: String, _ range: ClosedRange<Double>, _ arguments: Arguments
  ) throws -> Double? {
    guard let text = arguments.value(name) else { return nil }
    guard let value = Double(text), range.contains(value) else {
      throw UsageError(
        "--\(name) takes a number from \(range.lowerBound) to \(range.upperBound); found \"\(text)\""
      )
    }
    return value
  }

  /// A day of this machine; what takes longer is not for it.
  private static let most = 1e16

  private static func predict(_ report: inout PlanReport, _ calibration: Calibration) throws {
    guard report.flops < most else { return }
    for index in report.lines.indices {
      guard let work = report.lines[index].estimate?.work else { continue }
      report.lines[index].seconds = try calibration.seconds(work)
    }
  }

  /// What a measurement cannot tell takes as long as in the newest run of the experiment and profile that
  /// carried it out, when there is a store with one.
  private static func takeEarlier(_ report: inout PlanReport, _ experiment: Experiment) {
    guard let ledger = try? Session.reading().ledger,
      let runs = try? ledger.runs(RunFilter(experiment: experiment.name), limit: 50),
      let run = runs.first(where: { $0.profile == experiment.profile && $0.end != nil }),
      let stages = try? ledger.stages(ofRun: run.id)
    else { return }
    for index in report.lines.indices where report.lines[index].seconds == nil {
      let name = report.lines[index].stage.name
      guard let id = stages.first(where: { $0.name == name })?.execution,
        let execution = try? ledger.execution(id), let end = execution.end, end.result != nil
      else { continue }
      report.lines[index].seconds = end.ended.seconds(since: execution.start.started)
      report.lines[index].isEarlier = true
    }
  }
}
