import ContentStore
import Ledger
import Pipeline
import Runner

/// Turns errors into messages and exit statuses: the one place that does.
enum Failure {
  /// Says what was wrong and returns the status that DESIGN §9 gives it.
  static func report(_ error: any Error, _ console: Console) -> ExitStatus {
    console.talk(console.talkStyled("error:", .red) + " \(error)")
    return status(of: error)
  }

  static func status(of error: any Error) -> ExitStatus {
    switch error {
    case is UsageError, is ExperimentError: .wrong
    case let error as StoreError: status(of: error.kind)
    case let error as LedgerError: status(of: error.kind)
    case let error as RunnerError: status(of: error.kind)
    default: .failed
    }
  }

  private static func status(of kind: StoreError.Kind) -> ExitStatus {
    switch kind {
    case .damaged, .missing: .damaged
    case .refused: .wrong
    case .full, .system: .failed
    }
  }

  private static func status(of kind: LedgerError.Kind) -> ExitStatus {
    switch kind {
    case .damaged: .damaged
    case .missing, .newer, .readOnly, .refused: .wrong
    case .busy, .full, .sqlite: .failed
    }
  }

  private static func status(of kind: RunnerError.Kind) -> ExitStatus {
    switch kind {
    case .wrong: .wrong
    case .failed: .failed
    case .damaged: .damaged
    case .interrupted: .interrupted
    }
  }
}
