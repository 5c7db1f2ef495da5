/// What is wrong with a corpus file, in one sentence that names the file and the place in it.
package struct CorpusError: Error, Hashable, Sendable, CustomStringConvertible {
  package var message: String
  package init(_ message: String) { self.message = message }
  package var description: String { message }
}
