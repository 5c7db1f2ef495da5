import Runner

/// What a verdict is called and in which colour, for people and in JSON.
extension ReplayReport.Verdict {
  var word: String {
    switch self {
    case .identical: "identical"
    case .withinTolerance: "within tolerance"
    case .differs: "differs"
    case .failed: "failed"
    case .skipped: "skipped"
    }
  }

  var colour: Console.Style {
    switch self {
    case .identical, .withinTolerance: .green
    case .differs, .failed: .red
    case .skipped: .yellow
    }
  }
}
