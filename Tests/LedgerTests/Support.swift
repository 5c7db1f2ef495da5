import ContentStore
import Foundation

@testable import Ledger

/// A folder of its own for each test, gone afterwards.
@discardableResult
func withFolder<Value>(_ body: (String) throws -> Value) throws -> Value {
  let path = NSTemporaryDirectory() + "exp-ledger-tests-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

@discardableResult
func withLedger<Value>(_ body: (Ledger) throws -> Value) throws -> Value {
  try withFolder { try body(try Ledger(at: $0 + "/ledger.sqlite")) }
}

let sampleEnvironment: JSON = ["cpu": "none", "memory": 1]

func sampleRun(_ experiment: String = "quick") -> RunStart {
  var start = RunStart(experiment: experiment, profile: "laptop", environment: sampleEnvironment)
  start.overrides = ["stages.a.with.n=1"]
  start.files = [ExperimentText(name: "experiment.json5", text: "{ name: 'quick' }")]
  start.merged = ["type": "experiment/1", "name": "quick"]
  start.folder = "/home/someone"
  start.stages = ["a", "b"]
  start.arguments = ["exp", "run", "quick"]
  start.code = ["commit": "abc"]
  start.isLocked = true
  return start
}

func sampleRecipe(_ number: Int = 1, inputs: [String: [Artifact]] = [:]) -> Recipe {
  Recipe(
    op: "count", revision: 2,
    parameters: [
      "n": .integer(number), "model": ["layers": 4, "names": ["x", "y"]], "empty": [:],
    ],
    inputs: inputs, seed: UInt64.max, numerics: "portable/1")
}

func sampleArtifact(_ text: String, _ kind: Artifact.Kind = .file) -> Artifact {
  Artifact(kind, SHA256.hash(Array(text.utf8)))
}

func sampleResult(_ text: String = "out") -> StageResult {
  StageResult(
    outputs: ["documents": sampleArtifact(text), "model": sampleArtifact(text + "!", .tree)],
    scores: [
      "accuracy": Score(0.1 + 0.2, standardError: 0.01, count: 100, higherIsBetter: true),
      "zero": Score(-0.0), "nan": Score(.nan),
    ])
}

func recipeDigest(_ recipe: Recipe) throws -> Digest { SHA256.hash(try recipe.json.canonical()) }

extension Ledger {
  /// Records a done execution and gives its id.
  @discardableResult
  func carryOut(
    _ recipe: Recipe, _ result: StageResult, run: Digest? = nil, stage: String = "a"
  ) throws -> Digest {
    let start = ExecutionStart(
      recipe: recipe, run: run, stage: stage, environment: sampleEnvironment)
    let execution = try beginExecution(start)
    try endExecution(execution, ExecutionEnd(ending: .done, result: result))
    return execution
  }
}

/// Runs the sqlite3 shell on a file and gives what it prints. Standard error joins it.
@discardableResult
func sqlite3(_ path: String, _ sql: String) throws -> String {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["sqlite3", "-batch", path, sql]
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let output = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return String(decoding: output, as: UTF8.self)
}
