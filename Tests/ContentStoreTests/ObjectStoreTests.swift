import Foundation
import Glibc
import Testing

@testable import ContentStore

struct ObjectStoreTests {
  let folder: TemporaryFolder
  let store: ObjectStore

  init() throws {
    folder = try TemporaryFolder()
    store = ObjectStore(at: folder("objects"))
    try store.prepare()
  }

  /// Everything in `tmp/`.
  func leftovers() throws -> [String] { try FileSystem.list(store.temporaryFolder) }

  /// Changes an object on disk, keeping its size unless bytes are added.
  func damage(_ digest: Digest, at offset: Int = 0, adding extra: [UInt8] = []) throws {
    let path = store.file(of: digest)
    var all = try FileSystem.read(path)
    if offset < all.count { all[offset] ^= 1 }
    try FileSystem.write(all + extra, to: path)
  }

  @Test(arguments: [0, 1, 4096, 131_072, 131_073, 3_000_000])
  func `bytes that were put are read back`(count: Int) throws {
    let content = noise(count)
    let digest = try store.put(content)
    #expect(digest == SHA256.hash(content))
    #expect(try store.read(digest) == content)
    #expect(try store.size(of: digest) == count)
    #expect(store.contains(digest))
    #expect(try leftovers() == [])
  }

  @Test func `an object is a read-only file under its digest`() throws {
    let digest = try store.put(bytes("abc"))
    let path = store.path + "/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(store.file(of: digest) == path)
    let status = try #require(try FileSystem.status(of: path))
    #expect(status.permissions & 0o222 == 0)
    #expect(try FileSystem.read(path) == bytes("abc"))
  }

  @Test func `a writer takes pieces of any size`() throws {
    let content = noise(1_000_000)
    let writer = try store.makeWriter()
    var start = 0
    for size in [1, 100, 131_072, 131_071, 0, 500_000, 237_756] {
      try writer.write(Array(content[start..<(start + size)]))
      start += size
    }
    #expect(writer.size == content.count)
    let (digest, size) = try writer.finish()
    #expect(digest == SHA256.hash(content))
    #expect(size == content.count)
    #expect(try store.read(digest) == content)
  }

  @Test func `an object cannot be seen before it is finished`() throws {
    let content = noise(500_000)
    let writer = try store.makeWriter()
    try writer.write(content)
    #expect(!store.contains(SHA256.hash(content)))
    #expect(try store.list() == [])
    _ = try writer.finish()
    #expect(try store.list() == [SHA256.hash(content)])
  }

  @Test func `a writer that is let go of leaves nothing`() throws {
    do {
      let writer = try store.makeWriter()
      try writer.write(noise(500_000))
      #expect(try leftovers().count == 1)
    }
    #expect(try leftovers() == [])
    #expect(try store.list() == [])
  }

  @Test func `putting the same bytes again changes nothing`() throws {
    let digest = try store.put(bytes("same"))
    let before = try FileSystem.status(of: store.file(of: digest))
    #expect(try store.put(bytes("same")) == digest)
    let writer = try store.makeWriter()
    try writer.write("same")
    #expect(try writer.finish().digest == digest)
    #expect(try FileSystem.status(of: store.file(of: digest)) == before)
    #expect(try leftovers() == [])
  }

  @Test func `a damaged object is refused by every way of reading`() throws {
    let digest = try store.put(noise(100_000))
    try damage(digest, at: 99_999)
    let attempts: [() throws -> Void] = [
      { _ = try store.read(digest) }, { try store.verify(digest) },
      { try store.copy(digest, to: folder("copy")) },
      { try store.materialize(Artifact(.file, digest), at: folder("copy")) },
    ]
    for attempt in attempts {
      let error = #expect(throws: StoreError.self) { try attempt() }
      #expect(error?.kind == .damaged(digest))
      #expect(error?.message.contains(store.file(of: digest)) == true)
    }
    #expect(!FileSystem.exists(folder("copy")))
    #expect(try FileSystem.list(folder.path) == ["objects"])
  }

