package import Pipeline

/// Carries out one stage: the other side of the runner.
package enum Worker {
  /// The whole life of `exp worker`: reads one request from standard input, writes events to
  /// standard output. Returns the exit status.
  package static func serve(_ registry: StageRegistry) -> Int32 {
    fatalError("to be built")
  }
}
