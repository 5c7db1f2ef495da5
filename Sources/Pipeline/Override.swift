/// One `--set PATH=VALUE`.
package struct Override: Sendable {
  /// As the user wrote it: `stages.pretrain.with.phases[1].tokens=1e6`.
  package let text: String
  package let steps: [Step]
  package let value: SourceNode

  /// A step of a path: a member's name or an element's number, from 0.
  package enum Step: Hashable, Sendable {
    case key(String)
    case index(Int)
  }

  /// Reads `PATH=VALUE`. The value is JSON5 if it can be read so, else text; `null` removes the member.
  /// - Parameter folder: where relative file paths in the value start from: the current folder.
  package init(parsing text: String, folder: String) throws(ExperimentError) {
    fatalError("to be built")
  }
}