  @Test(arguments: [1, 1000, 1024, 4096, 5000, 10_000])
  func `a reader hands out all pieces of a whole object`(chunk: Int) throws {
    for count in [0, 1, 999, 1000, 4096, 10_000] {
      let content = noise(count)
      let reader = try store.makeReader(store.put(content), chunk: chunk)
      #expect(reader.size == count)
      var read: [UInt8] = []
      while let piece = try reader.next() {
        #expect(!piece.isEmpty && piece.count <= chunk)
        read += piece
      }
      #expect(read == content)
      #expect(try reader.next() == nil)
    }
  }

  @Test(arguments: [(0, 0), (4095, 0), (4096, 0), (9999, 0), (99_999, 1)])
  func `a reader keeps back the end of a damaged object`(offset: Int, added: Int) throws {
    let content = noise(10_000)
    let digest = try store.put(content)
    try damage(digest, at: offset, adding: Array(repeating: 7, count: added))
    let reader = try store.makeReader(digest, chunk: 4096)
    #expect(try reader.next()?.count == 4096)
    #expect(try reader.next()?.count == 4096)
    let error = #expect(throws: StoreError.self) { try reader.next() }
    #expect(error?.kind == .damaged(digest))
    #expect(throws: StoreError.self) { try reader.next() }
  }

  @Test func `lines are read across pieces`() throws {
    let lines = ["", "a", String(repeating: "b", count: 50), "", "é", "last"]
    for end in ["", "\n"] {
      let digest = try store.put(bytes(lines.joined(separator: "\n") + end))
      for chunk in [1, 2, 7, 64, 1000] {
        let reader = try store.makeReader(digest, chunk: chunk)
        var read: [String] = []
        while let line = try reader.nextLine() {
          read.append(String(decoding: line, as: UTF8.self))
        }
        #expect(read == lines)
      }
    }
  }

  @Test func `putting bytes again repairs a damaged object`() throws {
    let content = noise(5000)
    let digest = try store.put(content)
    try damage(digest)
    try store.put(content)
    #expect(try store.read(digest) == content)
    try damage(digest, adding: [1])
    let writer = try store.makeWriter()
    try writer.write(content)
    _ = try writer.finish()
    #expect(try store.read(digest) == content)
  }

  @Test func `a missing object is named`() throws {
    let digest = SHA256.hash(bytes("never put"))
    let attempts: [() throws -> Void] = [
      { _ = try store.read(digest) }, { try store.verify(digest) },
      { _ = try store.size(of: digest) }, { _ = try store.makeReader(digest) },
      { _ = try store.readTree(digest) }, { try store.copy(digest, to: folder("copy")) },
    ]
    for attempt in attempts {
      let error = #expect(throws: StoreError.self) { try attempt() }
      #expect(error?.kind == .missing(digest))
    }
    #expect(!store.contains(digest))
  }

  @Test func `objects are listed, verified and removed`() throws {
    let digests = try (0..<50).map { try store.put([UInt8($0)]) }
    #expect(try store.list() == digests.sorted())
    for digest in digests { try store.verify(digest) }
    try store.remove(digests[7])
    try store.remove(digests[7])
    #expect(try store.list().count == 49)
    #expect(!store.contains(digests[7]))
  }

  @Test func `a batch is the same as its parts`() throws {
    let batch = store.makeBatch()
    let first = try batch.put(bytes("one"))
    let writer = try batch.makeWriter()
    try writer.write("two")
    let second = try writer.finish().digest
    try batch.commit()
    #expect(try store.read(first) == bytes("one"))
    #expect(try store.read(second) == bytes("two"))
  }

  @Test func `a batch of many files appears at its commit`() throws {
    let batch = store.makeBatch()
    let digests = try (0..<300).map { try batch.put(noise(100, seed: UInt64($0 % 290))) }
    try batch.commit()
    #expect(try store.list() == Set(digests).sorted())
    for digest in digests { try store.verify(digest) }
    #expect(try leftovers() == [])
  }

