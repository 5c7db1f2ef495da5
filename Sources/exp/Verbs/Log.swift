import ContentStore
import Ledger
import Reports

/// `exp log [EXPERIMENT]`: the runs, newest first.
enum Log: Verb {
  static let name = "log"
  static let aliases = ["ls"]
  static let summary = "List the runs, newest first"
  static let discussion = """
    The numbers in the first column name runs in every verb of the same store: `exp show 3`.
    --where takes an SQL condition on the view `runs` (columns: exp sql "SELECT * FROM runs LIMIT 1").

      exp log llama-3.1 --limit 5
      exp log --where "status = 'failed'"
    """
  static let operands = Operands.between(0, 1, "[EXPERIMENT]")
  static let options: [Option] = [
    .value("where", nil, "SQL", "Only runs that meet a condition."),
    .value("limit", nil, "N", "At most N runs (20)."),
    .flag("all", "a", "Replays and audits too."),
    .flag("names", nil, "Only what may be used as a reference, a line each."),
    .flag("json", nil, "As JSON: a list of runs."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.reading()
    if arguments.flag("names") { return try names(session, console) }
    var filter = RunFilter(experiment: arguments.operands.first)
    if !arguments.flag("all") { filter.purposes = [.run, .branch] }
    filter.condition = arguments.value("where")
    let limit = try arguments.integer("limit", in: 1...Int.max) ?? 20
    let runs = try session.ledger.runs(filter, limit: limit)
    if let name = filter.experiment, runs.isEmpty, filter.condition == nil {
      try requireExperiment(name, session)
    }
    if arguments.flag("json") {
      try console.print(json: .array(runs.map(json)))
    } else {
      try table(runs, session, console)
    }
    return .done
  }

  private static func requireExperiment(_ name: String, _ session: Session) throws {
    let known = try session.ledger.experiments()
    if !known.contains(name) {
      throw UsageError("no runs of \"\(name)\"" + didYouMean(name, among: known))
    }
  }

  private static func names(_ session: Session, _ console: Console) throws -> ExitStatus {
    let tags = try session.ledger.tags().map(\.name)
    for name in Set(try session.ledger.experiments() + tags).sorted() { console.print(name) }
    return .done
  }

  private static func table(
    _ runs: [RunSummary], _ session: Session, _ console: Console
  ) throws {
    if runs.isEmpty {
      return console.talk("no runs yet; begin with: exp run experiments/quickstart")
    }
    let tags = Dictionary(
      grouping: try session.ledger.tags().filter { $0.subject?.kind == .run },
      by: { $0.subject!.digest })
    var table = Table([
      .init("#", .right), .init("run"), .init("experiment"), .init("profile"), .init("status"),
      .init("stages", .right), .init("started"), .init("time", .right), .init("tags"),
    ])
    for run in runs {
      let names = tags[run.id, default: []].map(\.name).joined(separator: " ")
      table.add([
        String(run.number), run.id.short, run.experiment + mark(run), run.profile ?? "-",
        run.status, stages(run), Age.text(run.started), time(run), names,
      ])
    }
    let lines = table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .bold) },
      cell: { _, column, text in column == 4 ? console.status(text) : text })
    lines.forEach { console.print($0) }
  }

  private static func mark(_ run: RunSummary) -> String {
    if let replicate = run.replicate {
      return " (replicate \(replicate.number) of \(replicate.run.short))"
    }
    return switch run.purpose {
    case .run: ""
    case .branch: " (branch of \(run.parent?.short ?? "?"))"
    case .replay: " (replay of \(run.parent?.short ?? "?"))"
    case .audit: " (audit of \(run.parent?.short ?? "?"))"
    }
  }

  private static func stages(_ run: RunSummary) -> String {
    "\(run.done)/\(run.planned)"
  }

  private static func time(_ run: RunSummary) -> String {
    run.end.map { Format.duration(seconds: $0.ended.seconds(since: run.started)) } ?? "-"
  }

  static func json(_ run: RunSummary) -> JSON {
    [
      "run": .string(run.id.hex), "number": .integer(run.number),
      "experiment": .string(run.experiment), "profile": run.profile.map(JSON.string) ?? .null,
      "purpose": .string(run.purpose.rawValue),
      "parent": run.parent.map { .string($0.hex) } ?? .null, "status": .string(run.status),
      "replicate": run.replicate.map {
        ["run": .string($0.run.hex), "number": .integer($0.number)]
      } ?? .null,
      "started": .string(run.started.description),
      "ended": run.end.map { .string($0.ended.description) } ?? .null,
      "stages": [
        "planned": .integer(run.planned), "executed": .integer(run.executed),
        "hits": .integer(run.hits), "done": .integer(run.done), "failed": .integer(run.failed),
      ],
    ]
  }
}

extension RunSummary {
  /// `done`, `failed`, …, or `running`. A run whose process went away is `killed`, recorded so by
  /// the next verb that writes.
  var status: String { end?.ending.rawValue ?? "running" }
}

extension Console {
  /// A status word in its colour.
  func status(_ text: String) -> String {
    switch text {
    case "done", "hit": styled(text, .green)
    case "failed", "killed", "blocked": styled(text, .red)
    case "interrupted", "skipped", "running": styled(text, .yellow)
    default: text
    }
  }
}

/// Times as people say them.
enum Age {
  static func text(_ time: Timestamp, now: Timestamp = .now) -> String {
    let seconds = now.seconds(since: time)
    if seconds < 60 { return "just now" }
    if seconds < 3600 { return "\(Int(seconds / 60)) min ago" }
    if seconds < 86_400 { return "\(Int(seconds / 3600)) h ago" }
    return String(time.description.prefix(16)).replacing("T", with: " ")
  }
}
