/// What is wrong with a tokenizer, its file or its training, in one sentence.
package struct TextError: Error, Hashable, Sendable, CustomStringConvertible {
  package var message: String
  package init(_ message: String) { self.message = message }
  package var description: String { message }
}