  @Test func `a batch that is let go of leaves nothing`() throws {
    do {
      let batch = store.makeBatch()
      try batch.put(bytes("one"))
      #expect(try leftovers().count == 1)
    }
    #expect(try leftovers() == [])
    #expect(try store.list() == [])
  }

  @Test func `the first failure of concurrent work is thrown`() {
    let error = #expect(throws: StoreError.self) {
      try concurrently(100) { (index) throws(StoreError) in
        if index == 57 { throw StoreError(.refused, "57") }
      }
    }
    #expect(error?.message == "57")
  }

  @Test func `many writers of the same objects leave them whole`() async throws {
    let contents = (0..<8).map { noise(50_000, seed: UInt64($0 % 4)) }
    let store = store
    await withTaskGroup(of: Bool.self) { group in
      for round in 0..<64 {
        group.addTask { (try? store.put(contents[round % 8])) != nil }
      }
      for await done in group { #expect(done) }
    }
    #expect(try store.list() == Set(contents.map(SHA256.hash)).sorted())
    for digest in try store.list() { try store.verify(digest) }
    #expect(try leftovers() == [])
  }

  @Test func `temporary files of the dead are removed, those of the living are not`() throws {
    let hour = Int64(3600)
    let writer = try store.makeWriter()
    try writer.write(noise(200_000))
    let living = try #require(try leftovers().first)
    for name in ["dead", "young", living] {
      if name != living { try folder.write("x", to: "objects/tmp/\(name)") }
      if name == "young" { continue }
      let old = timespec(tv_sec: Int(Clock.now() / 1_000_000_000 - hour), tv_nsec: 0)
      #expect(utimensat(AT_FDCWD, "\(store.temporaryFolder)/\(name)", [old, old], 0) == 0)
    }
    try store.prepare()
    #expect(try leftovers() == [living, "young"].sorted())
    #expect(try writer.finish().size == 200_000)
  }

  @Test func `a killed writer leaves no object`() throws {
    let content = noise(1 << 20)
    let program = #"""
      import os, sys
      path, count = sys.argv[1], int(sys.argv[2])
      with open(path, "wb", buffering=0) as file:
          file.write(b"x" * count)
          os.kill(os.getpid(), 9)
      """#
    for count in [0, 1, content.count] {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = [
        "python3", "-c", program, "\(store.temporaryFolder)/\(TemporaryName.next())", "\(count)",
      ]
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationReason == .uncaughtSignal)
    }
    #expect(try store.list() == [])
    #expect(try store.put(content) == SHA256.hash(content))
  }
}

struct TreeTests {
  let folder: TemporaryFolder
  let store: ObjectStore

  init() throws {
    folder = try TemporaryFolder()
    store = ObjectStore(at: folder("objects"))
  }

  @Test func `a manifest written directly equals its JSON's canonical form`() throws {
    var tree = Tree()
    for path in ["a", "b/c", "b/d e", "é", "😂", "\u{FB33}", "q\"uote\\"] {
      tree.entries[path] = .init(object: SHA256.hash(bytes(path)), size: path.utf8.count)
    }
    #expect(try tree.canonical() == tree.json.canonical())
    #expect(try store.readTree(store.putTree(tree)) == tree)
    #expect(try Tree().canonical() == Tree().json.canonical())
    #expect(try store.putTree(tree) == tree.digest)
  }

  @Test(arguments: ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a\u{0}b"])
  func `a path that leaves its tree is refused`(path: String) throws {
    let tree = Tree(entries: [path: .init(object: SHA256.hash([]), size: 0)])
    let error = #expect(throws: StoreError.self) { try store.putTree(tree) }
    #expect(error?.kind == .refused)
  }

  @Test func `a path that is a file and a folder is refused`() throws {
    let entry = Tree.Entry(object: SHA256.hash([]), size: 0)
    let tree = Tree(entries: ["a": entry, "a-b": entry, "a/b": entry])
    #expect(throws: StoreError.self) { try store.putTree(tree) }
  }

  @Test func `an object that is no manifest is refused`() throws {
    for text in ["", "{}", "[1]", #"{"entries":{"../a":{}},"type":"tree/1"}"#] {
      let digest = try store.put(bytes(text))
      let error = #expect(throws: StoreError.self) { try store.readTree(digest) }
      #expect(error?.kind == .damaged(digest))
    }
  }

  @Test func `a folder is imported and copied out again`() throws {
    let files = ["a.txt": "1", "b/c.txt": "22", "b/d/e": "", "z é/ü": "4444"]
    for (path, text) in files { try folder.write(text, to: "in/" + path) }
    let tree = try store.importFolder(folder("in"))
    #expect(tree.entries.keys.sorted() == files.keys.sorted())
    #expect(tree.entries["b/c.txt"] == .init(object: SHA256.hash(bytes("22")), size: 2))
    let digest = try store.putTree(tree)
    try store.materialize(Artifact(.tree, digest), at: folder("out"), readOnly: true)
    #expect(try store.importFolder(folder("out")) == tree)
    let status = try FileSystem.status(of: folder("out/a.txt"))
    #expect(status?.permissions == 0o444)
    let again = #expect(throws: StoreError.self) {
      try store.materialize(Artifact(.tree, digest), at: folder("out"))
    }
    #expect(again?.kind == .refused)
  }

  @Test func `a file is copied out under the path given`() throws {
    let digest = try store.put(bytes("text"))
    try store.materialize(Artifact(.file, digest), at: folder("deep/er/file"))
    #expect(try FileSystem.read(folder("deep/er/file")) == bytes("text"))
    #expect(throws: StoreError.self) {
      try store.materialize(Artifact(.file, digest), at: folder("deep/er/file"))
    }
  }

  @Test func `the store's own folder and git's are not imported`() throws {
    for name in ["a", ".exp/b", ".git/c", "sub/.git/d", ".hidden/e"] {
      try folder.write("x", to: "in/" + name)
    }
    let tree = try store.importFolder(folder("in"))
    #expect(tree.entries.keys.sorted() == [".hidden/e", "a"])
  }

  @Test func `links are followed and loops are refused`() throws {
    try folder.write("x", to: "in/sub/file")
    try folder.write("y", to: "elsewhere")
    symlink("../elsewhere", folder("in/link"))
    symlink("sub", folder("in/twice"))
    let tree = try store.importFolder(folder("in"))
    #expect(tree.entries.keys.sorted() == ["link", "sub/file", "twice/file"])
    symlink("../..", folder("in/sub/loop"))
    let error = #expect(throws: StoreError.self) { try store.importFolder(folder("in")) }
    #expect(error?.message.contains("in/sub/loop") == true)
  }

  @Test func `what is no file is refused by name`() throws {
    try folder.write("x", to: "in/file")
    symlink("nowhere", folder("in/dangling"))
    #expect(throws: StoreError.self) { try store.importFolder(folder("in")) }
    unlink(folder("in/dangling"))
    mkfifo(folder("in/pipe"), 0o600)
    #expect(throws: StoreError.self) { try store.importFolder(folder("in")) }
    #expect(throws: StoreError.self) { try store.importFolder(folder("in/file")) }
    #expect(throws: StoreError.self) { try store.importFolder(folder("missing")) }
  }

  @Test func `names that are not UTF-8 or differ only in Unicode form are refused`() throws {
    try folder.write("1", to: "in/\u{E9}")
    try folder.write("2", to: "in/e\u{301}")
    #expect(throws: StoreError.self) { try store.importFolder(folder("in")) }
    try FileSystem.createFolder(folder("bad"))
    let name: [CChar] = folder("bad/").utf8CString.dropLast() + [-1, 0]
    close(open(name, O_CREAT | O_WRONLY, 0o600))
    let error = #expect(throws: StoreError.self) { try store.importFolder(folder("bad")) }
    #expect(error?.message.contains("UTF-8") == true)
  }
}
