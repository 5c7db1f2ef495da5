import LanguageModel
import Numerics
import Training

/// What several updates learn from, in parts, and what it was like. A training state between those updates
/// has it as float32 numbers, which hold tokens below 2²⁴ exactly.
struct PolicySamples {
  let parts: [Batch]
  /// As `RolloutReport.values`, which are float32 numbers.
  let report: [Double]

  init(parts: [Batch], report: [Double]) {
    self.parts = parts
    self.report = report
  }

  private static let reportName = "samples.report"
  private static func name(_ part: Int, _ what: String) -> String { "samples.\(part).\(what)" }
  private static let columnPrefix = "column."

  var state: [String: Floats] {
    var state = [Self.reportName: Floats(report.map(Float.init))]
    for (index, part) in parts.enumerated() {
      state[Self.name(index, "tokens")] = Floats(part.tokens.tokens.map(Float.init))
      state[Self.name(index, "targets")] = Floats(part.tokens.targets.map(Float.init))
      state[Self.name(index, "lengths")] = Floats(part.tokens.documents.map { Float($0.count) })
      for (column, values) in part.columns {
        state[Self.name(index, Self.columnPrefix + column)] = Floats(values)
      }
    }
    return state
  }

  /// Reads what `state` gave.
  init(_ state: [String: Floats], parts count: Int) throws(TrainingError) {
    guard let report = state[Self.reportName] else {
      throw TrainingError("the snapshot stands between updates, but has no samples for the next")
    }
    self.report = report.array.map(Double.init)
    var parts: [Batch] = []
    for index in 0..<count { parts.append(try Self.part(state, index)) }
    self.parts = parts
  }

  private static func part(
    _ state: [String: Floats], _ index: Int
  ) throws(TrainingError) -> Batch {
    guard let tokens = state[name(index, "tokens")]?.array,
      let targets = state[name(index, "targets")]?.array,
      let lengths = state[name(index, "lengths")]?.array,
      tokens.count == targets.count, lengths.reduce(0, +) == Float(tokens.count)
    else { throw TrainingError("the snapshot has no whole samples of part \(index)") }
    var documents: [Range<Int>] = []
    for length in lengths {
      let start = documents.last?.upperBound ?? 0
      documents.append(start..<start + Int(length))
    }
    let prefix = name(index, columnPrefix)
    var columns: [String: [Float]] = [:]
    for (key, values) in state where key.hasPrefix(prefix) && values.count == tokens.count {
      columns[String(key.dropFirst(prefix.count))] = values.array
    }
    return Batch(
      TokenBatch(
        tokens: tokens.map { Int32($0) }, targets: targets.map { Int32($0) }, documents: documents),
      columns: columns)
  }
}
