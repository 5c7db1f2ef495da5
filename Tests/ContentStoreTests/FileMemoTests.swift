import Glibc
import Synchronization
import Testing

@testable import ContentStore

struct FileMemoTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A memo whose clock is ahead, so that files just written are old enough.
  func later(_ seconds: Int64 = 60) -> FileMemo {
    FileMemo(at: folder("memo")) { Clock.now() + Clock.seconds(seconds) }
  }

  func remembered(_ memo: FileMemo, _ name: String) throws -> Digest? {
    let status = try #require(try FileSystem.status(of: folder(name)))
    return memo.remembered(folder(name), status)
  }

  @Test func `a file that was hashed is remembered, also by the next process`() throws {
    try folder.write("text", to: "file")
    let memo = later()
    let (digest, size) = try memo.digest(ofFile: folder("file"))
    #expect(digest == SHA256.hash(bytes("text")))
    #expect(size == 4)
    #expect(try remembered(memo, "file") == digest)
    try memo.save()
    #expect(try remembered(later(), "file") == digest)
    #expect(try later().digest(ofFile: folder("file")).digest == digest)
  }

  @Test func `a file that was just written is not remembered`() throws {
    try folder.write("text", to: "file")
    let memo = FileMemo(at: folder("memo"))
    #expect(try memo.digest(ofFile: folder("file")).digest == SHA256.hash(bytes("text")))
    #expect(try remembered(memo, "file") == nil)
    try memo.save()
    #expect(!FileSystem.exists(folder("memo")))
  }

  @Test func `an edit of the same size and time is seen`() throws {
    try folder.write("old!", to: "file")
    let memo = later()
    let before = try #require(try FileSystem.status(of: folder("file")))
    _ = try memo.digest(ofFile: folder("file"))
    try folder.write("new!", to: "file")
    let time = timespec(
      tv_sec: Int(before.modified / 1_000_000_000), tv_nsec: Int(before.modified % 1_000_000_000))
    #expect(utimensat(AT_FDCWD, folder("file"), [time, time], 0) == 0)
    let after = try #require(try FileSystem.status(of: folder("file")))
    #expect(after.modified == before.modified && after.size == before.size)
    #expect(try memo.digest(ofFile: folder("file")).digest == SHA256.hash(bytes("new!")))
  }

  @Test func `a file that another was renamed over is seen`() throws {
    try folder.write("old!", to: "file")
    let memo = later()
    _ = try memo.digest(ofFile: folder("file"))
    try folder.write("new!", to: "other")
    try FileSystem.rename(folder("other"), to: folder("file"))
    #expect(try memo.digest(ofFile: folder("file")).digest == SHA256.hash(bytes("new!")))
  }

  @Test func `entries of several processes stand together`() throws {
    try folder.write("1", to: "one")
    try folder.write("2", to: "two")
    let (first, second) = (later(), later())
    _ = try first.digest(ofFile: folder("one"))
    _ = try second.digest(ofFile: folder("two"))
    try first.save()
    try second.save()
    let third = later()
    #expect(try remembered(third, "one") == SHA256.hash(bytes("1")))
    #expect(try remembered(third, "two") == SHA256.hash(bytes("2")))
  }

  @Test func `a memo that is not whole is no memo`() throws {
    try folder.write("text", to: "file")
    let memo = later()
    _ = try memo.digest(ofFile: folder("file"))
    try memo.save()
    let whole = try FileSystem.read(folder("memo"))
    #expect(FileMemo.decode(whole)?.count == 1)
    for length in 0..<whole.count { #expect(FileMemo.decode(Array(whole.prefix(length))) == nil) }
    for index in whole.indices {
      var damaged = whole
      damaged[index] ^= 1
      #expect(FileMemo.decode(damaged) == nil)
    }
    try FileSystem.write(Array(whole.dropLast()), to: folder("memo"))
    #expect(try later().digest(ofFile: folder("file")).digest == SHA256.hash(bytes("text")))
  }

  @Test func `a file that is changed while it is read is refused`() throws {
    try folder.write("text", to: "file")
    let changed = Mutex(false)
    let error = #expect(throws: StoreError.self) {
      _ = try StableFile.read(folder("file")) { (_) throws(StoreError) in
        changed.withLock { changed in
          if !changed { try? folder.write("other text", to: "file") }
          changed = true
        }
      }
    }
    #expect(error?.kind == .refused)
  }

  @Test func `an import with a memo reads only what changed`() throws {
    let store = ObjectStore(at: folder("objects"))
    for index in 0..<20 { try folder.write("\(index)", to: "in/\(index)") }
    let memo = later()
    let tree = try store.importFolder(folder("in"), memo: memo)
    // Bytes that nobody could read prove that nobody read them.
    let digest = try #require(tree.entries["3"]?.object)
    #expect(try store.importFolder(folder("in"), memo: memo) == tree)
    try store.remove(digest)
    #expect(try store.importFolder(folder("in"), memo: memo) == tree)
    #expect(try store.read(digest) == bytes("3"))
    try folder.write("x", to: "in/3")
    let changed = try store.importFolder(folder("in"), memo: memo)
    #expect(changed.entries.filter { tree.entries[$0.key] != $0.value }.keys.sorted() == ["3"])
  }
}
