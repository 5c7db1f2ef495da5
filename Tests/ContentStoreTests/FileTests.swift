import Foundation
import Glibc
import Testing

@testable import ContentStore

struct FileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `a file is written atomically and read back`() throws {
    let path = folder("file")
    for content in [[], noise(10), noise(300_000)] {
      try FileSystem.write(content, to: path)
      #expect(try FileSystem.read(path) == content)
    }
    #expect(try FileSystem.list(folder.path) == ["file"])
    #expect(try FileSystem.status(of: path)?.permissions == 0o644)
  }

  @Test func `a failed write leaves the old file and no other`() throws {
    try FileSystem.createFolder(folder("taken/inside"))
    #expect(throws: StoreError.self) { try FileSystem.write([1], to: folder("taken")) }
    #expect(try FileSystem.list(folder.path) == ["taken"])
  }

  @Test func `files of the kernel, which have no size, are read whole`() throws {
    #expect(try FileSystem.read("/proc/self/status").count > 100)
  }

  @Test func `folders are made with those above them`() throws {
    #expect(try FileSystem.createFolder(folder("a/b/c")))
    #expect(try !FileSystem.createFolder(folder("a/b/c")))
    try folder.write("x", to: "file")
    #expect(throws: StoreError.self) { try FileSystem.createFolder(folder("file/sub")) }
    #expect(throws: StoreError.self) { try FileSystem.createFolder(folder("file")) }
  }

  @Test(arguments: [
    ("/a/b", "/a"), ("/a", "/"), ("a/b", "a"), ("/a/b/", "/a"), ("/a//b", "/a"), ("a", nil),
    ("/", nil), ("", nil),
  ])
  func `a path has a parent`(path: String, parent: String?) {
    #expect(FileSystem.parent(of: path) == parent)
  }

  @Test func `listings are in the order of UTF-8 bytes`() throws {
    for name in ["b", "a/z", "a-b", "B", "é", "z", "a/b/c", "😂", "\u{FB33}"] {
      try folder.write("", to: name)
    }
    let expected = ["B", "a-b", "a/b/c", "a/z", "b", "z", "é", "\u{FB33}", "😂"]
    #expect(try FileSystem.listRecursively(folder.path) == expected)
  }

  @Test func `a folder is removed with all in it, but not what its links point to`() throws {
    try folder.write("x", to: "keep/file")
    try folder.write("x", to: "gone/deep/er/file")
    symlink("../keep", folder("gone/link"))
    chmod(folder("gone/deep/er"), 0o500)
    chmod(folder("gone/deep"), 0o000)
    try FileSystem.removeRecursively(folder("gone"))
    try FileSystem.removeRecursively(folder("gone"))
    #expect(try FileSystem.listRecursively(folder.path) == ["keep/file"])
    try FileSystem.removeRecursively(folder("keep/file"))
    #expect(try FileSystem.listRecursively(folder.path) == [])
  }

  @Test func `a refusal says what, where and why`() throws {
    let error = #expect(throws: StoreError.self) { try FileSystem.read(folder("none")) }
    #expect(error?.code == ENOENT)
    #expect(error?.message == "cannot read \"\(folder("none"))\": No such file or directory")
    let readOnly = StoreError(errno: EROFS, cannot: "write \"/x\"")
    #expect(readOnly.message.hasSuffix("check its permissions, or use another folder"))
  }

  @Test func `a call that a signal interrupted is repeated`() throws {
    var calls = 0
    let value = try valueOrErrno(cannot: "count") { () -> Int32 in
      calls += 1
      errno = EINTR
      return calls < 3 ? -1 : 7
    }
    #expect(value == 7)
    #expect(calls == 3)
  }

  @Test func `a full disk is said to be full`() throws {
    let error = #expect(throws: StoreError.self) {
      try File("/dev/full", .append).write(noise(10))
    }
    #expect(error?.kind == .full)
    #expect(error?.message.contains("\"/dev/full\"") == true)
    #expect(error?.message.contains("run again") == true)
    #expect(StoreError(errno: EDQUOT, cannot: "write").kind == .full)
  }

  @Test(.enabled(if: geteuid() == 0, "needs root, to mount a small disk"))
  func `a store on a full disk refuses and keeps what it has`() throws {
    let disk = folder("disk")
    try FileSystem.createFolder(disk)
    guard mount("none", disk, "tmpfs", 0, "size=1100k") == 0 else { return }
    defer { umount(disk) }
    let store = ObjectStore(at: disk + "/objects")
    try store.prepare()
    let first = try store.put(noise(10_000))
    let error = #expect(throws: StoreError.self) { try store.put(noise(2_000_000)) }
    #expect(error?.kind == .full)
    #expect(error?.message.contains(disk) == true)
    #expect(try store.list() == [first])
    #expect(try FileSystem.list(store.temporaryFolder) == [])
    try store.verify(first)
  }

  @Test(.enabled(if: geteuid() == 0, "needs root, to mount a read-only disk"))
  func `a read-only store is read and not written`() throws {
    let disk = folder("disk")
    try FileSystem.createFolder(disk)
    guard mount("none", disk, "tmpfs", 0, "size=10m") == 0 else { return }
    defer { umount(disk) }
    let store = ObjectStore(at: disk + "/objects")
    let digest = try store.put(bytes("x"))
    #expect(mount("none", disk, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "size=10m") == 0)
    #expect(try store.read(digest) == bytes("x"))
    let error = #expect(throws: StoreError.self) { try store.put(bytes("y")) }
    #expect(error?.code == EROFS)
    #expect(error?.message.contains("permissions") == true)
  }
}

struct FileLockTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `a lock is held by one at a time`() throws {
    let path = folder("lock")
    #expect(try !FileLock.isHeld(path))
    var lock: FileLock? = try FileLock.acquire(path)
    #expect(lock?.path == path)
    #expect(try FileLock.tryAcquire(path) == nil)
    #expect(try FileLock.tryAcquire(path, shared: true) == nil)
    #expect(try FileLock.isHeld(path))
    lock = nil
    #expect(try !FileLock.isHeld(path))
    #expect(try FileLock.tryAcquire(path) != nil)
  }

  @Test func `a shared lock is held by many`() throws {
    let path = folder("lock")
    let first = try FileLock.acquire(path, shared: true)
    let second = try FileLock.tryAcquire(path, shared: true)
    #expect(second != nil)
    #expect(try FileLock.tryAcquire(path) == nil)
    #expect(first.path == second?.path)
  }

  @Test func `a lock on a file that was removed does not count`() throws {
    let path = folder("lock")
    let old = try FileLock.acquire(path)
    unlink(path)
    let new = try FileLock.tryAcquire(path)
    #expect(new != nil)
    #expect(old.path == path)
  }

  @Test func `a waiting lock is taken when the holder dies`() throws {
    let path = folder("lock")
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["flock", path, "sh", "-c", "echo held; sleep 60"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    #expect(output.fileHandleForReading.availableData == Data("held\n".utf8))
    #expect(try FileLock.isHeld(path))
    // flock's child shares the lock; both go with it.
    let children = try String(
      contentsOfFile:
        "/proc/\(process.processIdentifier)/task/\(process.processIdentifier)/children",
      encoding: .utf8)
    for child in children.split(separator: " ") { kill(pid_t(child) ?? 0, SIGKILL) }
    kill(process.processIdentifier, SIGKILL)
    #expect(try FileLock.acquire(path).path == path)
  }
}
