import CLinux
import ContentStore
import Glibc

/// What a program may reach: the kernel refuses it everything else (Landlock, Linux 5.13 and later).
/// Rules name folders; what they do not name cannot be opened, listed, executed or changed.
struct Sandbox {
  /// The system's own folders, which every program needs.
  static let system = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/proc", "/sys", "/opt",
    "/nix/store", "/gnu/store",
  ]

  /// Files and folders to read and execute, beside the system's own.
  var readable: [String]
  /// Folders to do anything in.
  var writable: [String]
  /// Whether TCP connections may be made and taken (refused from Landlock 4, Linux 6.7, on).
  var hasNetwork: Bool
  var hasSharedMemory: Bool

  /// Whether this kernel can confine programs.
  static var isAvailable: Bool { exp_landlock_version() > 0 }

  /// The rules, ready for a program to be started under; nil when the kernel has none.
  func ruleset() throws -> Descriptor? {
    let version = Int(exp_landlock_version())
    guard version > 0 else { return nil }
    let rights = Rights(version: version)
    let network: UInt64 = version >= 4 && !hasNetwork ? 0b11 : 0
    // From version 6: no signals to, and no abstract sockets of, processes outside.
    let number = exp_landlock_create(rights.all, network, version >= 6 ? 0b11 : 0, Int32(version))
    guard number >= 0 else { throw StoreError(errno: -number, cannot: "confine the program") }
    let ruleset = Descriptor(number)
    let networkFiles = hasNetwork ? ["/run/systemd/resolve"] : []
    for path in Self.system + networkFiles + readable {
      try allow(rights.read, path, rights, ruleset)
    }
    // Not all of /dev: shared memory there would be a way from one program to the next.
    for name in ["null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts"] {
      try allow(rights.read | rights.device, "/dev/\(name)", rights, ruleset)
    }
    if hasSharedMemory { try allow(rights.all, "/dev/shm", rights, ruleset) }
    for path in writable { try allow(rights.all, path, rights, ruleset) }
    return ruleset
  }

  /// Allows access beneath a path; one that does not exist needs no rule.
  private func allow(
    _ access: UInt64, _ path: String, _ rights: Rights, _ ruleset: Descriptor
  ) throws {
    guard let status = try FileSystem.status(of: path) else { return }
    let granted = status.kind == .folder ? access : access & rights.ofFiles
    let result = exp_landlock_allow(ruleset.number, path, granted & rights.all)
    if result < 0 { throw StoreError(errno: -result, cannot: "let the program reach \"\(path)\"") }
  }

  /// Rights as bits of `linux/landlock.h`, as far as the kernel's version knows them.
  private struct Rights {
    /// All that can be granted or refused.
    let all: UInt64
    /// Execute, read files, list folders.
    let read: UInt64 = 1 << 0 | 1 << 2 | 1 << 3
    /// Write to, cut, and control devices.
    let device: UInt64 = 1 << 1 | 1 << 14 | 1 << 15
    /// What makes sense for a file that is no folder.
    let ofFiles: UInt64 = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15

    init(version: Int) {
      // Version 1 knows 13 rights; 2 adds moving between folders, 3 cutting, 5 device control.
      let count = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13
      all = 1 << UInt64(count) - 1
    }
  }
}
