import ContentStore
import Pipeline
import Testing

/// A text as a source, in the folder `/home/user/exp`.
func source(_ text: String, name: String = "experiment.json5") -> SourceFile {
  SourceFile(name: name, folder: "/home/user/exp", bytes: Array(text.utf8))
}

func parse(_ text: String) throws -> SourceNode { try SourceNode(parsing: source(text)) }

/// The error that a body throws.
func failure(
  _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) throws -> ExperimentError {
  do {
    try body()
  } catch let error as ExperimentError {
    return error
  }
  Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  throw CancellationError()
}

/// `line:column path: message`.
func brief(_ error: ExperimentError) -> String {
  let place = error.position.map { "\($0.line):\($0.column) " } ?? ""
  return place + (error.path.isEmpty ? "" : error.path + ": ") + error.message
}

func override(_ text: String) throws -> Override { try Override(parsing: text, folder: "/cwd") }

/// An experiment of stages over `testRegistry`.
func experiment(
  stages: String, rest: String = "", profile: String? = nil, set: [String] = []
) throws -> Experiment {
  let file = try ExperimentFile(
    parsing: source("{name: 'test', seed: 7, stages: {\(stages)}, \(rest)}"))
  return try file.experiment(profile: profile, overrides: set.map(override))
}

func resolve(
  stages: String, rest: String = "", profile: String? = nil, set: [String] = []
) throws -> ResolvedExperiment {
  try experiment(stages: stages, rest: rest, profile: profile, set: set).resolve(testRegistry)
}
