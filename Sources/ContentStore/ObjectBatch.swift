import Glibc

/// Many objects that appear and become durable together at `commit`, much faster than one by one:
/// their files are synced side by side, then named, then the folders that name them are synced. For
/// one writer at a time. Letting go of it leaves nothing of what was not committed.
package final class ObjectBatch {
  /// A written file that waits for its name.
  final class Pending: Sendable {
    let file: File
    let temporary: String
    let digest: Digest

    init(_ file: consuming File, _ temporary: String, _ digest: Digest) {
      self.file = file
      self.temporary = temporary
      self.digest = digest
    }
  }

  private let store: ObjectStore
  private var pending: [Pending] = []
  private var folders: Set<String> = []
  /// Files kept open at once at most.
  private static let limit = 128

  init(in store: ObjectStore) { self.store = store }

  deinit {
    for object in pending { unlink(object.temporary) }
  }

  /// Stores bytes.
  @discardableResult
  package func put(_ bytes: [UInt8]) throws(StoreError) -> Digest {
    try store.put(bytes, in: self)
  }

  /// Starts an object that is written piece by piece.
  package func makeWriter() throws(StoreError) -> ObjectWriter {
    try ObjectWriter(in: store, batch: self)
  }

  /// Makes all of them durable and visible. To be called before anything refers to them.
  package func commit() throws(StoreError) {
    try publish()
    let folders = folders.sorted()
    try concurrently(folders.count) { (index) throws(StoreError) in
      try FileSystem.syncFolder(folders[index])
    }
    self.folders = []
  }

  /// Notes that a folder names one of the batch's objects.
  func add(_ folder: String) { folders.insert(folder) }

  /// Takes a written file.
  func add(_ object: Pending) throws(StoreError) {
    pending.append(object)
    if pending.count >= ObjectBatch.limit { try publish() }
  }

  private func publish() throws(StoreError) {
    let objects = pending
    try concurrently(objects.count) { (index) throws(StoreError) in
      try objects[index].file.sync()
    }
    for object in objects {
      try store.publish(object.temporary, as: object.digest)
      add(store.folder(of: object.digest))
    }
    pending = []
  }
}
