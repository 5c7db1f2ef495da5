import ContentStore
import Glibc
import Ledger
import Numerics
import Pipeline
import Runner
import Stages

/// What `run`, `branch`, `replay` and `plan` have in common: reading the experiment and the options.
enum RunSettings {
  static let experiment: [Option] = [
    .value(
      "profile", "p", "NAME",
      "The profile of the experiment to apply: `base` for none; left out, the file's defaultProfile."
    ),
    .list(
      "set", "S", "PATH=VALUE",
      "Change a value: stages.pretrain.with.steps=200. May be given often; the last wins."),
  ]

  static let execution: [Option] = [
    .value("jobs", "j", "N", "How many stages may run at once (1)."),
    .value("threads", nil, "N", "Threads per stage (the cores divided among the jobs)."),
    .value(
      "profile-steps", nil, "N", "Training stages say in their log where N steps' time went."),
    .flag("in-process", nil, "Run stages in this process, for debuggers and emulators."),
    .flag("quiet", "q", "No progress."),
    .flag("json", nil, "The outcome as JSON."),
  ]

  /// The experiment of an operand, under its profile and overrides.
  static func load(_ path: String, _ arguments: Arguments) throws -> LoadedExperiment {
    let file = try ExperimentFile.load(path)
    let overrides = try overrides(arguments)
    let experiment = try file.experiment(
      profile: arguments.value("profile"), overrides: overrides)
    let folder =
      (try? FileSystem.status(of: path))?.kind == .folder
      ? path : FileSystem.parent(of: path) ?? "."
    return LoadedExperiment(
      experiment: experiment, resolved: try experiment.resolve(.all), file: file, folder: folder,
      hasGivenProfile: arguments.value("profile") != nil)
  }

  static func overrides(_ arguments: Arguments) throws -> [Override] {
    let folder = FileSystem.currentFolder()
    var overrides: [Override] = []
    for text in arguments.list("set") {
      overrides.append(try Override(parsing: text, folder: folder))
    }
    return overrides
  }

  /// Options from the command line, with environment and code to be captured when needed.
  static func options(_ arguments: Arguments) throws -> RunOptions {
    var options = RunOptions()
    options.jobs = try arguments.integer("jobs", in: 1...256) ?? 1
    options.threads = try arguments.integer("threads", in: 1...1024)
    options.profileSteps = try arguments.integer("profile-steps", in: 1...1_000_000) ?? 0
    options.isInProcess = arguments.flag("in-process")
    options.arguments = Array(CommandLine.arguments.dropFirst())
    options.capture = Machine.capture(in: FileSystem.currentFolder())
    options.engineObstacle = obstacle
    return options
  }

  /// Why recipes with these numerics cannot be carried out here.
  @Sendable static func obstacle(to numerics: String) -> String? {
    do throws(EngineError) {
      _ = try Engine(named: numerics)
      return nil
    } catch {
      return error.message
    }
  }
}

/// An experiment file, resolved.
struct LoadedExperiment {
  let experiment: Experiment
  let resolved: ResolvedExperiment
  let file: ExperimentFile
  /// The folder that the file lies in, where its lock files are.
  let folder: String
  /// Whether the call named the profile.
  let hasGivenProfile: Bool

  /// Which profile applies and why, when it is the file's choice; nil when it is the call's, or there is no choice.
  var profileNote: String? {
    guard !hasGivenProfile, let profile = file.defaultProfile else { return nil }
    let others = (file.profileNames + ["base"]).filter { $0 != profile }
    return "profile \(profile), the default of \(file.name); others by --profile: "
      + others.joined(separator: ", ")
  }
}
