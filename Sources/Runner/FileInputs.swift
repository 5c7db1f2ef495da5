import ContentStore
import Pipeline

/// The user's files that stages read, as tree artifacts: their bytes bear identity, not their paths.
struct FileInputs {
  let workspace: Workspace
  /// Whether the files are stored, or only hashed (`--dry-run`).
  let isStoring: Bool

  /// The trees of a stage's `files` parameters, by port.
  func artifacts(of stage: ResolvedStage) throws -> [String: Artifact] {
    try stage.files.mapValues { patterns in
      let files = try patterns.resolve().map { (path: $0.name, file: $0.path) }
      return Artifact(.tree, try digest(of: files))
    }
  }

  private func digest(of files: [(path: String, file: String)]) throws -> Digest {
    if isStoring {
      return try workspace.store.putTree(
        try workspace.store.importFiles(files, memo: workspace.memo))
    }
    var tree = Tree()
    for (name, path) in files {
      let (digest, size) = try workspace.memo.digest(ofFile: path)
      tree.entries[name] = Tree.Entry(object: digest, size: size)
    }
    return tree.digest
  }
}
