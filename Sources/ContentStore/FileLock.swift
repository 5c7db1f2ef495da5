import Glibc

/// A lock that a process holds on a file (flock). The kernel lets go of it when the process ends,
/// however it ends. The file stays; only the lock counts.
package final class FileLock: Sendable {
  package let path: String
  /// A process that inherits it holds the lock too.
  package let descriptor: Int32

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Waits until the lock is free, then holds it until the value is let go of. A shared lock is held
  /// by any number of readers at once.
  package static func acquire(_ path: String, shared: Bool = false) throws(StoreError) -> FileLock {
    while true {
      let lock = try open(path)
      _ = try valueOrErrno(cannot: "lock \"\(path)\"") {
        flock(lock.descriptor, shared ? LOCK_SH : LOCK_EX)
      }
      if try lock.isCurrent() { return lock }
    }
  }

  /// The lock, or nil when another holds it.
  package static func tryAcquire(
    _ path: String, shared: Bool = false
  ) throws(StoreError) -> FileLock? {
    while true {
      let lock = try open(path)
      do throws(StoreError) {
        _ = try valueOrErrno(cannot: "lock \"\(path)\"") {
          flock(lock.descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB)
        }
      } catch {
        if error.code == EWOULDBLOCK { return nil }
        throw error
      }
      if try lock.isCurrent() { return lock }
    }
  }

  /// Whether some process holds the lock now. A missing file is held by nobody.
  package static func isHeld(_ path: String) throws(StoreError) -> Bool {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 && errno == ENOENT { return false }
    _ = try valueOrErrno(cannot: "read the lock \"\(path)\"") { descriptor }
    defer { close(descriptor) }
    // Shared, so that two who ask at once do not take each other for the holder.
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  private static func open(_ path: String) throws(StoreError) -> FileLock {
    let descriptor = try valueOrErrno(cannot: "lock \"\(path)\"") {
      Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    }
    return FileLock(path: path, descriptor: descriptor)
  }

  /// False when the file was removed or replaced between opening and locking it.
  private func isCurrent() throws(StoreError) -> Bool {
    var mine = stat()
    _ = try valueOrErrno(cannot: "lock \"\(path)\"") { fstat(descriptor, &mine) }
    let current = try FileSystem.status(of: path)
    return current?.inode == UInt64(mine.st_ino) && current?.device == UInt64(mine.st_dev)
  }
}
