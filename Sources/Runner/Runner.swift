package import Pipeline

/// Carries out experiments: plans, answers from the ledger what is known, has workers do the rest,
/// and records it.
package enum Runner {
  /// Runs an experiment to its end, a failure or a request to stop (Ctrl-C, SIGTERM), and returns
  /// what was done. Blocks the calling thread, from which workers are started. Throws when nothing
  /// could be done at all: unreadable files, a full disk, a damaged ledger.
  package static func run(
    _ experiment: ResolvedExperiment, in workspace: Workspace, options: RunOptions,
    registry: StageRegistry, observer: any RunObserver
  ) throws -> RunReport {
    try Scheduler(
      experiment, in: workspace, options: options, registry: registry, observer: observer
    ).run()
  }
}
