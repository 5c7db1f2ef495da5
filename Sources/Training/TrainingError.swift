/// Why training cannot start or go on, in one sentence.
package struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
  package var message: String
  package init(_ message: String) { self.message = message }
  package var description: String { message }
}
