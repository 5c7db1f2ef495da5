package import ContentStore
import Ledger
package import Pipeline

/// A new run that shares its parent's recipes up to a stage and differs from there.
package enum Branch {
  /// Resolves the parent's recorded experiment under more overrides. Refuses overrides that change
  /// a stage above `stage`, and ones that change nothing.
  /// - Parameters:
  ///   - stage: the first stage that may differ.
  ///   - step: start the stage from its parent's snapshot of this step.
  /// - Returns: the experiment, and options with the parent and the recorded files filled in.
  package static func resolve(
    parent run: Digest, at stage: String, step: Int?, overrides: [Override],
    in workspace: Workspace, registry: StageRegistry, options: RunOptions
  ) throws -> (experiment: ResolvedExperiment, options: RunOptions) { fatalError("to be built") }
}
