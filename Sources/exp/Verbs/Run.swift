import ContentStore
import Ledger
import Numerics
import Pipeline
import Runner
import Stages

/// `exp run EXPERIMENT`: what is known is taken from the ledger, the rest is carried out.
enum Run: Verb {
  static let name = "run"
  static let summary = "Carry out an experiment; what is known already is not done again"
  static let discussion = """
    EXPERIMENT is a folder with an experiment.json5, or such a file. A run that was killed or
    interrupted goes on from its last snapshot when it is started again. Where a lock file lies beside
    the experiment, the results are compared with it.

      exp run experiments/quickstart
      exp run experiments/llama-3.1                     # its default profile, laptop
      exp run experiments/your-text --set stages.text.with.files=my/texts
      exp run experiments/quickstart -S stages.pretrain.with.learningRate=0.002 --until pretrain
      exp run experiments/quickstart --replicates 3     # three seeds, for `compare` and `claims`
    """
  static let operands = Operands.exactly(1, "EXPERIMENT")
  static let options: [Option] =
    RunSettings.experiment + RunSettings.execution + [
      .value("until", "u", "STAGE", "Only this stage and what it needs."),
      .flag("dry-run", nil, "Say what would be carried out; do nothing."),
      .flag("locked", nil, "Fail (status 1) unless every stage equals the lock file."),
      .value("tag", "n", "NAME", "Tag the run."),
      .value(
        "replicates", nil, "N",
        "Carry out N seeds: the experiment's own, and N − 1 worked out from it."),
    ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let loaded = try RunSettings.load(arguments.operands[0], arguments)
    if let note = loaded.profileNote, !arguments.flag("quiet") { console.talk(note) }
    var options = try RunSettings.options(arguments)
    options.until = arguments.value("until")
    options.isDryRun = arguments.flag("dry-run")
    options.folder = loaded.absoluteFolder
    options.capture = Machine.capture(in: loaded.absoluteFolder)
    options.files = [loaded.text]
    try addLock(&options, loaded, arguments, console)
    if options.isDryRun && Workspace.find() == nil { return withoutStore(loaded, console) }
    let (workspace, isNew) = try Workspace.openOrCreate()
    if isNew { console.talk("made a store in \(workspace.path)") }
    if let tag = arguments.value("tag") {
      guard tag != loaded.experiment.name else {
        throw UsageError("--tag \(tag): the experiment's name already names its newest run")
      }
      try TagVerb.check(tag, workspace.ledger)
    }
    if let count = try arguments.integer("replicates", in: 1...10_000), count > 1 {
      return try ReplicateRuns(loaded, workspace, options, arguments, console).carryOut(count)
    }
    let report = try execute(loaded.resolved, workspace, options, arguments, console)
    try tagRun(report, workspace, arguments)
    return ExitStatus(rawValue: report.exitStatus) ?? .failed
  }

  static func tagRun(
    _ report: RunReport, _ workspace: Workspace, _ arguments: Arguments
  ) throws {
    if let tag = arguments.value("tag"), let run = report.run {
      try workspace.ledger.tag(tag, Subject(.run, run))
    }
  }

  /// A dry run where nothing is on record: every stage would be carried out.
  private static func withoutStore(
    _ loaded: LoadedExperiment, _ console: Console
  ) -> ExitStatus {
    for stage in loaded.resolved.stages { console.print("\(stage.name)  planned") }
    console.print("\ndry run: there is no store yet, so every stage would be carried out")
    return .done
  }

  /// Runs with a progress view, and prints the outcome.
  static func execute(
    _ experiment: ResolvedExperiment, _ workspace: Workspace, _ options: RunOptions,
    _ arguments: Arguments, _ console: Console
  ) throws -> RunReport {
    if !Command.canConfine, experiment.stages.contains(where: { $0.stage.op.op == Command.op }) {
      console.talk(
        "this kernel has no Landlock: programs of `command` stages could read undeclared files")
    }
    let report = try carryOut(experiment, workspace, options, arguments, console)
    let page = RunPage(report: report, console: console)
    if arguments.flag("json") { try console.print(json: page.json) } else { page.show() }
    return report
  }

  /// Runs with a progress view; prints nothing else.
  static func carryOut(
    _ experiment: ResolvedExperiment, _ workspace: Workspace, _ options: RunOptions,
    _ arguments: Arguments, _ console: Console
  ) throws -> RunReport {
    var options = options
    let numerics = experiment.experiment.numerics
    do { options.engineNames[numerics] = try Engine(named: numerics).name } catch {
      throw UsageError("numerics: \(error)")
    }
    let view = ProgressView(console, isQuiet: arguments.flag("quiet"))
    defer { view.end() }
    return try Runner.run(
      experiment, in: workspace, options: options, registry: .all, observer: view)
  }

  private static func addLock(
    _ options: inout RunOptions, _ loaded: LoadedExperiment, _ arguments: Arguments,
    _ console: Console
  ) throws {
    options.isLocked = arguments.flag("locked")
    let path = Lock.path(in: loaded.folder, profile: loaded.experiment.profile)
    // A run with other values than the file's is not what the lock speaks of.
    guard options.isLocked || arguments.list("set").isEmpty else { return }
    options.lock = try Lock.load(path)
    if options.isLocked && options.lock == nil {
      throw UsageError("--locked: there is no \(path); write it with `exp lock RUN`")
    }
    let (name, profile) = (loaded.experiment.name, loaded.experiment.profile)
    do {
      try options.lock?.check(experiment: name, profile: profile, path: path)
    } catch  where !options.isLocked {
      // A folder that was copied to begin another experiment.
      console.talk("not compared with a lock: \(error)")
      options.lock = nil
    }
  }
}

extension LoadedExperiment {
  var absoluteFolder: String {
    folder.hasPrefix("/") ? folder : FileSystem.currentFolder() + "/" + folder
  }

  /// The file's text, as it is recorded with the run.
  var text: ExperimentText {
    let source = file.root.position.file
    let name = source.name.split(separator: "/").last.map(String.init) ?? source.name
    return ExperimentText(name: name, text: String(decoding: source.bytes, as: UTF8.self))
  }
}
