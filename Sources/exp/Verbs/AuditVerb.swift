import ContentStore
import Ledger
import Numerics
import Pipeline
import Runner
import Stages

/// `exp audit RUN:STAGE`: carries one stage out in several ways and says which of them change its bits.
enum AuditVerb: Verb {
  static let name = "audit"
  static let summary =
    "Carry a stage out under other threads, batches, engines; say what changes bits"
  static let discussion = """
    Each way starts from the inputs on record: with 1, 2, 3 and 7 threads, in this process, and for ops
    that compute with floating point, in micro-batches of other sizes and with the other engine. None
    but another engine may change a bit: status 1 when one does, and the first output, step and tensor
    that differ are named. --build tries the binary of another build of exp as well.

      exp audit quickstart:pretrain
      exp audit quickstart:evaluate -n 3 --build ../other/.build/debug/exp
    """
  static let operands = Operands.exactly(1, "RUN:STAGE")
  static let options: [Option] = [
    .value("repetitions", "n", "N", "How often each way is tried (1)."),
    .list("build", "b", "PROGRAM", "Another build of exp to try. May be given often."),
    .value("threads", nil, "N", "Threads where a way does not say (the machine's cores)."),
    .flag("quiet", "q", "No progress."),
    .flag("json", nil, "The outcome as JSON."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.writing()
    guard case .stage(let run, let stage) = try session.target(arguments.operands[0]) else {
      throw UsageError("exp audit: name a stage: RUN:STAGE")
    }
    guard let recipe = try stage.recipe.flatMap(session.ledger.recipe) else {
      throw UsageError("exp audit: the run never came to its stage \"\(stage.name)\"")
    }
    var options = RunOptions()
    options.threads = try arguments.integer("threads", in: 1...1024)
    options.arguments = Array(CommandLine.arguments.dropFirst())
    options.capture = Machine.capture(in: FileSystem.currentFolder())
    options.engineObstacle = RunSettings.obstacle
    let view = ProgressView(console, isQuiet: arguments.flag("quiet"))
    defer { view.end() }
    let report = try Audit.run(
      run.id, stage: stage.name, ways: try ways(recipe, arguments),
      repetitions: try arguments.integer("repetitions", in: 1...1000) ?? 1,
      in: session.workspace, options: options, registry: .all, observer: view)
    view.end()
    let page = AuditPage(report: report, console: console)
    if arguments.flag("json") { try console.print(json: page.json) } else { page.show() }
    return ExitStatus(rawValue: report.exitStatus) ?? .failed
  }

  private static func ways(_ recipe: Recipe, _ arguments: Arguments) throws -> [AuditWay] {
    let programs = try arguments.list("build").map { program in
      let path = program.hasPrefix("/") ? program : FileSystem.currentFolder() + "/" + program
      guard FileSystem.exists(path) else {
        throw UsageError("exp audit: there is no program \(program)")
      }
      return path
    }
    let engines = ["portable/1", "openblas"].compactMap { try? Engine(named: $0).name }
    return AuditWay.all(for: recipe, in: .all, engines: engines, programs: programs)
  }
}
