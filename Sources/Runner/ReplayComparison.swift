import ContentStore
import Ledger

/// Finds where two executions of a recipe part.
struct ReplayComparison {
  let workspace: Workspace

  func difference(
    _ recorded: StageResult, _ replayed: StageResult, original: RecordedExecution, replay: Digest
  ) throws -> ReplayDifference {
    var difference = ReplayDifference()
    let ports = Set(recorded.outputs.keys).union(replayed.outputs.keys).sorted()
    difference.output = ports.first { recorded.outputs[$0] != replayed.outputs[$0] }
    if let port = difference.output {
      difference.path = path(recorded.outputs[port], replayed.outputs[port])
    }
    difference.score = firstScore(recorded, replayed, beyond: 0)
    difference.point = try firstPoint(original, replay)
    difference.trace = traceLine(recorded.outputs["trace"], replayed.outputs["trace"])
    difference.tensors = TensorComparison(store: workspace.store).first(recorded, replayed)
    return difference
  }

  /// The first path, by bytes, at which two trees differ.
  private func path(_ recorded: Artifact?, _ replayed: Artifact?) -> String? {
    guard let recorded, let replayed, recorded.kind == .tree, replayed.kind == .tree,
      let one = try? workspace.store.readTree(recorded.digest).entries,
      let other = try? workspace.store.readTree(replayed.digest).entries
    else { return nil }
    return Set(one.keys).union(other.keys).sorted(by: FileSystem.precedes)
      .first { one[$0] != other[$0] }
  }

  /// The first score, by name, whose values are further apart than `tolerance`; with 0, whose bits
  /// differ.
  func firstScore(
    _ recorded: StageResult, _ replayed: StageResult, beyond tolerance: Double
  ) -> ReplayDifference.Point? {
    for name in Set(recorded.scores.keys).union(replayed.scores.keys).sorted() {
      let (one, other) = (recorded.scores[name]?.value, replayed.scores[name]?.value)
      if isSame(one, other) { continue }
      if let one, let other, tolerance > 0, (one - other).magnitude <= tolerance { continue }
      return .init(series: name, step: 0, recorded: one, replayed: other)
    }
    return nil
  }

  private func isSame(_ one: Double?, _ other: Double?) -> Bool {
    one?.bitPattern == other?.bitPattern
  }

  // MARK: Metrics

  /// The lowest step at which a series has other bits, and there the series recorded first.
  private func firstPoint(
    _ original: RecordedExecution, _ replay: Digest
  ) throws -> ReplayDifference.Point? {
    let recorded = try points(before: original)
    let replayed = Points(try workspace.ledger.points(of: replay))
    var first: (step: Int, order: Int, key: Points.Key)?
    for key in Set(recorded.values.keys).union(replayed.values.keys)
    where !isSame(recorded.values[key], replayed.values[key]) {
      let order = recorded.order[key.series] ?? Int.max
      let isEarlier = first.map {
        ($0.step, $0.order, $0.key.series) > (key.step, order, key.series)
      }
      if isEarlier ?? true { first = (key.step, order, key) }
    }
    return first.map {
      .init(
        series: $0.key.series, step: $0.key.step, recorded: recorded.values[$0.key],
        replayed: replayed.values[$0.key])
    }
  }

  /// The points of an execution and of the unfinished ones it went on from.
  private func points(before original: RecordedExecution) throws -> Points {
    var all: [MetricPoint] = []
    for execution in try workspace.ledger.executions(ofRecipe: original.recipe) {
      let isUnfinished =
        execution.end?.ending != .done && ![.replay, .audit].contains(execution.start.purpose)
      if execution.id == original.id || (original.start.resumedFrom != nil && isUnfinished) {
        all += try workspace.ledger.points(of: execution.id)
      }
      if execution.id == original.id { break }
    }
    return Points(all)
  }

  /// Metric values by series and step; the last one counts where there are several.
  private struct Points {
    struct Key: Hashable {
      var series: String
      var step: Int
    }

    var values: [Key: Double] = [:]
    /// The series by their first point.
    var order: [String: Int] = [:]

    init(_ points: [MetricPoint]) {
      for point in points {
        values[Key(series: point.series, step: point.step)] = point.value
        if order[point.series] == nil { order[point.series] = order.count }
      }
    }
  }

  // MARK: Trace

  private func traceLine(
    _ recorded: Artifact?, _ replayed: Artifact?
  ) -> ReplayDifference.TraceLine? {
    guard let recorded, let replayed, recorded.kind == .file, replayed.kind == .file,
      let one = try? workspace.store.makeReader(recorded.digest),
      let other = try? workspace.store.makeReader(replayed.digest)
    else { return nil }
    var number = 1
    while true {
      let lines = ((try? one.nextLine()) ?? nil, (try? other.nextLine()) ?? nil)
      if lines.0 == nil && lines.1 == nil { return nil }
      if lines.0 != lines.1 {
        return .init(number: number, recorded: text(lines.0), replayed: text(lines.1))
      }
      number += 1
    }
  }

  private func text(_ line: [UInt8]?) -> String { String(decoding: line ?? [], as: UTF8.self) }
}
