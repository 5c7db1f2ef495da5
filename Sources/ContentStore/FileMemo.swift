import Glibc
import Synchronization

/// Remembers the digests of the user's files, so that unchanged ones are not hashed again. An entry
/// counts only while device, inode, size, mtime and ctime are the same. A file that was written
/// less than two seconds before it was hashed is not remembered: a later write could fall into the
/// same tick of the file system's clock and leave all of these unchanged (git calls such entries
/// racy). The memo's file may be deleted at any time; several processes may share it: entries may be
/// lost, wrong ones never kept.
package final class FileMemo: Sendable {
  struct Entry: Hashable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var modified: Int64
    var changed: Int64
    var digest: Digest

    init(_ status: FileStatus, _ digest: Digest) {
      (device, inode, size) = (status.device, status.inode, Int64(status.size))
      (modified, changed) = (status.modified, status.changed)
      self.digest = digest
    }
  }

  private struct State {
    /// By absolute path; nil until read.
    var entries: [String: Entry]?
    /// What this process added.
    var fresh: [String: Entry] = [:]
  }

  /// The memo's own file.
  package let path: String
  private let state = Mutex(State())
  private let now: @Sendable () -> Int64
  private let folder: String

  /// How far both of a file's times must lie back, in nanoseconds: coarser than the clocks of ext4,
  /// XFS, Btrfs and NFS, and as coarse as FAT's.
  static let margin = Clock.seconds(2)
  /// Entries that a memo holds at most; beyond, only those of the last process stay.
  static let limit = 200_000

  /// `path`: the memo's own file, `.exp/memo`. Read when first asked.
  package convenience init(at path: String) { self.init(at: path, now: Clock.now) }

  /// `now` is the wall clock in nanoseconds, for tests.
  init(at path: String, now: @escaping @Sendable () -> Int64) {
    self.path = path
    self.now = now
    folder = FileSystem.currentFolder()
  }

  /// A file's digest and size, remembered or hashed now.
  package func digest(ofFile path: String) throws(StoreError) -> (digest: Digest, size: Int) {
    if let status = try FileSystem.status(of: path), let digest = remembered(path, status) {
      return (digest, status.size)
    }
    var hasher = SHA256()
    let reading = try StableFile.read(path, now: now) { hasher.update($0) }
    let digest = hasher.finalize()
    record(path, reading, digest)
    return (digest, reading.status.size)
  }

  /// The digest of a file that has this status, if known for certain.
  func remembered(_ path: String, _ status: FileStatus) -> Digest? {
    let entry = state.withLock { state in
      if state.entries == nil { state.entries = load() }
      return state.entries?[absolute(path)]
    }
    guard let entry, status.kind == .file, entry == Entry(status, entry.digest) else { return nil }
    return entry.digest
  }

  /// Remembers a digest, unless the file was too young when reading it began.
  func record(_ path: String, _ reading: StableFile.Reading, _ digest: Digest) {
    let newest = max(reading.status.modified, reading.status.changed)
    guard newest < reading.start - FileMemo.margin else { return }
    let entry = Entry(reading.status, digest)
    state.withLock { state in
      state.entries?[absolute(path)] = entry
      state.fresh[absolute(path)] = entry
    }
  }

  /// Writes new entries to disk, if there are any, beside those that other processes wrote.
  package func save() throws(StoreError) {
    let fresh = state.withLock { $0.fresh }
    if fresh.isEmpty { return }
    var all = load().merging(fresh) { _, new in new }
    if all.count > FileMemo.limit { all = fresh }
    // Not synced: after a power failure a half-written memo does not match its checksum.
    let temporary = path + ".tmp-" + TemporaryName.next()
    do throws(StoreError) {
      let file = try File(temporary, .create(permissions: 0o644))
      try file.write(FileMemo.encode(all))
      try FileSystem.rename(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error
    }
    state.withLock { state in
      state.fresh = state.fresh.filter { fresh[$0.key] != $0.value }
    }
  }

  /// The entries on disk; none when the file is missing or not whole.
  private func load() -> [String: Entry] {
    guard let bytes = try? FileSystem.read(path) else { return [:] }
    return FileMemo.decode(bytes) ?? [:]
  }

  private func absolute(_ path: String) -> String {
    path.utf8.first == UInt8(ascii: "/") ? path : "\(folder)/\(path)"
  }
}
