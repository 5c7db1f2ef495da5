import Glibc

/// Files and folders by path. Every failure says which path and what could not be done.
package enum FileSystem {
  /// What is at a path; nil when nothing is.
  package static func status(
    of path: String, followingLinks: Bool = true
  ) throws(StoreError) -> FileStatus? {
    var raw = stat()
    do throws(StoreError) {
      _ = try valueOrErrno(cannot: "read \"\(path)\"") {
        followingLinks ? stat(path, &raw) : lstat(path, &raw)
      }
    } catch {
      if error.code == ENOENT || error.code == ENOTDIR { return nil }
      throw error
    }
    return FileStatus(raw)
  }

  /// Whether something can be reached at a path.
  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Makes a folder and those above it that are missing. Returns whether it was made here.
  @discardableResult
  package static func createFolder(_ path: String) throws(StoreError) -> Bool {
    do throws(StoreError) {
      _ = try valueOrErrno(cannot: "create the folder \"\(path)\"") { mkdir(path, 0o777) }
      return true
    } catch {
      if error.code == EEXIST, try status(of: path)?.kind == .folder { return false }
      guard error.code == ENOENT, let parent = parent(of: path), parent != path else {
        throw error
      }
      try createFolder(parent)
      return try createFolder(path)
    }
  }

  /// The folder a path lies in; nil for `/` and for a bare name.
  package static func parent(of path: String) -> String? {
    let parts = path.utf8.split(separator: UInt8(ascii: "/"))
    guard parts.count > 1 else { return path.hasPrefix("/") && !parts.isEmpty ? "/" : nil }
    let slash = parts[parts.count - 1].startIndex
    let head = path.utf8[..<slash].reversed().drop { $0 == UInt8(ascii: "/") }
    return String(decoding: Array(head.reversed()), as: UTF8.self)
  }

  /// The absolute path of the current folder.
  package static func currentFolder() -> String {
    guard let path = getcwd(nil, 0) else { return "" }
    defer { free(path) }
    return String(cString: path)
  }

  /// Renames, replacing what is at `target`. Durable after `syncFolder`.
  package static func rename(_ path: String, to target: String) throws(StoreError) {
    _ = try valueOrErrno(cannot: "rename \"\(path)\" to \"\(target)\"") {
      Glibc.rename(path, target)
    }
  }

  /// Makes the names in a folder durable (fsync of the folder).
  package static func syncFolder(_ path: String) throws(StoreError) {
    let descriptor = try valueOrErrno(cannot: "write the folder \"\(path)\"") {
      open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    defer { close(descriptor) }
    do throws(StoreError) {
      _ = try valueOrErrno(cannot: "write the folder \"\(path)\"") { fsync(descriptor) }
    } catch {
      // Some network and FUSE file systems do not sync folders at all.
      if error.code != EINVAL { throw error }
    }
  }

  /// Removes a file or link; nothing when there is none.
  package static func removeFile(_ path: String) throws(StoreError) {
    do throws(StoreError) {
      _ = try valueOrErrno(cannot: "remove \"\(path)\"") { unlink(path) }
    } catch {
      if error.code != ENOENT { throw error }
    }
  }

  /// The bytes of a whole file.
  package static func read(_ path: String) throws(StoreError) -> [UInt8] {
    let file = try File(path, .read)
    var bytes: [UInt8] = []
    // Files under /proc have size 0, so the end is where reading ends.
    var wanted = max(try file.status().size + 1, 4096)
    while true {
      let chunk = try file.read(upTo: wanted)
      bytes = bytes.isEmpty ? chunk : bytes + chunk
      if chunk.count < wanted { return bytes }
      wanted = max(bytes.count, 1 << 16)
    }
  }

  /// Replaces a small file so that readers and crashes see the old bytes or the new, never a mix:
  /// temporary name beside it, fsync, rename, fsync of the folder.
  package static func write(
    _ bytes: [UInt8], to path: String, permissions: UInt32 = 0o644
  ) throws(StoreError) {
    let temporary = path + ".tmp-" + TemporaryName.next()
    do throws(StoreError) {
      let file = try File(temporary, .create(permissions: permissions))
      try file.write(bytes)
      try file.sync()
      try rename(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error
    }
    try syncFolder(parent(of: path) ?? ".")
  }
}
