/// What is wrong with an experiment, a `--set` or a reference, and where: one sentence with the
/// remedy, the JSON path, and the place in the text.
package struct ExperimentError: Error, Sendable, CustomStringConvertible {
  package var message: String
  /// JSON path from the experiment's root (`stages.pretrain.with.learningRate`); empty when none.
  package var path: String
  package var position: SourcePosition?

  package init(_ message: String, path: String = "", at position: SourcePosition? = nil) {
    self.message = message
    self.path = path
    self.position = position
  }

  /// `file:line:column: path: message`, then the line with a caret.
  package var description: String {
    let place = [position?.description, path.isEmpty ? nil : path].compactMap(\.self)
    let sentence = (place + [message]).joined(separator: ": ")
    return position.map { "\(sentence)\n\($0.excerpt)" } ?? sentence
  }
}
