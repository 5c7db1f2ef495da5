import ContentStore
import Pipeline
import Reports
import Stages

/// `exp ops [NAME]`: the ops an experiment can use, from their own declarations.
enum Ops: Verb {
  static let name = "ops"
  static let summary = "List the ops, or one op's inputs, parameters and outputs"
  static let discussion = """
      exp ops
      exp ops pretrain
      exp ops --schema > experiment.schema.json
    """
  static let operands = Operands.between(0, 1, "[NAME]")
  static let options: [Option] = [
    .flag("json", nil, "As JSON."),
    .flag("schema", nil, "The JSON schema of experiment files."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let registry = StageRegistry.all
    if arguments.flag("schema") {
      console.print(JSONOutput.indented(experimentSchema(registry)))
    } else if let name = arguments.operands.first {
      let op = try registry.stage(name)
      if arguments.flag("json") { try console.print(json: op.json) } else { page(op, console) }
    } else if arguments.flag("json") {
      try console.print(json: .array(registry.stages.map(\.json)))
    } else {
      var table = Table([.init("op"), .init("rev", .right), .init("what it does")])
      for op in registry.stages { table.add([op.op, String(op.revision), op.summary]) }
      table.lines(
        width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .bold) }
      ).forEach { console.print($0) }
    }
    return .done
  }

  private static func page(_ op: AnyStage, _ console: Console) {
    console.print("\(console.styled(op.op, .bold)), revision \(op.revision): \(op.summary)")
    ports("Inputs", op.ports.inputs, console)
    parameters(op.fields, console)
    ports("Outputs", op.ports.outputs, console)
  }

  private static func ports(_ title: String, _ ports: [Port], _ console: Console) {
    if ports.isEmpty { return }
    console.print()
    console.print(console.styled(title, .bold))
    for port in ports {
      let marks = (port.isOptional ? ", optional" : "") + (port.isList ? ", list" : "")
      console.print("  \(port.name) (\(port.type.rawValue)\(marks)): \(port.summary)")
    }
  }

  private static func parameters(_ fields: [ParameterField], _ console: Console) {
    if fields.isEmpty { return }
    console.print()
    console.print(console.styled("Parameters (with)", .bold))
    for field in fields {
      console.print("  \(field.path): \(type(field))\(fallback(field))")
      console.print("      " + console.styled(field.summary, .dim))
    }
  }

  private static func type(_ field: ParameterField) -> String {
    if !field.choices.isEmpty { return field.choices.joined(separator: " | ") }
    let range: String =
      switch (field.minimum, field.maximum) {
      case (nil, nil): ""
      case (let low?, nil): " ≥ \(Format.number(low))"
      case (nil, let high?): " ≤ \(Format.number(high))"
      case (let low?, let high?):
        high >= Double(1 << 53)
          ? " ≥ \(Format.number(low))" : " \(Format.number(low))…\(Format.number(high))"
      }
    return field.type + range + (field.unit.isEmpty ? "" : " \(field.unit)")
  }

  private static func fallback(_ field: ParameterField) -> String {
    guard let value = field.defaultValue else { return ", required" }
    return ", default \((try? value.canonicalText()) ?? "")"
  }
}
