import Glibc

extension ObjectStore {
  /// Makes the folders and removes temporary files that dead processes left. Called once by
  /// whoever opens the store for writing.
  package func prepare() throws(StoreError) {
    try FileSystem.createFolder(temporaryFolder)
    // Made in order and last to first found: with the last one, all are there.
    if !FileSystem.exists("\(path)/ff") {
      for byte in 0..<256 {
        let name = String(byte, radix: 16)
        try FileSystem.createFolder("\(path)/\(byte < 16 ? "0" : "")\(name)")
      }
      try FileSystem.syncFolder(path)
      if let parent = FileSystem.parent(of: path) { try FileSystem.syncFolder(parent) }
    }
    try removeStaleFiles()
  }

  /// A temporary file is stale when it is ten minutes old and nobody holds its lock, or a day old
  /// where the file system knows no locks.
  private func removeStaleFiles() throws(StoreError) {
    for name in try FileSystem.list(temporaryFolder) {
      let file = "\(temporaryFolder)/\(name)"
      guard let status = try FileSystem.status(of: file, followingLinks: false) else { continue }
      let age = Clock.now() - status.modified
      if age > Clock.seconds(600), try isAbandoned(file, age: age) {
        try FileSystem.removeFile(file)
      }
    }
  }

  private func isAbandoned(_ path: String, age: Int64) throws(StoreError) -> Bool {
    let file: File
    do throws(StoreError) {
      file = try File(path, .read)
    } catch {
      return false  // finished or removed since it was listed
    }
    if flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    return errno != EWOULDBLOCK && age > Clock.seconds(86_400)
  }

  /// All objects, sorted.
  package func list() throws(StoreError) -> [Digest] {
    var found: [Digest] = []
    for folder in try FileSystem.list(path) where folder.utf8.count == 2 {
      for name in try FileSystem.list("\(path)/\(folder)") {
        if let digest = Digest(folder + name) { found.append(digest) }
      }
    }
    return found.sorted()
  }

  /// Re-hashes an object; throws `.missing` or `.damaged`.
  package func verify(_ digest: Digest) throws(StoreError) {
    let file = try open(digest)
    let found = try SHA256.hash(file)
    guard found == digest else { throw damaged(digest, found: found) }
  }

  /// Evicts an object; nothing when it is not there.
  package func remove(_ digest: Digest) throws(StoreError) {
    try FileSystem.removeFile(file(of: digest))
  }
}

extension SHA256 {
  /// The digest of the rest of a file, streaming.
  package static func hash(_ file: borrowing File) throws(StoreError) -> Digest {
    var hasher = SHA256()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = try file.read(into: buffer)
      if count == 0 { return hasher.finalize() }
      hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}
