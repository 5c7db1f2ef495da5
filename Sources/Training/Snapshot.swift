import ContentStore
package import LanguageModel
import Numerics

// A snapshot is one safetensors file: the model's tensors under their own names, the moments, the
// averages, the history and the trace. Its bytes are a function of the recipe and the step.

private enum SnapshotName {
  static let kind = "training-snapshot/2"
  static let history = "history"
  static let tensors = "history.tensors"
  static let trace = "trace"
  static let objective = "objective."
  static func first(_ name: String) -> String { "optimiser.first_moment.\(name)" }
  static func second(_ name: String) -> String { "optimiser.second_moment.\(name)" }
}

extension Trainer {
  /// The whole training state. `notes` are kept beside it for the caller. The tensors are copied once,
  /// into the file.
  package func snapshot(notes: [String: String] = [:]) throws(CheckpointError) -> [UInt8] {
    var metadata = notes
    metadata["format"] = "pt"
    metadata["kind"] = SnapshotName.kind
    metadata["step"] = String(step)
    metadata["rolling"] = trace.rolling.hex
    metadata["optimiser"] = optimiser.rule.name
    metadata["data"] = source.description(of: step)
    metadata["series"] = seriesNames.joined(separator: ",")
    for average in averages where average.hasBegun(by: step) {
      metadata[average.name] = average.description
    }
    var writer = SafetensorsWriter(metadata: metadata)
    for view in layout.views { addTensors(of: view, to: &writer) }
    for (name, values) in objective.state(after: step).sorted(by: { $0.key < $1.key }) {
      writer.add(SnapshotName.objective + name, shape: [values.count], values)
    }
    writer.add(
      SnapshotName.history, type: .f64, shape: [history.count, seriesNames.count],
      data: history.flatMap { Self.bytes($0.numbers) })
    let measured = history.filter { !$0.tensors.isEmpty }
    let width = 1 + 3 * layout.views.count
    writer.add(
      SnapshotName.tensors, type: .f64, shape: [measured.count, width],
      data: measured.flatMap { Self.bytes($0.tensorNumbers) })
    writer.add(SnapshotName.trace, type: .u8, shape: [trace.text.count], data: trace.text)
    return try writer.encode()
  }

  private func addTensors(of view: ParameterView, to writer: inout SafetensorsWriter) {
    writer.add(view.name, shape: view.shape, parameters[view.range])
    writer.add(
      SnapshotName.first(view.name), shape: view.shape, optimiser.firstMoments[view.range])
    writer.add(
      SnapshotName.second(view.name), shape: view.shape, optimiser.secondMoments[view.range])
    for average in averages where average.hasBegun(by: step) {
      for (name, arena) in zip(average.names(of: view.name), average.arenas) {
        writer.add(name, shape: view.shape, arena[view.range])
      }
    }
  }

  /// The columns of the history: what every step has, the objective's metrics, the validation losses.
  private var seriesNames: [String] {
    StepRecord.series + objective.metricNames.map { "objective/\($0)" }
      + validationNames.map { "validation/\($0)" }
  }

  private static func bytes(_ values: [Double]) -> [UInt8] {
    values.flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
  }

  // MARK: Restoring

  /// Takes up the state that `snapshot` gave. Returns the caller's notes, among other metadata. Refuses
  /// a state that this plan, or this data, would not have come to.
  @discardableResult
  package func restore(_ bytes: [UInt8]) throws(CheckpointError) -> [String: String] {
    let file = try Safetensors(parsing: bytes)
    let metadata = file.metadata
    guard metadata["kind"] == SnapshotName.kind,
      let step = metadata["step"].flatMap({ Int($0) }), step >= 0,
      let rolling = metadata["rolling"].flatMap({ Digest($0) })
    else { throw CheckpointError("this is not a snapshot of this training run") }
    try check(metadata, step)
    let history = try readHistory(file, step)
    for view in layout.views {
      try Self.load(file, view.name, view, into: parameters)
      try Self.load(file, SnapshotName.first(view.name), view, into: optimiser.firstMoments)
      try Self.load(file, SnapshotName.second(view.name), view, into: optimiser.secondMoments)
      for average in averages where average.hasBegun(by: step) {
        for (name, arena) in zip(average.names(of: view.name), average.arenas) {
          try Self.load(file, name, view, into: arena)
        }
      }
    }
    try restoreObjective(file, step)
    let text = Array(try file.data(SnapshotName.trace))
    restore(step: step, history: history, trace: Trace(rolling: rolling, text: text))
    return metadata
  }

  private func restoreObjective(_ file: Safetensors, _ step: Int) throws(CheckpointError) {
    var state: [String: Floats] = [:]
    for name in file.names where name.hasPrefix(SnapshotName.objective) {
      let values = try file.floats(name, shape: file.tensor(name).shape)
      state[String(name.dropFirst(SnapshotName.objective.count))] = Floats(values)
    }
    do throws(TrainingError) { try objective.restore(state, after: step) } catch {
      throw CheckpointError(error.message)
    }
  }

