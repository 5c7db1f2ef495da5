import ContentStore
import Pipeline

/// An output file, written straight into the object store.
final class WorkerOutputFile: OutputFile {
  private let writer: ObjectWriter
  private let done: (Digest, Int) throws -> Void

  /// - Parameter done: told the object's digest and size when the file is finished.
  init(_ writer: ObjectWriter, done: @escaping (Digest, Int) throws -> Void) {
    self.writer = writer
    self.done = done
  }

  func write(_ bytes: [UInt8]) throws { try writer.write(bytes) }
  func write(_ text: String) throws { try writer.write(text) }

  func finish() throws {
    let (digest, size) = try writer.finish()
    try done(digest, size)
  }
}

/// An output tree; its objects become durable together, before the manifest that names them.
final class WorkerOutputTree: OutputTree {
  private let store: ObjectStore
  private let batch: ObjectBatch
  private var tree = Tree()
  private let done: (Digest) throws -> Void

  init(_ store: ObjectStore, done: @escaping (Digest) throws -> Void) {
    self.store = store
    batch = store.makeBatch()
    self.done = done
  }

  func add(_ path: String, _ bytes: [UInt8]) throws {
    try add(path, try batch.put(bytes), size: bytes.count)
  }

  func makeFile(_ path: String) throws -> any OutputFile {
    try check(path)
    return WorkerOutputFile(try batch.makeWriter()) { digest, size in
      try self.add(path, digest, size: size)
    }
  }

  func finish() throws {
    try batch.commit()
    try done(try store.putTree(tree))
  }

  private func add(_ path: String, _ digest: Digest, size: Int) throws {
    try check(path)
    tree.entries[path] = Tree.Entry(object: digest, size: size)
  }

  private func check(_ path: String) throws {
    guard Tree.isValid(path: path) else {
      throw StageError("\"\(path)\" cannot be the path of a file in a tree")
    }
    if tree.entries[path] != nil { throw StageError("the file \"\(path)\" was written twice") }
  }
}
