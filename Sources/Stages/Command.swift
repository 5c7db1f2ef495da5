import ContentStore
import Glibc
import Ledger
package import Pipeline

/// Any program as a stage. It runs in a private folder that holds only its declared files, with only
/// its declared environment; the kernel refuses it other files where it can (`Sandbox`). So nothing
/// that is not in the recipe can matter.
///
/// The private folder: the files of `files`, `inputs/<port>` for every other input, `parameters.json`,
/// and whatever the program writes.
package enum Command: Stage {
  package struct Parameters: StageParameters {
    var run: [String]
    var environment: [String: String]
    var parameters: JSON
    var outputs: [String: String]
    var metrics: String
    var scores: String
    var isDeterministic: Bool
    var tolerance: Double
    var timeout: Double
    var hasNetwork: Bool
    var hasSharedMemory: Bool

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      run = try reader.strings(
        "run", "the program and its arguments, not read by a shell: [\"python3\", \"train.py\"]")
      try reader.files(
        "files", optional: true, "code and data that the program finds in its folder")
      environment = try reader.map(
        "environment", default: [:], "environment variables; the user's own are not passed on")
      parameters = try reader.json(
        "parameters", default: [:],
        "any JSON; the program finds it in parameters.json and in EXP_PARAMETERS")
      outputs = try reader.map(
        "outputs", default: [:], "output name → path of the file or folder that the program writes")
      metrics = try reader.string(
        "metrics", default: "",
        "file of JSON Lines that the program writes: {\"series\", \"step\", \"value\"}, or "
          + "{\"step\", \"<series>\": value, …}")
      scores = try reader.string(
        "scores", default: "", "JSON file that the program writes: name → number, or {\"value\", …}"
      )
      isDeterministic = try reader.boolean(
        "deterministic", default: true, "whether the same inputs give the same bytes")
      tolerance = try reader.number(
        "tolerance", default: 0, in: 0...Double.greatestFiniteMagnitude,
        "how far scores may be apart in a replay of a program that is not deterministic")
      timeout = try reader.number(
        "timeout", default: 0, in: 0...1e9, unit: "seconds",
        "stop the program after this time; 0 for never")
      hasNetwork = try reader.boolean(
        "network", default: false,
        "whether the program may use TCP; what it fetches is not recorded")
      hasSharedMemory = try reader.boolean(
        "sharedMemory", default: false,
        "whether the program may use /dev/shm (semaphores and memory shared by several processes); "
          + "what another program left there is not recorded")
      if reader.isListing { return }
      try check()
      let program = try Program(run[0], searchPath: searchPath)
      try reader.impliedFiles("program") { () throws(ParameterError) in program.identity }
    }

    var searchPath: String { environment["PATH"] ?? Program.standardPath }

    private func check() throws(ParameterError) {
      if run.isEmpty { throw ParameterError(path: "run", message: "names no program") }
      for word in run + environment.values where word.utf8.contains(0) {
        throw ParameterError(
          path: "run",
          message: "holds a NUL character (in \"\(word)\"), which no program can be given")
      }
      let places = outputs.sorted { $0.key < $1.key }.map { ("outputs.\($0.key)", $0.value) }
      for (name, path) in places + [("metrics", metrics), ("scores", scores)]
      where !path.isEmpty && !Tree.isValid(path: path) {
        throw ParameterError(
          path: name, message: "must be a path inside the stage's folder, found \"\(path)\"")
      }
      for (name, path) in outputs where path.isEmpty {
        throw ParameterError(path: "outputs.\(name)", message: "is an empty path")
      }
      for name in environment.keys where name.isEmpty || name.contains("=") {
        throw ParameterError(
          path: "environment", message: "\"\(name)\" cannot be the name of a variable")
      }
    }
  }

  package static let op = "command"
  package static let revision = 1
  package static let summary = "Runs any program on declared files, with nothing else in reach."

  /// Whether this kernel can keep a program from files that are not declared; said once by `exp run`.
  package static var canConfine: Bool { Sandbox.isAvailable }

  package static func isDeterministic(_ parameters: Parameters) -> Bool {
    parameters.isDeterministic
  }

  package static func ports(_ parameters: Parameters?) -> Ports {
    let outputs = (parameters?.outputs ?? [:]).keys.sorted().map { name in
      Port(name, .any, "written by the program")
    }
    return Ports(outputs: outputs, otherInputs: .any)
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let folder = try CommandFolder(parameters, context)
    try checkProgram(parameters, context)
    if !Sandbox.isAvailable {
      context.log(
        "this kernel has no Landlock: the program could read files that are not declared")
    }
    let metrics = MetricsFile(folder.path(parameters.metrics), context)
    try CommandProcess(parameters, folder, context).run {
      if !parameters.metrics.isEmpty { try metrics.read(isComplete: false) }
    }
    if !parameters.metrics.isEmpty { try metrics.read(isComplete: true) }
    try readScores(parameters, folder, context)
    for (port, path) in parameters.outputs.sorted(by: { $0.key < $1.key }) {
      try folder.store(path, as: port, in: context)
    }
  }

  /// The program found now must be the one in the recipe: a replay, or an upgrade between planning
  /// and now, may find another.
  static func checkProgram(_ parameters: Parameters, _ context: any StageContext) throws {
    guard let input = context.inputs("program").first else { return }
    let recorded = try input.tree().entries
    for path in try Program(parameters.run[0], searchPath: parameters.searchPath).identity {
      let name = String(path.split(separator: "/").last ?? "")
      guard let entry = recorded[name] else { continue }
      if SHA256.hash(try FileSystem.read(path)) != entry.object {
        throw StageError(
          "the program \"\(path)\" is not the one in the recipe (\(entry.object.short)…); run the "
            + "experiment again to plan with this one, or bring the old one back")
      }
    }
  }

  private static func readScores(
    _ parameters: Parameters, _ folder: CommandFolder, _ context: any StageContext
  ) throws {
    if parameters.scores.isEmpty { return }
    let json = try folder.json(parameters.scores)
    guard let members = json.objectValue else {
      throw StageError("\"\(parameters.scores)\" must hold a JSON object of scores")
    }
    for (name, value) in members.sorted(by: { $0.key < $1.key }) {
      guard let score = MetricsFile.number(value).map({ Score($0) }) ?? Score(json: value) else {
        throw StageError(
          "\"\(parameters.scores)\": the score \"\(name)\" is neither a number nor an object with "
            + "a \"value\"")
      }
      context.score(name, score)
    }
  }
}
