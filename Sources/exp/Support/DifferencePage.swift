import ContentStore
import Runner

/// How the place where two executions part is told.
extension ReplayDifference {
  /// A line each: the step, the trace, the tensors, the score, the output.
  var sentences: [String] {
    var lines: [String] = []
    if let point {
      lines.append(
        "at step \(point.step): \(point.series) was \(text(point.recorded)), now "
          + text(point.replayed) + distance(point))
    }
    if let trace { lines += sentences(of: trace) }
    if let tensors { lines += sentences(of: tensors) }
    if let score {
      lines.append(
        "score \(score.series) was \(text(score.recorded)), now \(text(score.replayed))")
    }
    if let output {
      lines.append("output \(output)" + (path.map { "/\($0)" } ?? "") + " differs")
    }
    return lines
  }

  /// A trainer's trace names what differs; of another program's, the lines are shown.
  private func sentences(of trace: TraceLine) -> [String] {
    let parts = trace.parts
    guard let step = trace.step, !parts.isEmpty else {
      return ["trace line \(trace.number) was \(trace.recorded)", "  now \(trace.replayed)"]
    }
    let words = parts.map { part in
      guard let first = part.tensors.first else { return part.name }
      let more = part.tensors.count > 1 ? " and \(part.tensors.count - 1) more" : ""
      return "\(part.name) of \(first)\(more)"
    }
    return ["first differing line of the trace: step \(step), in \(words.joined(separator: "; "))"]
  }

  private func sentences(of tensors: Tensors) -> [String] {
    var lines =
      tensors.differing.first.map { first in
        [
          "\(tensors.path): \(first.name) differs in \(first.differing) of \(first.elements) values, "
            + atMost(first.units)
        ]
      } ?? []
    if tensors.differing.count > 1, let worst = tensors.differing.max(by: { $0.units < $1.units }) {
      lines.append(
        "  \(tensors.differing.count) of \(tensors.compared) tensors differ, \(worst.name) by most: "
          + units(worst.units))
    }
    return lines
  }

  private func atMost(_ count: UInt64) -> String {
    count == .max ? units(count) : "by at most \(units(count))"
  }

  private func distance(_ point: Point) -> String {
    guard let one = point.recorded, let other = point.replayed, one.isFinite, other.isFinite else {
      return ""
    }
    return ", \(units(UnitsInLastPlace.between(one, other))) apart"
  }

  private func units(_ count: UInt64) -> String {
    switch count {
    case .max: "a NaN on one side"
    case 1: "1 unit in the last place"
    default: "\(count) units in the last place"
    }
  }

  private func text(_ value: Double?) -> String {
    value.map { $0.isFinite ? JSON.ecmaScript($0) : "\($0)" } ?? "absent"
  }

  var json: JSON {
    [
      "output": output.map(JSON.string) ?? .null, "path": path.map(JSON.string) ?? .null,
      "step": point.map { .integer($0.step) } ?? .null,
      "series": point.map { .string($0.series) } ?? .null,
      "recorded": point?.recorded.map(JSON.exact) ?? .null,
      "replayed": point?.replayed.map(JSON.exact) ?? .null,
      "traceLine": trace.map { .integer($0.number) } ?? .null,
      "traceStep": trace?.step.map(JSON.integer) ?? .null,
      "traceParts": trace.map { parts(of: $0) } ?? .null,
      "tensor": tensor.map(JSON.string) ?? .null,
      "tensors": tensors.map { json(of: $0) } ?? .null,
    ]
  }

  private func parts(of trace: TraceLine) -> JSON {
    .array(
      trace.parts.map { part in
        ["name": .string(part.name), "tensors": .array(part.tensors.map(JSON.string))]
      })
  }

  /// `{path, step, compared, differing: [{name, elements, differing, units}]}`; `units` is null where
  /// one side is NaN.
  private func json(of tensors: Tensors) -> JSON {
    [
      "path": .string(tensors.path), "step": tensors.step.map(JSON.integer) ?? .null,
      "compared": .integer(tensors.compared),
      "differing": .array(
        tensors.differing.map { tensor in
          [
            "name": .string(tensor.name), "elements": .integer(tensor.elements),
            "differing": .integer(tensor.differing),
            "units": Int(exactly: tensor.units).map(JSON.integer) ?? .null,
          ]
        }),
    ]
  }
}
