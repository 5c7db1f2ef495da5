import LanguageModel
import Ledger
import Numerics
import Pipeline

/// A model being quantised, matrix by matrix.
struct QuantiseRun {
  private let parameters: Quantise.Parameters
  private let context: any StageContext
  private let checkpoint: Checkpoint
  private let compute: Compute

  init(_ parameters: Quantise.Parameters, _ context: any StageContext) throws {
    self.parameters = parameters
    self.context = context
    checkpoint = try context.input("checkpoint").checkpoint()
    compute = Compute(threads: context.threads)
    try check()
  }

  private var model: Transformer { checkpoint.model }

  func carryOut() throws {
    let quantised = try quantised()
    let files = try quantised.files()
    let output = try context.makeTree("quantised")
    for (path, bytes) in files.sorted(by: { $0.key < $1.key }) { try output.add(path, bytes) }
    try output.finish()
    let back = quantised.dequantised(on: compute)
    try QuantisationScores(model: model, quantised: quantised, back: back, compute)
      .record(in: context, bytes: files.values.reduce(0) { $0 + $1.count })
    if parameters.dequantise {
      try Checkpoint(back, tokenizerFiles: checkpoint.tokenizerFiles)
        .write(to: context.makeTree("checkpoint"))
    }
  }

  private func quantised() throws -> QuantisedCheckpoint {
    let quantiser = Quantiser(
      precision: parameters.precision, rounds: parameters.rounds, on: compute)
    var tensors: [String: QuantisedTensor] = [:]
    var whole: [String: Floats] = [:]
    var done = 0
    for view in model.layout.views {
      try context.checkCancellation()
      context.progress(
        Progress(
          done: Double(done), total: Double(model.parameters.count), unit: "parameters",
          note: view.name))
      done += view.count
      let values = model.parameters[view.range]
      guard let form = form(of: view) else {
        whole[view.name] = values
        continue
      }
      let matrix = Matrix(values, rows: view.shape[0], columns: view.shape[1])
      let tensor = quantiser.quantised(matrix, as: form)
      if let bad = tensor.values.first(where: { !$0.isFinite }) {
        throw StageError(
          "tensor \"\(view.name)\" has values too large for float16 tables, found \(bad); set precision to float32"
        )
      }
      tensors[view.name] = tensor
    }
    return QuantisedCheckpoint(
      configuration: model.configuration, precision: parameters.precision, tensors: tensors,
      whole: whole, tokenizerFiles: checkpoint.tokenizerFiles)
  }

  /// How a tensor is stored; nil for as it is.
  private func form(of view: ParameterView) -> Quantisation? {
    guard view.shape.count == 2, !parameters.keep.contains(where: view.name.contains) else {
      return nil
    }
    if view.role == .embedding || view.name == "lm_head.weight" {
      return parameters.embeddings ? .integers(bits: 8, group: nil, isSymmetric: true) : nil
    }
    let bits = hasTwoBits(view) ? 2 : parameters.bits
    switch parameters.method {
    case .integers:
      return .integers(
        bits: bits, group: parameters.group == 0 ? nil : parameters.group,
        isSymmetric: parameters.symmetric)
    case .palette:
      let all = view.shape[parameters.axis == .rows ? 0 : 1]
      return .palette(
        bits: bits, axis: parameters.axis, group: parameters.group == 0 ? all : parameters.group)
    }
  }

  private func hasTwoBits(_ view: ParameterView) -> Bool {
    parameters.twoBit.contains(where: view.name.contains)
      || parameters.twoBitLayers.contains {
        view.name.hasPrefix("model.layers.\($0).")
      }
  }

  /// Layers and names that the model does not have are mistakes.
  private func check() throws {
    let layers = model.configuration.layers
    for (index, layer) in parameters.twoBitLayers.enumerated() where layer >= layers {
      throw ParameterError(
        path: "twoBitLayers[\(index)]",
        message: "must be from 0 to \(layers - 1), found \(layer)")
    }
    for (index, part) in parameters.twoBit.enumerated()
    where !model.layout.views.contains(where: { $0.name.contains(part) }) {
      throw ParameterError(
        path: "twoBit[\(index)]", message: "is in no tensor's name, found \"\(part)\"")
    }
  }
}

/// What became of a model's sizes and values.
private struct QuantisationScores {
  let model: Transformer
  let quantised: QuantisedCheckpoint
  let back: Transformer
  let compute: Compute

  init(model: Transformer, quantised: QuantisedCheckpoint, back: Transformer, _ compute: Compute) {
    self.model = model
    self.quantised = quantised
    self.back = back
    self.compute = compute
  }

  func record(in context: any StageContext, bytes: Int) throws {
    let count = Double(model.parameters.count)
    let stored =
      quantised.tensors.values.reduce(0) { $0 + $1.byteCount }
      + quantised.whole.values.reduce(0) { $0 + 4 * $1.count }
    context.score("parameters", Score(count))
    context.score("bytes", Score(Double(bytes), higherIsBetter: false))
    context.score("bytes/tensors", Score(Double(stored), higherIsBetter: false))
    context.score("bytes/float32", Score(4 * count))
    context.score("bitsPerWeight", Score(8 * Double(stored) / count, higherIsBetter: false))
    let inMatrices = matrices
    if !inMatrices.isEmpty {
      let (bits, weights) = inMatrices.reduce((0, 0)) { sum, tensor in
        (sum.0 + 8 * tensor.byteCount, sum.1 + tensor.shape.reduce(1, *))
      }
      context.score(
        "bitsPerWeight/matrices", Score(Double(bits) / Double(weights), higherIsBetter: false))
    }
    for (name, error) in errors() {
      context.score(name, Score(error, higherIsBetter: false))
    }
  }

  /// The quantised tensors but embedding and output.
  private var matrices: [QuantisedTensor] {
    model.layout.views
      .filter { $0.role == .matrix && $0.name != "lm_head.weight" }
      .compactMap { quantised.tensors[$0.name] }
  }

  /// ‖W − Ŵ‖ / ‖W‖ of all tensors of a kind, such as `error/up_proj`, and of all that are quantised.
  private func errors() -> [(String, Double)] {
    var sums: [String: (error: Double, size: Double)] = [:]
    for view in model.layout.views where quantised.tensors[view.name] != nil {
      let own = model.parameters[view.range]
      let difference = Merging(on: compute).difference(own, back.parameters[view.range])
      let part = (compute.sumOfSquares(difference), compute.sumOfSquares(own))
      for key in ["error", "error/\(view.kind)"] {
        sums[key, default: (0, 0)].error += part.0
        sums[key, default: (0, 0)].size += part.1
      }
    }
    return sums.sorted { $0.key < $1.key }.map { name, sum in
      (name, sum.size > 0 ? (sum.error / sum.size).squareRoot() : 0)
    }
  }
}

extension ParameterView {
  /// The last part of the module's name: `up_proj`, `embed_tokens`.
  fileprivate var kind: String {
    String(name.split(separator: ".").dropLast().last ?? "tensor")
  }
}
