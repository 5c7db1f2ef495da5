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

  /// Makes the object. Visible and durable on return, or when its batch is committed.
  package func finish() throws(StoreError) -> (digest: Digest, size: Int) {
    precondition(file != nil, "an object is finished once")
    try flush()
    let digest = hasher.finalize()
    guard let written = file.take() else { return (digest, size) }
    do throws(StoreError) {
      try settle(written, digest)
    } catch {
      unlink(temporary)
      throw error
    }
    return (digest, size)
  }

  private func settle(_ written: consuming File, _ digest: Digest) throws(StoreError) {
    if try store.holds(digest, size: size) {
      unlink(temporary)
      try store.settle(digest, in: batch)
    } else if let batch {
      try batch.add(ObjectBatch.Pending(written, temporary, digest))
    } else {
      try written.sync()
      try store.publish(temporary, as: digest)
      try store.settle(digest, in: nil)
    }
  }
}
