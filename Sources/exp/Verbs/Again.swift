import ContentStore
import Ledger
import Pipeline
import Reports
import Runner
import Stages

/// `exp branch RUN --at STAGE`: a run that shares its parent's results up to a stage.
enum BranchVerb: Verb {
  static let name = "branch"
  static let summary = "Start a run that shares another's results up to a stage and differs there"
  static let discussion = """
    Only STAGE and what depends on it are carried out. With @STEP the stage starts from the snapshot
    that the parent kept of that step.

      exp branch quickstart --at pretrain --set stages.pretrain.with.learningRate=0.002
      exp branch quickstart --at pretrain@100 -S stages.pretrain.with.learningRate=0.0005 -n cooler
    """
  static let operands = Operands.exactly(1, "RUN")
  static let options: [Option] =
    [
      .value("at", nil, "STAGE[@STEP]", "The first stage that differs."),
      .list("set", "S", "PATH=VALUE", "Change a value. May be given often."),
      .value("tag", "n", "NAME", "Tag the new run."),
    ] + RunSettings.execution

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    guard let place = arguments.value("at") else {
      throw UsageError("exp branch: --at STAGE is needed: where the new run departs")
    }
    let session = try Session.writing()
    if let tag = arguments.value("tag") { try TagVerb.check(tag, session.ledger) }
    let parent = try session.run(arguments.operands[0])
    let (stage, step) = try parse(place)
    var (experiment, options) = try Branch.resolve(
      parent: parent.id, at: stage, step: step, overrides: try RunSettings.overrides(arguments),
      in: session.workspace, registry: .all, options: try RunSettings.options(arguments))
    options.capture = Machine.capture(in: options.folder ?? FileSystem.currentFolder())
    let report = try Run.execute(experiment, session.workspace, options, arguments, console)
    if let tag = arguments.value("tag"), let run = report.run {
      try session.ledger.tag(tag, Subject(.run, run))
    }
    return ExitStatus(rawValue: report.exitStatus) ?? .failed
  }

  private static func parse(_ place: String) throws -> (stage: String, step: Int?) {
    let parts = place.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return (place, nil) }
    guard let step = Int(parts[1]) else {
      throw UsageError("--at \(place): the step after @ must be a whole number")
    }
    return (String(parts[0]), step)
  }
}

/// `exp replay RUN [STAGE...]`: carries recorded recipes out again and compares every bit.
enum ReplayVerb: Verb {
  static let name = "replay"
  static let summary = "Carry a run out again and compare every bit with the record"
  static let discussion = """
    Nothing is taken from the ledger but the inputs on record. Status 0 means identical; 1 that a stage
    differs: the first differing stage, step and quantity are named, and the other result is kept as a
    finding. Programs that say they are not deterministic are compared by their scores.

      exp replay quickstart
      exp replay quickstart pretrain --threads 1
    """
  static let operands = Operands.atLeast(1, "RUN [STAGE]...")
  static let options: [Option] = RunSettings.execution

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.writing()
    let run = try session.run(arguments.operands[0])
    let stages = Array(arguments.operands.dropFirst())
    for name in stages { _ = try session.stage(name, of: run) }
    let view = ProgressView(console, isQuiet: arguments.flag("quiet"))
    defer { view.end() }
    let report = try Replay.run(
      run.id, stages: stages, in: session.workspace, options: try RunSettings.options(arguments),
      registry: .all, observer: view)
    view.end()
    let page = ReplayPage(report: report, console: console)
    if arguments.flag("json") { try console.print(json: page.json) } else { page.show() }
    return ExitStatus(rawValue: report.exitStatus) ?? .failed
  }
}

/// `exp verify`: every object re-hashed, every row and the journal's chain checked.
enum VerifyVerb: Verb {
  static let name = "verify"
  static let summary = "Check every object and every ledger row against the record"
  static let discussion = """
    Status 0: all is as it was recorded. Status 3: something is damaged; each object or row is named.
    Recipes with several results are listed too; they are findings, not damage.
    """
  static let options: [Option] = [
    .flag("quick", nil, "Check the ledger and that objects are there, without hashing them."),
    .flag("quiet", "q", "No progress."), .flag("json", nil, "As JSON."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.reading()
    let isDrawn = console.talksToTerminal && !arguments.flag("quiet")
    let report = try Verify.run(session.workspace, isQuick: arguments.flag("quick")) {
      done, total in
      if isDrawn && (done % 64 == 0 || done == total) {
        console.draw("\r\(done) of \(total) objects\(done == total ? "\r\u{1B}[K" : "")")
      }
    }
    if arguments.flag("json") {
      try console.print(json: json(report))
    } else {
      show(report, console)
    }
    return ExitStatus(rawValue: report.exitStatus) ?? .damaged
  }

  private static func show(_ report: VerifyReport, _ console: Console) {
    for damage in report.damages { console.print(console.styled("damaged", .red) + "  \(damage)") }
    for finding in report.findings {
      console.print(
        console.styled("not deterministic", .yellow)
          + "  recipe \(finding.recipe.short) (\(finding.stage)): \(finding.results.count) results")
    }
    let size = "\(report.objects) objects (\(Format.bytes(report.bytes)))"
    if report.damages.isEmpty {
      console.print(console.styled("intact", .green) + ": \(size) and the ledger")
    } else {
      console.print("\(report.damages.count) damaged, of \(size) and the ledger's rows")
    }
  }

  private static func json(_ report: VerifyReport) -> JSON {
    [
      "objects": .integer(report.objects), "bytes": .integer(report.bytes),
      "damages": .array(report.damages.map(JSON.string)),
      "findings": .array(
        report.findings.map { finding in
          [
            "recipe": .string(finding.recipe.hex), "stage": .string(finding.stage),
            "op": .string(finding.op),
            "results": .array(finding.results.map { .string($0.digest.hex) }),
          ]
        }),
    ]
  }
}

/// `exp lock RUN`: the exact recipes and results that others must get.
enum LockVerb: Verb {
  static let name = "lock"
  static let summary = "Write a run's lock file: the exact results that others must get"
  static let discussion = """
    `exp run` looks for it beside the experiment: lock.json, or PROFILE.lock.json. Commit it.

      exp lock quickstart -o experiments/quickstart/lock.json
    """
  static let operands = Operands.exactly(1, "RUN")
  static let options: [Option] = [
    .value("output", "o", "FILE", "Where to write it; standard output without.")
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.reading()
    let run = try session.run(arguments.operands[0])
    let text = try Lock(run: run.id, in: session.ledger).text()
    guard let path = arguments.value("output") else {
      console.write(Array(text.utf8))
      return .done
    }
    try FileSystem.write(Array(text.utf8), to: path)
    console.talk("wrote \(path)")
    return .done
  }
}
