import Pipeline
import Runner
import Stages

/// `exp worker`: carries out one stage for a runner.
enum WorkerVerb: Verb {
  static let name = "worker"
  static let summary = "Carry out one stage for a runner (request on standard input)"
  static let isHidden = true

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    ExitStatus(rawValue: Worker.serve(.all)) ?? .failed
  }
}
