/// What is wrong with a model folder or a snapshot, in one sentence that names the file or tensor.
package struct CheckpointError: Error, Hashable, Sendable, CustomStringConvertible {
  package var message: String
  package init(_ message: String) { self.message = message }
  package var description: String { message }
}
