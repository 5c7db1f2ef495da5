/// Why the runner could not do what it was asked: one sentence with the place and the remedy.
package struct RunnerError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Which exit status it gives (DESIGN §9).
  package enum Kind: Hashable, Sendable {
    /// The call is wrong, nothing was done: 2.
    case wrong
    /// Something could not be carried out: 1.
    case failed
    /// What was recorded is damaged: 3.
    case damaged
    /// Stopped on request: 130.
    case interrupted
  }

  package var kind: Kind
  package var message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  package var description: String { message }
}
