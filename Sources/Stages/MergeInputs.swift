import ContentStore
import LanguageModel
import Numerics
import Pipeline

/// The models of a merge, alike in all that matters.
struct MergeInputs {
  struct Model {
    /// The port's name, with a number when there are several on it.
    let name: String
    let port: String
    let checkpoint: Checkpoint
    var parameters: Floats { checkpoint.model.parameters }
  }

  let base: Model?
  /// The others, in order.
  let models: [Model]

  /// Reads all of them. Throws when one cannot be merged with the first.
  init(_ parameters: Merge.Parameters, _ context: any StageContext) throws {
    var ports = context.inputPorts.filter { $0 != "base" }
    for (index, name) in parameters.order.enumerated() where !ports.contains(name) {
      throw ParameterError(
        path: "order[\(index)]",
        message: "names an input that is not there" + didYouMean(name, among: ports))
    }
    if !parameters.order.isEmpty {
      guard parameters.order.count == ports.count, Set(parameters.order).count == ports.count else {
        throw ParameterError(
          path: "order", message: "must name every input once: \(ports.joined(separator: ", "))")
      }
      ports = parameters.order
    }
    base = try Self.models("base", context).first
    models = try ports.flatMap { try Self.models($0, context) }
    try Self.checkAlike((base.map { [$0] } ?? []) + models)
  }

  private static func models(_ port: String, _ context: any StageContext) throws -> [Model] {
    let inputs = context.inputs(port)
    guard port != "base" || inputs.count < 2 else {
      throw StageError("there is one base to merge onto; give the other models other names")
    }
    return try inputs.enumerated().map { index, input in
      try context.checkCancellation()
      let name = inputs.count == 1 ? port : "\(port)[\(index)]"
      do {
        return Model(name: name, port: port, checkpoint: try input.checkpoint())
      } catch let error as CheckpointError { throw StageError("\(name): \(error)") }
    }
  }

  private static func checkAlike(_ models: [Model]) throws {
    guard let first = models.first else { return }
    for other in models.dropFirst() {
      try first.checkpoint.model.checkMergeable(
        with: other.checkpoint.model, first.name, other.name)
      let tokenizers = [first, other].map { $0.checkpoint.tokenizerFiles["tokenizer.json"] }
      if let one = tokenizers[0], let two = tokenizers[1], one != two {
        throw StageError(
          "\(first.name) and \(other.name) cannot be merged: their tokenizer.json differ")
      }
    }
  }

  /// How many there must be for a method.
  func check(_ method: Merge.Method) throws {
    if method.needsBase, base == nil {
      throw StageError(
        "method \(method.rawValue) needs the input \"base\", what the others were trained from")
    }
    let (least, most) =
      switch method {
      case .linear, .average, .warm, .taskArithmetic, .ties, .dareLinear, .dareTIES: (1, Int.max)
      case .ema, .slerp:
        base == nil ? (2, method == .slerp ? 2 : .max) : (1, method == .slerp ? 1 : .max)
      case .liti: (1, 1)
      case .nuslerp, .taskSlerp, .modelStock: (2, Int.max)
      }
    guard models.count >= least, models.count <= most else {
      let wanted = least == most ? "\(least)" : "at least \(least)"
      throw StageError(
        "method \(method.rawValue) needs \(wanted) input\(least == 1 ? "" : "s") besides "
          + "\"base\", found \(models.count)")
    }
    if base != nil, [.linear, .average, .warm].contains(method) {
      throw StageError(
        "method \(method.rawValue) has no use for \"base\"; to count it in, give it another name")
    }
  }

  /// A number for every model, from a map by names of ports or, where several are on one, of models.
  func values(
    _ map: [String: Double], _ path: String, default fallback: Double, needsAll: Bool
  ) throws -> [Double] {
    let known = Set(models.map(\.port) + models.map(\.name)).sorted()
    for name in map.keys.sorted() where !known.contains(name) {
      throw ParameterError(
        path: "\(path).\(name)",
        message: "names an input that is not there" + didYouMean(name, among: known))
    }
    return try models.map { model in
      if let value = map[model.name] ?? map[model.port] { return value }
      guard map.isEmpty || !needsAll else {
        throw ParameterError(
          path: path, message: "says nothing of the input \"\(model.name)\"; give it a number")
      }
      return fallback
    }
  }

  func weights(_ parameters: Merge.Parameters) throws -> [Double] {
    try values(parameters.weights, "weights", default: 1, needsAll: true)
  }
}
