import CGit2
import Glibc

/// A git tree of the tracked files as they are in the work tree. Made in an index in memory, so
/// that the user's own is not touched.
enum Snapshot {
  /// The tree's name, and what it could not hold.
  static func write(
    _ changed: [ChangedPath], in repository: borrowing Repository
  ) throws(GitError) -> (tree: git_oid, note: String?) {
    let index = try gitObject { git_index_new($0) }
    defer { git_index_free(index) }
    try readCommit(into: index, repository)
    // First all that is gone, so that a folder may take the place of a file.
    for path in changed { git_index_remove(index, path.bytes, 0) }
    var submodules: [String] = []
    for path in changed where path.isPresent {
      let isSubmodule = try add(path, to: index, repository)
      if isSubmodule { submodules.append(path.text) }
    }
    var tree = git_oid()
    try git(git_index_write_tree_to(&tree, index, repository.pointer))
    let names = submodules.joined(separator: ", ")
    let note = "of submodules (\(names)) only the commit is kept, not changes inside"
    return (tree, submodules.isEmpty ? nil : note)
  }

  private static func readCommit(
    into index: OpaquePointer, _ repository: borrowing Repository
  ) throws(GitError) {
    let pointer = repository.pointer
    guard let head = try? gitObject({ git_repository_head($0, pointer) }) else { return }
    defer { git_reference_free(head) }
    let tree = try gitObject { git_reference_peel($0, head, GIT_OBJECT_TREE) }
    defer { git_object_free(tree) }
    try git(git_index_read_tree(index, tree))
  }

  /// Adds a path as it is in the work tree; true when it is a submodule.
  private static func add(
    _ path: ChangedPath, to index: OpaquePointer, _ repository: borrowing Repository
  ) throws(GitError) -> Bool {
    var status = stat()
    let folder = repository.workTree.utf8CString.dropLast()
    guard lstat(folder + path.bytes, &status) == 0 else { return false }
    var entry = git_index_entry()
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      entry.mode = fileMode(path, status, repository)
      try git(git_blob_create_from_workdir(&entry.id, repository.pointer, path.bytes))
    case S_IFLNK:
      entry.mode = GIT_FILEMODE_LINK.rawValue
      try git(git_blob_create_from_workdir(&entry.id, repository.pointer, path.bytes))
    case S_IFDIR:
      guard let id = submoduleHead(path, repository) else { return false }
      entry.mode = GIT_FILEMODE_COMMIT.rawValue
      entry.id = id
    default: return false
    }
    let isSubmodule = entry.mode == GIT_FILEMODE_COMMIT.rawValue
    let code = path.bytes.withUnsafeBufferPointer { bytes in
      entry.path = bytes.baseAddress
      return git_index_add(index, &entry)
    }
    try git(code)
    return isSubmodule
  }

  private static func fileMode(
    _ path: ChangedPath, _ status: stat, _ repository: borrowing Repository
  ) -> UInt32 {
    if !repository.trustsFileMode, let mode = indexMode(path, repository) { return mode }
    let isExecutable = status.st_mode & S_IXUSR != 0
    return (isExecutable ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB).rawValue
  }

  private static func indexMode(
    _ path: ChangedPath, _ repository: borrowing Repository
  ) -> UInt32? {
    let pointer = repository.pointer
    guard let index = try? gitObject({ git_repository_index($0, pointer) }) else { return nil }
    defer { git_index_free(index) }
    return git_index_get_bypath(index, path.bytes, 0)?.pointee.mode
  }

  /// The commit checked out in a submodule.
  private static func submoduleHead(
    _ path: ChangedPath, _ repository: borrowing Repository
  ) -> git_oid? {
    let pointer = repository.pointer
    guard let module = try? gitObject({ git_submodule_lookup($0, pointer, path.bytes) }) else {
      return nil
    }
    defer { git_submodule_free(module) }
    return (git_submodule_wd_id(module) ?? git_submodule_index_id(module))?.pointee
  }
}