  private func check(_ metadata: [String: String], _ step: Int) throws(CheckpointError) {
    guard step <= plan.steps else {
      throw CheckpointError(
        "the snapshot is of step \(step), beyond the \(plan.steps) steps asked for")
    }
    let rule = metadata["optimiser"] ?? ""
    guard rule == optimiser.rule.name else {
      throw CheckpointError(
        "the snapshot has the moments of the optimiser \(rule), which \(optimiser.rule.name) cannot "
          + "go on with")
    }
    let data = source.description(of: step)
    guard metadata["data"] ?? "" == data else {
      throw CheckpointError(
        "the snapshot of step \(step) was reached with \(metadata["data"] ?? "other data"), but here "
          + "it would be \(data); keep the steps before it as a phase of their own")
    }
    for average in averages where average.hasBegun(by: step) {
      guard metadata[average.name] == average.description else {
        throw CheckpointError(
          "the snapshot of step \(step) lacks the \"\(average.name)\" whose steps begin at "
            + "\(average.window.first); let it begin after the snapshot")
      }
    }
  }

  private static func load(
    _ file: Safetensors, _ name: String, _ view: ParameterView, into arena: Floats
  ) throws(CheckpointError) {
    arena[view.range].copy(from: Floats(try file.floats(name, shape: view.shape)))
  }

  private func readHistory(
    _ file: Safetensors, _ step: Int
  ) throws(CheckpointError) -> [StepRecord] {
    let series = (file.metadata["series"] ?? "").split(separator: ",").map(String.init)
    let rows = try Self.rows(file, SnapshotName.history, width: series.count)
    guard rows.count == step, series.starts(with: StepRecord.series) else {
      throw CheckpointError("the snapshot's history is not that of \(step) steps")
    }
    // A branch may measure other things than the run it comes from: columns are found by name.
    let (names, fixed) = (seriesNames, StepRecord.series.count)
    let columns = names.map { series.firstIndex(of: $0) }
    let metrics = objective.metricNames.count
    var records = rows.enumerated().map { index, row in
      let values = columns.map { column in column.map { row[$0] } ?? .nan }
      return StepRecord(
        step: index + 1, values, metrics: fixed..<fixed + metrics,
        validation: fixed + metrics..<names.count)
    }
    let width = 1 + 3 * layout.views.count
    for row in try Self.rows(file, SnapshotName.tensors, width: width) {
      guard let step = Int(exactly: row[0]), records.indices.contains(step - 1) else {
        throw CheckpointError("the snapshot's measured tensors are of no step")
      }
      records[step - 1].tensors = TensorRecord.list(row.dropFirst())
    }
    return records
  }

  /// A float64 matrix of a given width, row by row.
  private static func rows(
    _ file: Safetensors, _ name: String, width: Int
  ) throws(CheckpointError) -> [[Double]] {
    let tensor = try file.tensor(name)
    guard tensor.type == .f64, tensor.shape.count == 2, tensor.shape[1] == width else {
      throw CheckpointError(
        "the snapshot's \(name) has shape \(tensor.shape), not \(width) columns")
    }
    let data = try file.data(name)
    return data.withUnsafeBytes { source in
      (0..<tensor.shape[0]).map { row in
        (0..<width).map { column in
          Double(
            bitPattern: UInt64(
              littleEndian: source.loadUnaligned(
                fromByteOffset: 8 * (row * width + column), as: UInt64.self)))
        }
      }
    }
  }
}

extension StepRecord {
  /// The columns of every history.
  fileprivate static let series = ["loss", "learningRate", "gradientNorm", "tokens"]

  /// A row of the history; NaN stands for a loss that was not measured.
  fileprivate var numbers: [Double] {
    [loss, learningRate, gradientNorm, Double(tokens)] + metrics + validation.map { $0 ?? .nan }
  }

  fileprivate init(
    step: Int, _ values: [Double], metrics: Range<Int>, validation: Range<Int>
  ) {
    self.init(
      step: step, loss: values[0], learningRate: values[1], gradientNorm: values[2],
      tokens: Int(exactly: values[3]) ?? 0, metrics: Array(values[metrics]),
      validation: values[validation].map { $0.isNaN ? nil : $0 }, tensors: [])
  }

  /// A row of the measured tensors: the step, then three numbers per tensor.
  fileprivate var tensorNumbers: [Double] {
    [Double(step)] + tensors.flatMap { [$0.gradientNorm, $0.parameterNorm, $0.updateRatio] }
  }
}

extension TensorRecord {
  fileprivate static func list(_ numbers: ArraySlice<Double>) -> [TensorRecord] {
    stride(from: numbers.startIndex, to: numbers.endIndex, by: 3).map {
      TensorRecord(
        gradientNorm: numbers[$0], parameterNorm: numbers[$0 + 1], updateRatio: numbers[$0 + 2])
    }
  }
}
