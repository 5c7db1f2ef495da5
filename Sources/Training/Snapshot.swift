import ContentStore
package import LanguageModel
import Numerics

// A snapshot is one safetensors file: the model's tensors under their own names, the moments, the
// history and the trace. Its bytes are a function of the recipe and the step.

private enum SnapshotName {
  static let kind = "training-snapshot/1"
  static let history = "history"
  static let trace = "trace"
  static func first(_ name: String) -> String { "adamw.first_moment.\(name)" }
  static func second(_ name: String) -> String { "adamw.second_moment.\(name)" }
}

extension Trainer {
  /// The whole training state. `notes` are kept beside it for the caller.
  package func snapshot(notes: [String: String] = [:]) throws(CheckpointError) -> [UInt8] {
    var metadata = notes
    metadata["format"] = "pt"
    metadata["kind"] = SnapshotName.kind
    metadata["step"] = String(step)
    metadata["rolling"] = trace.rolling.hex
    var writer = SafetensorsWriter(metadata: metadata)
    for view in model.layout.views {
      writer.add(view.name, shape: view.shape, model.parameters[view.range])
      writer.add(
        SnapshotName.first(view.name), shape: view.shape, optimiser.firstMoments[view.range])
      writer.add(
        SnapshotName.second(view.name), shape: view.shape, optimiser.secondMoments[view.range])
    }
    writer.add(
      SnapshotName.history, type: .f64, shape: [history.count, 5], data: history.flatMap(\.bytes))
    writer.add(SnapshotName.trace, type: .u8, shape: [trace.text.count], data: trace.text)
    return try writer.encode()
  }

  /// Takes up the state that `snapshot` gave. Returns the caller's notes, among other metadata.
  @discardableResult
  package func restore(_ bytes: [UInt8]) throws(CheckpointError) -> [String: String] {
    let file = try Safetensors(parsing: bytes)
    guard file.metadata["kind"] == SnapshotName.kind,
      let step = file.metadata["step"].flatMap({ Int($0) }), step >= 0,
      let rolling = file.metadata["rolling"].flatMap({ Digest($0) })
    else { throw CheckpointError("this is not a snapshot of this training run") }
    guard step <= plan.steps else {
      throw CheckpointError(
        "the snapshot is of step \(step), beyond the \(plan.steps) steps asked for")
    }
    let history = try Self.history(file, step)
    for view in model.layout.views {
      try Self.load(file, view.name, view, into: model.parameters)
      try Self.load(file, SnapshotName.first(view.name), view, into: optimiser.firstMoments)
      try Self.load(file, SnapshotName.second(view.name), view, into: optimiser.secondMoments)
    }
    let text = Array(try file.data(SnapshotName.trace))
    restore(step: step, history: history, trace: Trace(rolling: rolling, text: text))
    return file.metadata
  }

  private static func load(
    _ file: Safetensors, _ name: String, _ view: ParameterView, into arena: Floats
  ) throws(CheckpointError) {
    arena[view.range].copy(from: Floats(try file.floats(name, shape: view.shape)))
  }

  private static func history(
    _ file: Safetensors, _ step: Int
  ) throws(CheckpointError) -> [StepRecord] {
    let tensor = try file.tensor(SnapshotName.history)
    guard tensor.type == .f64, tensor.shape == [step, 5] else {
      throw CheckpointError("the snapshot's history has shape \(tensor.shape), not [\(step), 5]")
    }
    let data = try file.data(SnapshotName.history)
    return (0..<step).map { index in
      let start = data.startIndex + 40 * index
      return StepRecord(step: index + 1, bytes: data[start..<start + 40])
    }
  }
}

extension StepRecord {
  /// Five doubles, little-endian: loss, learning rate, gradient norm, tokens, validation loss (NaN for
  /// none).
  fileprivate var bytes: [UInt8] {
    [loss, learningRate, gradientNorm, Double(tokens), validationLoss ?? .nan].flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
  }

  fileprivate init(step: Int, bytes: ArraySlice<UInt8>) {
    let values = bytes.withUnsafeBytes { source in
      (0..<5).map {
        Double(
          bitPattern: UInt64(
            littleEndian: source.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
      }
    }
    self.init(
      step: step, loss: values[0], learningRate: values[1], gradientNorm: values[2],
      tokens: Int(exactly: values[3]) ?? 0, validationLoss: values[4].isNaN ? nil : values[4])
  }
}
