import ContentStore
import Ledger
import Pipeline
import Reports

/// `exp lineage REF`: what something came from, or what was made of it.
enum LineageVerb: Verb {
  static let name = "lineage"
  static let summary = "Draw what a result came from, or what was made of it"
  static let discussion = """
    REF may be a run (all of it), a stage, an artifact, or any hex digits of them. --down follows the
    other way, across runs.

    "documents ← world.wiki 1a2b3c4d  seed 17" is an input, the output that it is of the stage that made
    it, the artifact's digest, and the seed of that stage, if it draws random numbers. What would be
    drawn too far to the right is "(below)", from the margin.

      exp lineage quickstart:evaluate
      exp lineage quickstart:world.documents --down
      exp lineage quickstart --format mermaid
    """
  static let operands = Operands.exactly(1, "REF")
  static let options: [Option] = [
    .flag("up", nil, "What it came from (the default)."),
    .flag("down", nil, "What was made of it."),
    .value("format", "f", "FORM", "tree, dot, mermaid or json."),
    .flag("json", nil, "The same as --format json."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    if arguments.flag("up") && arguments.flag("down") {
      throw UsageError("exp lineage: --up and --down exclude each other")
    }
    let session = try Session.reading()
    let graph = try graph(arguments.operands[0], arguments.flag("down") ? .down : .up, session)
    let form = arguments.flag("json") ? "json" : arguments.value("format") ?? "tree"
    switch form {
    case "tree": graph.tree { console.styled($0, .bold) }.forEach { console.print($0) }
    case "dot": console.print(graph.dot())
    case "mermaid": console.print(graph.mermaid())
    case "json": try console.print(json: graph.json)
    default:
      throw UsageError(
        "exp lineage: no format \"\(form)\""
          + didYouMean(form, among: ["tree", "dot", "mermaid", "json"])
          + "; choose tree, dot, mermaid or json")
    }
    return .done
  }

  private static func graph(
    _ text: String, _ direction: LineageGraph.Direction, _ session: Session
  ) throws -> LineageGraph {
    let ledger = session.ledger
    switch try session.target(text) {
    case .run(let run):
      return try LineageGraph(
        from: try ends(of: run, direction, ledger), direction, run: run.id, in: ledger)
    case .stage(let run, let stage):
      guard let execution = stage.execution else {
        throw UsageError("the stage \(stage.name) has no execution (\(stage.outcome.rawValue))")
      }
      return try LineageGraph(from: [execution], direction, run: run.id, in: ledger)
    case .execution(let execution):
      return try LineageGraph(
        from: [execution.id], direction, run: execution.start.run, in: ledger)
    case .artifact(let artifact, _):
      let named = try output(text, session)
      return try LineageGraph(
        of: artifact, direction, run: named?.run, as: named?.output, in: ledger)
    case .recipe(let digest):
      return try LineageGraph(
        from: try ledger.executions(ofRecipe: digest).prefix(1).map(\.id), direction, in: ledger)
    case .result:
      throw UsageError("a result has no lineage of its own; name the stage or an output of it")
    }
  }

  /// What `RUN:STAGE.OUTPUT` says of an artifact besides its digest; nil for hex digits.
  private static func output(
    _ text: String, _ session: Session
  ) throws -> (run: Digest, output: (execution: Digest, port: String)?)? {
    var reference = try Reference(parsing: text)
    guard let stage = reference.stage, let output = reference.output else { return nil }
    (reference.stage, reference.output, reference.path) = (nil, nil, nil)
    let run = try session.run(reference.description)
    return (run.id, try session.stage(stage, of: run).execution.map { ($0, output) })
  }

  /// A run's last stages (up) or first ones (down).
  private static func ends(
    of run: RecordedRun, _ direction: LineageGraph.Direction, _ ledger: Ledger
  ) throws -> [Digest] {
    let stages = try ledger.stages(ofRun: run.id)
    let sources = { (stage: RunStage) in
      stage.inputs.values.joined().map { String($0.prefix { $0 != "." }) }
    }
    let read = Set(stages.flatMap(sources))
    let names = Set(stages.map(\.name))
    let chosen = stages.filter { stage in
      direction == .up
        ? !read.contains(stage.name) : !sources(stage).contains(where: names.contains)
    }
    return chosen.compactMap(\.execution)
  }
}
