import ContentStore
import Runner

/// How the place where two executions part is told.
extension ReplayDifference {
  /// A line each: the step, the trace, the score, the output.
  var sentences: [String] {
    var lines: [String] = []
    if let point {
      lines.append(
        "at step \(point.step): \(point.series) was \(Self.text(point.recorded)), now "
          + Self.text(point.replayed))
    }
    if let trace {
      lines +=
        tensor.map { ["trace line \(trace.number): the first tensor that differs is \($0)"] }
        ?? ["trace line \(trace.number) was \(trace.recorded)", "  now \(trace.replayed)"]
    }
    if let score {
      lines.append(
        "score \(score.series) was \(Self.text(score.recorded)), now "
          + Self.text(score.replayed))
    }
    if let output {
      lines.append("output \(output)" + (path.map { "/\($0)" } ?? "") + " differs")
    }
    return lines
  }

  private static func text(_ value: Double?) -> String {
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
      "tensor": tensor.map(JSON.string) ?? .null,
    ]
  }
}
