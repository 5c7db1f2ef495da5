extension ObjectStore {
  /// Stores every file under a folder as a tree. Links to files and folders are followed; loops,
  /// links to nothing, and what is neither file nor folder are refused. Folders named in `skipping`
  /// are left out. With a memo, unchanged files are neither read nor hashed again.
  package func importFolder(
    _ folder: String, skipping: Set<String> = [".exp", ".git"], memo: FileMemo? = nil
  ) throws(StoreError) -> Tree {
    let paths = try FileSystem.listRecursively(folder, skipping: skipping)
    return try importFiles(paths.map { (path: $0, file: "\(folder)/\($0)") }, memo: memo)
  }

  /// Stores files as a tree: manifest path and file on disk. Durable on return.
  package func importFiles(
    _ files: [(path: String, file: String)], memo: FileMemo? = nil
  ) throws(StoreError) -> Tree {
    let batch = makeBatch()
    var tree = Tree()
    for (path, file) in files {
      let entry = try importFile(file, in: batch, memo: memo)
      // Swift compares strings by meaning, so two spellings of one accented name are equal.
      guard tree.entries.updateValue(entry, forKey: path) == nil else {
        throw StoreError(
          .refused,
          "two files have the name \"\(path)\" but for the Unicode form of a letter; rename one")
      }
    }
    try batch.commit()
    return tree
  }

  private func importFile(
    _ file: String, in batch: ObjectBatch, memo: FileMemo?
  ) throws(StoreError) -> Tree.Entry {
    if let memo, let status = try FileSystem.status(of: file),
      let digest = memo.remembered(file, status), try holdsNamed(digest, size: status.size)
    {
      return Tree.Entry(object: digest, size: status.size)
    }
    let writer = try batch.makeWriter()
    let reading = try StableFile.read(file) { (chunk) throws(StoreError) in
      try writer.write(chunk)
    }
    let (digest, size) = try writer.finish()
    memo?.record(file, reading, digest)
    return Tree.Entry(object: digest, size: size)
  }

  /// Whether an object of this name and size is there; its bytes are checked when they are read.
  private func holdsNamed(_ digest: Digest, size: Int) throws(StoreError) -> Bool {
    try FileSystem.status(of: file(of: digest))?.size == size
  }
}
