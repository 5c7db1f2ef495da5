import Glibc

/// An object being written, by one writer at a time. Letting go of it unfinished removes it.
package final class ObjectWriter {
  private let store: ObjectStore
  private let batch: ObjectBatch?
  private let temporary: String
  /// Nil once finished.
  private var file: File?
  private var hasher = SHA256()
  /// Small writes gather here.
  private var buffer: [UInt8] = []
  private static let bufferSize = 1 << 17

  /// Bytes written so far.
  package private(set) var size = 0

  init(in store: ObjectStore, batch: ObjectBatch?) throws(StoreError) {
    self.store = store
    self.batch = batch
    temporary = "\(store.temporaryFolder)/\(TemporaryName.next())"
    file = try ObjectWriter.create(temporary, in: store.temporaryFolder)
  }

  deinit {
    if file != nil { unlink(temporary) }
  }

  private static func create(_ path: String, in folder: String) throws(StoreError) -> File {
    let file: File
    do throws(StoreError) {
      file = try File(path, .create(permissions: 0o444))
    } catch {
      guard error.code == ENOENT else { throw error }
      try FileSystem.createFolder(folder)
      file = try File(path, .create(permissions: 0o444))
    }
    // Tells `prepare` of other processes that this file's writer lives. File systems without flock
    // have only the file's age to go by.
    flock(file.descriptor, LOCK_EX | LOCK_NB)
    return file
  }

  package func write(_ bytes: [UInt8]) throws(StoreError) {
    try bytes.span.bytes.withUnsafeBytes { (bytes) throws(StoreError) in try write(bytes) }
  }

  package func write(_ text: String) throws(StoreError) { try write(Array(text.utf8)) }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
    precondition(file != nil, "a finished object cannot grow")
    size += bytes.count
    if buffer.count + bytes.count > ObjectWriter.bufferSize { try flush() }
    if bytes.count > ObjectWriter.bufferSize {
      try emit(bytes)
    } else {
      buffer.append(contentsOf: bytes)
    }
  }

  private func flush() throws(StoreError) {
    var full: [UInt8] = []
    swap(&full, &buffer)
    try full.span.bytes.withUnsafeBytes { (bytes) throws(StoreError) in try emit(bytes) }
    full.removeAll(keepingCapacity: true)
    swap(&full, &buffer)
  }

  private func emit(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
    hasher.update(bytes)
    try file?.write(bytes)
  }

  /// Makes the object. Durable on return, or with its batch.
  package func finish() throws(StoreError) -> (digest: Digest, size: Int) {
    precondition(file != nil, "an object is finished once")
    try flush()
    let digest = hasher.finalize()
    if try store.holds(digest, size: size) {
      unlink(temporary)
    } else {
      try file?.sync()
      try publish(digest)
    }
    file = nil
    try store.settle(digest, in: batch)
    return (digest, size)
  }

  private func publish(_ digest: Digest) throws(StoreError) {
    do throws(StoreError) {
      try FileSystem.rename(temporary, to: store.file(of: digest))
    } catch {
      guard error.code == ENOENT else { throw error }
      try FileSystem.createFolder(store.folder(of: digest))
      try FileSystem.syncFolder(store.path)
      try FileSystem.rename(temporary, to: store.file(of: digest))
    }
  }
}

/// Objects that become durable together at `commit`: each is synced as it is written, the folders
/// that name them once. For one writer at a time.
package final class ObjectBatch {
  private let store: ObjectStore
  private var folders: Set<String> = []

  init(in store: ObjectStore) { self.store = store }

  func add(_ folder: String) { folders.insert(folder) }

  /// Stores bytes.
  @discardableResult
  package func put(_ bytes: [UInt8]) throws(StoreError) -> Digest {
    try store.put(bytes, in: self)
  }

  /// Starts an object that is written piece by piece.
  package func makeWriter() throws(StoreError) -> ObjectWriter {
    try ObjectWriter(in: store, batch: self)
  }

  /// Makes all of them durable. To be called before anything refers to them.
  package func commit() throws(StoreError) {
    for folder in folders.sorted() { try FileSystem.syncFolder(folder) }
    folders = []
  }
}
