import ContentStore

/// Turns errors into messages and exit statuses: the one place that does.
enum Failure {
  /// Says what was wrong and returns the status that DESIGN §9 gives it.
  static func report(_ error: any Error, _ console: Console) -> ExitStatus {
    console.talk(console.talkStyled("error:", .red) + " \(error)")
    return status(of: error)
  }

  static func status(of error: any Error) -> ExitStatus {
    switch error {
    case let error as StoreError:
      switch error.kind {
      case .damaged, .missing: return .damaged
      case .full, .system: return .failed
      }
    case is UsageError: return .wrong
    default: return .failed
    }
  }
}
