extension ObjectStore {
  /// Stores a manifest. Refuses paths that cannot stand in one, and a path that is both a file and a
  /// folder.
  @discardableResult
  package func putTree(_ tree: Tree) throws(StoreError) -> Digest {
    if let path = tree.conflict {
      throw StoreError(.refused, "\"\(path)\" cannot be a path in a tree; rename it")
    }
    return try put(tree.canonical())
  }

  /// A tree's manifest.
  package func readTree(_ digest: Digest) throws(StoreError) -> Tree {
    let bytes = try read(digest)
    guard let json = try? JSON(parsing: bytes), let tree = Tree(json: json), tree.conflict == nil
    else {
      throw StoreError(
        .damaged(digest), "the object \"\(file(of: digest))\" is not the manifest of a tree")
    }
    return tree
  }

  /// Copies an object to a new file, checked. An existing file is refused.
  package func copy(
    _ digest: Digest, to path: String, readOnly: Bool = false
  ) throws(StoreError) {
    try refuseExisting(path)
    let reader = try makeReader(digest)
    let temporary = path + ".tmp-" + TemporaryName.next()
    do throws(StoreError) {
      let file = try File(temporary, .create(permissions: readOnly ? 0o444 : 0o666))
      while let piece = try reader.next() { try file.write(piece) }
      try FileSystem.rename(temporary, to: path)
    } catch {
      try? FileSystem.removeFile(temporary)
      throw error
    }
  }

  /// Copies an artifact out: a file becomes the file `path`, a tree the folder `path` (which may be
  /// there; files in it that a copy would replace are refused). Checked.
  package func materialize(
    _ artifact: Artifact, at path: String, readOnly: Bool = false
  ) throws(StoreError) {
    switch artifact.kind {
    case .file:
      if let folder = FileSystem.parent(of: path) { try FileSystem.createFolder(folder) }
      try copy(artifact.digest, to: path, readOnly: readOnly)
    case .tree:
      try materialize(readTree(artifact.digest), at: path, readOnly: readOnly)
    }
  }

  private func materialize(_ tree: Tree, at folder: String, readOnly: Bool) throws(StoreError) {
    let entries = tree.entries.sorted { FileSystem.precedes($0.key, $1.key) }
    for (name, _) in entries { try refuseExisting("\(folder)/\(name)") }
    try FileSystem.createFolder(folder)
    var made: Set<String> = [folder]
    for (name, entry) in entries {
      let path = "\(folder)/\(name)"
      if let parent = FileSystem.parent(of: path), made.insert(parent).inserted {
        try FileSystem.createFolder(parent)
      }
      try copy(entry.object, to: path, readOnly: readOnly)
    }
  }

  private func refuseExisting(_ path: String) throws(StoreError) {
    guard try FileSystem.status(of: path, followingLinks: false) == nil else {
      throw StoreError(.refused, "\"\(path)\" is there already; remove it or choose another place")
    }
  }
}

extension Tree {
  /// A path that cannot stand in this tree: not valid, or a file where another path has a folder.
  var conflict: String? {
    let paths = entries.keys.sorted(by: FileSystem.precedes)
    return paths.first { path in
      if !Tree.isValid(path: path) { return true }
      let bytes = path.utf8
      return bytes.indices.contains { index in
        bytes[index] == UInt8(ascii: "/") && entries[String(path[..<index])] != nil
      }
    }
  }

  /// The manifest's bytes: the canonical form of `json`, written without building it.
  package func canonical() -> [UInt8] {
    var out = Array("{\"entries\":{".utf8)
    out.reserveCapacity(entries.count * 160 + 32)
    let sorted = entries.sorted { JSON.precedes($0.key, $1.key) }
    for (index, (path, entry)) in sorted.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      JSON.append(path, to: &out)
      out += ":{\"object\":\"sha256:".utf8
      out += entry.object.hex.utf8
      out += "\",\"size\":\(entry.size)}".utf8
    }
    out += "},\"type\":\"tree/1\"}".utf8
    return out
  }

  /// The digest that the manifest has as an object.
  package var digest: Digest { SHA256.hash(canonical()) }
}
