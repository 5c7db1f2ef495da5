import ContentStore
import Pipeline
import Reports

/// `exp plan EXPERIMENT`: the graph and what it will cost.
enum Plan: Verb {
  static let name = "plan"
  static let summary = "Print an experiment's graph and what each stage costs"
  static let discussion = """
    Nothing is carried out and nothing recorded. FLOPs come from each op's own formula; a dash means
    that the op gives none.

      exp plan experiments/quickstart
    """
  static let operands = Operands.exactly(1, "EXPERIMENT")
  static let options: [Option] =
    RunSettings.experiment + [.flag("json", nil, "As JSON.")]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let loaded = try RunSettings.load(arguments.operands[0], arguments)
    let lines = estimates(loaded.resolved)
    if arguments.flag("json") {
      try console.print(json: .array(lines.map(json)))
    } else {
      show(lines, loaded, console)
    }
    return .done
  }

  private struct Line {
    var stage: ResolvedStage
    var estimate: Estimate?
  }

  /// Estimates in topological order, each given those of the stages it reads from.
  private static func estimates(_ experiment: ResolvedExperiment) -> [Line] {
    var known: [String: Estimate] = [:]
    return experiment.stages.map { stage in
      let inputs = stage.inputs.mapValues { $0.compactMap { known[$0.stage] } }
      let estimate = stage.stage.estimate(inputs)
      known[stage.name] = estimate
      return Line(stage: stage, estimate: estimate)
    }
  }

  private static func show(_ lines: [Line], _ loaded: LoadedExperiment, _ console: Console) {
    let profile = loaded.experiment.profile.map { ", profile \($0)" } ?? ""
    console.print("\(console.styled(loaded.experiment.name, .bold))\(profile)")
    console.print()
    var table = Table([
      .init("stage"), .init("op"), .init("reads"), .init("parameters", .right),
      .init("tokens", .right), .init("FLOPs", .right), .init("memory", .right),
      .init("storage", .right),
    ])
    for line in lines {
      let estimate = line.estimate
      table.add([
        line.stage.name, line.stage.stage.op.op, reads(line.stage),
        text(estimate?.parameters, Format.count), text(estimate?.tokens, Format.count),
        text(estimate?.flops) { Format.number($0, digits: 3) }, text(estimate?.memoryBytes, size),
        text(estimate?.storageBytes, size),
      ])
    }
    table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .dim) }
    ).forEach { console.print($0) }
    let total = lines.compactMap { $0.estimate?.flops }.reduce(0, +)
    console.print()
    console.print("\(lines.count) stages, \(Format.number(total, digits: 3)) FLOPs")
  }

  private static func size(_ bytes: Double) -> String { Format.bytes(Int(bytes)) }

  private static func text(_ value: Double?, _ form: (Double) -> String) -> String {
    value.map(form) ?? "-"
  }

  private static func reads(_ stage: ResolvedStage) -> String {
    let files = stage.files.keys.sorted().map { port in
      stage.files[port]!.map(\.text).joined(separator: " ")
    }
    return (stage.dependencies + files).joined(separator: ", ")
  }

  private static func json(_ line: Line) -> JSON {
    func number(_ value: Double?) -> JSON { value.map(JSON.exact) ?? .null }
    return [
      "stage": .string(line.stage.name), "op": .string(line.stage.stage.op.op),
      "dependencies": .array(line.stage.dependencies.map(JSON.string)),
      "parameters": line.stage.stage.parameters,
      "estimate": [
        "parameters": number(line.estimate?.parameters), "tokens": number(line.estimate?.tokens),
        "flops": number(line.estimate?.flops), "memoryBytes": number(line.estimate?.memoryBytes),
        "storageBytes": number(line.estimate?.storageBytes),
        "formula": .string(line.estimate?.formula ?? ""),
      ],
    ]
  }
}
