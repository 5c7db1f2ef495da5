import Glibc

/// What stat(2) says of a file. Two equal values mean "not changed since" only under the rules of
/// `FileMemo`.
package struct FileStatus: Hashable, Sendable {
  package enum Kind: Sendable { case file, folder, link, other }

  package var kind: Kind
  package var device: UInt64
  package var inode: UInt64
  /// Bytes.
  package var size: Int
  /// Last change of the bytes, nanoseconds since 1970.
  package var modified: Int64
  /// Last change of bytes or attributes, nanoseconds since 1970; users cannot set it back.
  package var changed: Int64
  /// The permission bits.
  package var permissions: UInt32
  /// The owner's user number.
  package var owner: UInt32

  init(_ raw: stat) {
    kind =
      switch raw.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      case S_IFLNK: .link
      default: .other
      }
    device = UInt64(raw.st_dev)
    inode = UInt64(raw.st_ino)
    size = Int(raw.st_size)
    modified = Int64(raw.st_mtim.tv_sec) * 1_000_000_000 + Int64(raw.st_mtim.tv_nsec)
    changed = Int64(raw.st_ctim.tv_sec) * 1_000_000_000 + Int64(raw.st_ctim.tv_nsec)
    permissions = UInt32(raw.st_mode & 0o7777)
    owner = raw.st_uid
  }
}
