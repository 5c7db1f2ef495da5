import ContentStore
import Ledger
import Pipeline

/// Holds what a recorded recipe gave now against what it gave before.
struct ReplayVerdict {
  let workspace: Workspace
  let registry: StageRegistry

  init(_ workspace: Workspace, _ registry: StageRegistry) {
    (self.workspace, self.registry) = (workspace, registry)
  }

  func judge(
    _ finished: WorkerPool.Finished, expected: StageResult, of original: RecordedExecution
  ) throws -> ReplayReport.Verdict {
    if finished.end.ending == .interrupted { return .skipped }
    guard let result = finished.end.result else {
      return .failed(finished.end.error ?? "it ended without a result")
    }
    if result == expected { return .identical }
    let comparison = ReplayComparison(workspace: workspace)
    let recipe = finished.job.recipe
    if let stage = try registry[recipe.op]?.decode(recipe: recipe), !stage.isDeterministic {
      let tolerance = recipe.parameters["tolerance"]?.exactValue ?? 0
      guard
        let score = comparison.firstScore(expected, result, beyond: tolerance)
      else { return .withinTolerance }
      return .differs(ReplayDifference(score: score))
    }
    return .differs(
      try comparison.difference(
        expected, result, original: original, replay: finished.job.execution))
  }
}

/// Looks for what keeps a recorded recipe from being carried out here.
struct RecipeObstacle {
  let workspace: Workspace
  let registry: StageRegistry
  let options: RunOptions

  init(_ workspace: Workspace, _ registry: StageRegistry, _ options: RunOptions) {
    (self.workspace, self.registry, self.options) = (workspace, registry, options)
  }

  /// What is in the way; nil when nothing is.
  func find(_ recipe: Recipe) -> String? {
    guard let op = registry[recipe.op] else { return "this exp has no op \"\(recipe.op)\"" }
    if op.revision != recipe.revision {
      return "the record is of revision \(recipe.revision) of \"\(op.op)\", and this exp has "
        + "revision \(op.revision); use the version of exp that recorded it"
    }
    if let numerics = recipe.numerics, let obstacle = options.engineObstacle(numerics) {
      return obstacle
    }
    for (port, artifacts) in recipe.inputs.sorted(by: { $0.key < $1.key }) {
      for artifact in artifacts {
        if let missing = workspace.store.missing(artifact).first {
          return "the object \(missing) of its input \"\(port)\" is not in the store"
        }
      }
    }
    return nil
  }
}
