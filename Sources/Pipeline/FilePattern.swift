/// The user's files as an experiment names them: a path, a folder or a glob.
package struct FilePattern: Sendable {
  /// As written.
  package let text: String
  /// Where a relative pattern starts: the experiment file's folder, or for `--set` the current one.
  package let folder: String
  /// JSON path of the parameter.
  package let path: String
  package let position: SourcePosition?

  package init(
    _ text: String, in folder: String, path: String = "", at position: SourcePosition? = nil
  ) {
    self.text = text
    self.folder = folder
    self.path = path
    self.position = position
  }
}

/// A user's file that a pattern found.
package struct FoundFile: Hashable, Sendable {
  /// Absolute.
  package var path: String
  /// Its path in the tree artifact.
  package var name: String
}

extension [FilePattern] {
  /// The files, sorted by name in the tree (by bytes). A file keeps its base name, a folder's files
  /// their path below the folder, a glob's files their path below the last folder without a wildcard.
  /// Hidden files are skipped unless named. Throws when a pattern finds nothing, a file cannot be
  /// read, or two files would have one name.
  package func resolve() throws(ExperimentError) -> [FoundFile] { fatalError("to be built") }
}
