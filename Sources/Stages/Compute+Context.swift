import Numerics
import Pipeline

extension StageContext {
  /// The threads that the stage may use, and the engine that its recipe names. Throws when the engine
  /// is not here.
  func compute() throws -> Compute {
    Compute(
      threads: threads, engine: try Engine(named: numerics),
      profile: profileSteps > 0 ? Profile() : nil)
  }

  /// How many rows to take through a model at once, if the runner has a wish. Ignored where that would
  /// change bits.
  func batchHint(_ compute: Compute) -> Int? {
    compute.engine.isBatchInvariant ? microBatchRows.map { max(1, $0) } : nil
  }
}
