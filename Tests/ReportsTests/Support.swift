import ContentStore
import Foundation
import Ledger

/// A ledger with runs of a small made-up experiment: `text` from the user's files, `tokens` of it,
/// `model` from both, `evaluate` of the model.
final class Laboratory {
  let ledger: Ledger
  private let folder: String
  /// The objects that `read` gives.
  var objects: [Digest: [UInt8]] = [:]

  init() throws {
    folder = NSTemporaryDirectory() + "exp-reports-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    ledger = try Ledger(at: folder + "/ledger.sqlite")
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  static let files = artifact("the user's files", .tree)

  static func artifact(_ text: String, _ kind: Artifact.Kind = .file) -> Artifact {
    Artifact(kind, SHA256.hash(Array(text.utf8)))
  }

  func keep(_ text: String) -> Artifact {
    let artifact = Self.artifact(text)
    objects[artifact.digest] = Array(text.utf8)
    return artifact
  }

  func read(_ digest: Digest) throws -> [UInt8] { objects[digest] ?? [] }

  /// One stage of a run.
  struct Step {
    var name: String
    var parameters: JSON = [:]
    var inputs: [String: [Artifact]] = [:]
    var result: StageResult?
    var metrics: [MetricPoint] = []
  }

  /// Records a run of these stages; a recipe with a result on record is a hit, unless `isFresh`.
  func run(
    _ steps: [Step], environment: JSON = ["cpu": ["model": "A"]], code: JSON = ["commit": "1"],
    isFresh: Bool = false, replicate: Replicate? = nil, parent: BranchPoint? = nil,
    seed: Int? = nil
  ) throws -> RecordedRun {
    var start = RunStart(experiment: "made-up", environment: environment)
    start.code = code
    start.stages = steps.map(\.name)
    start.replicate = replicate
    start.parent = parent
    if let seed { start.merged = ["experiment": ["seed": .integer(seed)]] }
    let run = try ledger.beginRun(start)
    for (position, step) in steps.enumerated() {
      try record(step, position, of: run, isFresh: isFresh)
    }
    try ledger.endRun(run, RunEnd(ending: .done))
    return try ledger.run(run)!
  }

  private func record(_ step: Step, _ position: Int, of run: Digest, isFresh: Bool) throws {
    let recipe = Recipe(
      op: "op-\(step.name)", revision: 1, parameters: step.parameters, inputs: step.inputs,
      seed: nil, numerics: nil)
    let name = SHA256.hash(try recipe.json.canonical())
    let known = isFresh ? nil : try ledger.results(ofRecipe: name).first?.executions.first
    let execution = try known ?? carryOut(step, recipe, of: run)
    try ledger.addRunStage(
      RunStage(
        name: step.name, position: position, op: recipe.op, recipe: name, execution: execution,
        outcome: known == nil ? .executed : .hit), to: run)
  }

  private func carryOut(_ step: Step, _ recipe: Recipe, of run: Digest) throws -> Digest {
    let execution = try ledger.beginExecution(
      ExecutionStart(recipe: recipe, run: run, stage: step.name, environment: [:]))
    try ledger.appendMetrics(step.metrics, to: execution)
    let end =
      step.result.map { ExecutionEnd(ending: .done, result: $0) }
      ?? ExecutionEnd(ending: .failed, error: "no result")
    try ledger.endExecution(execution, end)
    return execution
  }

  /// The experiment with a learning rate, whose model and outcomes depend on it.
  func steps(rate: Double, answers: [Bool], loss: Double) -> [Step] {
    let text = Self.artifact("text")
    let tokens = Self.artifact("tokens", .tree)
    let model = Self.artifact("model \(rate)", .tree)
    let outcomes = answers.enumerated().map { index, isRight in
      "{\"correct\":\(isRight),\"id\":\"q\(index)\"}\n"
    }
    let share = Double(answers.count { $0 }) / Double(answers.count)
    return [
      Step(
        name: "text", inputs: ["files": [Self.files]],
        result: StageResult(outputs: ["documents": text], scores: [:])),
      Step(
        name: "tokens", parameters: ["vocabulary": 300], inputs: ["documents": [text]],
        result: StageResult(outputs: ["tokens": tokens], scores: [:])),
      Step(
        name: "model", parameters: ["learningRate": .number(rate), "model": ["layers": 2]],
        inputs: ["documents": [text], "tokens": [tokens]],
        result: StageResult(
          outputs: ["checkpoint": model],
          scores: ["loss": Score(loss, standardError: 0.1, count: 50)]),
        metrics: [
          MetricPoint(series: "loss", step: 1, value: 9),
          MetricPoint(series: "loss", step: 2, value: loss),
        ]),
      Step(
        name: "evaluate", inputs: ["checkpoint": [model]],
        result: StageResult(
          outputs: ["outcomes": keep(outcomes.joined())],
          scores: ["accuracy": Score(share, standardError: 0.2, count: answers.count)])),
    ]
  }
}
