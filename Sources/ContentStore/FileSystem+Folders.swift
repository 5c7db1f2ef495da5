import Glibc

extension FileSystem {
  /// The order of paths in listings: by UTF-8 bytes, unlike Swift's own order of strings.
  package static func precedes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }

  /// The names in a folder, sorted. Refuses names that are not UTF-8.
  package static func list(_ folder: String) throws(StoreError) -> [String] {
    try entries(of: folder).map(\.name)
  }

  /// All files under a folder as paths relative to it, sorted. Links to files and folders are
  /// followed; loops, links to nothing, and what is neither file nor folder are refused. Folders
  /// named in `skipping` are left out.
  package static func listRecursively(
    _ folder: String, skipping: Set<String> = []
  ) throws(StoreError) -> [String] {
    guard let status = try status(of: folder), status.kind == .folder else {
      throw StoreError(.refused, "\"\(folder)\" is not a folder; give an existing folder")
    }
    var found: [String] = []
    try walk(folder, "", above: [FolderIdentity(status)], skipping, &found)
    return found.sorted(by: precedes)
  }

  private struct FolderIdentity: Hashable {
    var device: UInt64
    var inode: UInt64
    init(_ status: FileStatus) { (device, inode) = (status.device, status.inode) }
  }

  /// `above` are the folders on the way down, by identity, so that a link back up is seen.
  private static func walk(
    _ folder: String, _ prefix: String, above: [FolderIdentity], _ skipping: Set<String>,
    _ found: inout [String]
  ) throws(StoreError) {
    for entry in try entries(of: folder) {
      let path = "\(folder)/\(entry.name)"
      // Most file systems tell the type with the name, which saves a call for each file.
      if entry.type == DT_REG {
        found.append(prefix + entry.name)
        continue
      }
      guard let status = try status(of: path) else {
        throw StoreError(.refused, "the link \"\(path)\" points to nothing; repair or remove it")
      }
      switch status.kind {
      case .file: found.append(prefix + entry.name)
      case .folder where skipping.contains(entry.name): continue
      case .folder:
        let identity = FolderIdentity(status)
        if above.contains(identity) {
          throw StoreError(.refused, "the link \"\(path)\" leads back up in a loop; remove it")
        }
        try walk(path, prefix + entry.name + "/", above: above + [identity], skipping, &found)
      case .link, .other:
        throw StoreError(.refused, "\"\(path)\" is neither a file nor a folder; remove it")
      }
    }
  }

  private struct Entry {
    var name: String
    /// `DT_REG`, `DT_DIR`, …, or `DT_UNKNOWN`.
    var type: Int
  }

  private static func entries(of folder: String) throws(StoreError) -> [Entry] {
    guard let stream = opendir(folder) else {
      throw StoreError(errno: errno, cannot: "read the folder \"\(folder)\"")
    }
    defer { closedir(stream) }
    var entries: [Entry] = []
    while let (name, type) = try nextEntry(stream, of: folder) {
      guard let name = String(validatingCString: name) else {
        let shown = String(cString: name)
        throw StoreError(
          .refused, "the name of \"\(folder)/\(shown)\" is not UTF-8; rename it")
      }
      entries.append(Entry(name: name, type: type))
    }
    return entries.sorted { precedes($0.name, $1.name) }
  }

  /// The next name but `.` and `..`; valid until the next call.
  private static func nextEntry(
    _ stream: OpaquePointer, of folder: String
  ) throws(StoreError) -> (name: UnsafePointer<CChar>, type: Int)? {
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        if errno != 0 { throw StoreError(errno: errno, cannot: "read the folder \"\(folder)\"") }
        return nil
      }
      let offset = MemoryLayout<dirent>.offset(of: \.d_name)!
      let name = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
      if strcmp(name, ".") != 0 && strcmp(name, "..") != 0 {
        return (name, Int(entry.pointee.d_type))
      }
    }
  }

  /// Removes a file, a link, or a folder with all that is in it; nothing when there is none. Links
  /// are removed, never followed.
  package static func removeRecursively(_ path: String) throws(StoreError) {
    try remove(path, in: AT_FDCWD, shown: path)
  }

  private static func remove(
    _ name: UnsafePointer<CChar>, in parent: Int32, shown: String
  ) throws(StoreError) {
    if unlinkat(parent, name, 0) == 0 || errno == ENOENT { return }
    // Linux answers EISDIR for a folder; POSIX allows EPERM.
    guard errno == EISDIR || errno == EPERM else {
      throw StoreError(errno: errno, cannot: "remove \"\(shown)\"")
    }
    // A program may have left folders that even their owner cannot write.
    fchmodat(parent, name, 0o700, 0)
    let descriptor = try valueOrErrno(cannot: "remove \"\(shown)\"") {
      openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    guard let stream = fdopendir(descriptor) else {
      close(descriptor)
      throw StoreError(errno: errno, cannot: "remove \"\(shown)\"")
    }
    defer { closedir(stream) }
    while let (child, _) = try nextEntry(stream, of: shown) {
      try remove(child, in: descriptor, shown: "\(shown)/\(String(cString: child))")
    }
    _ = try valueOrErrno(cannot: "remove \"\(shown)\"") { unlinkat(parent, name, AT_REMOVEDIR) }
  }
}
