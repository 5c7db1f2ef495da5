import Glibc

/// Bytes by their SHA-256, in a folder: `ab/<62 hex digits>`, read-only files, beside `tmp/` for
/// what is being written. Write-once: temporary name, fsync, rename, fsync of the folder. Every read
/// is checked. Safe for many threads and processes at once.
package struct ObjectStore: Sendable {
  /// The folder, `.exp/objects`.
  package let path: String

  package init(at path: String) { self.path = path }

  // MARK: Writing

  /// Stores bytes. Durable on return.
  @discardableResult
  package func put(_ bytes: [UInt8]) throws(StoreError) -> Digest {
    try put(bytes, in: nil)
  }

  func put(_ bytes: [UInt8], in batch: ObjectBatch?) throws(StoreError) -> Digest {
    let digest = SHA256.hash(bytes)
    if try holds(digest, size: bytes.count) {
      try settle(digest, in: batch)
      return digest
    }
    let writer = try ObjectWriter(in: self, batch: batch)
    try writer.write(bytes)
    return try writer.finish().digest
  }

  /// Stores a file's bytes, streaming. Durable on return.
  @discardableResult
  package func put(contentsOf path: String) throws(StoreError) -> (digest: Digest, size: Int) {
    let writer = try makeWriter()
    _ = try StableFile.read(path) { (chunk) throws(StoreError) in try writer.write(chunk) }
    return try writer.finish()
  }

  /// Starts an object that is written piece by piece.
  package func makeWriter() throws(StoreError) -> ObjectWriter {
    try ObjectWriter(in: self, batch: nil)
  }

  /// Starts many objects that appear and become durable together, which is much faster.
  package func makeBatch() -> ObjectBatch { ObjectBatch(in: self) }

  // MARK: Reading

  /// Whether an object of this name is there (not whether it is whole).
  package func contains(_ digest: Digest) -> Bool { FileSystem.exists(file(of: digest)) }

  /// An object's size in bytes.
  package func size(of digest: Digest) throws(StoreError) -> Int {
    guard let status = try FileSystem.status(of: file(of: digest)) else { throw missing(digest) }
    return status.size
  }

  /// An object's bytes, checked against its name.
  package func read(_ digest: Digest) throws(StoreError) -> [UInt8] {
    let file = try open(digest)
    let bytes = try file.read(upTo: try file.status().size)
    let found = SHA256.hash(bytes)
    guard found == digest else { throw damaged(digest, found: found) }
    return bytes
  }

  /// Reads an object in pieces of at most `chunk` bytes, checked at the end.
  package func makeReader(
    _ digest: Digest, chunk: Int = 1 << 20
  ) throws(StoreError) -> ObjectReader {
    try ObjectReader(digest, in: self, chunk: chunk)
  }

  // MARK: Files

  /// Where an object lies: `ab/cdef…`.
  package func file(of digest: Digest) -> String {
    let hex = digest.hex
    return "\(path)/\(hex.prefix(2))/\(hex.dropFirst(2))"
  }

  /// The folder of an object, one of 256.
  func folder(of digest: Digest) -> String { "\(path)/\(digest.hex.prefix(2))" }

  var temporaryFolder: String { "\(path)/tmp" }

  func open(_ digest: Digest) throws(StoreError) -> File {
    do throws(StoreError) {
      return try File(file(of: digest), .read)
    } catch {
      throw error.code == ENOENT ? missing(digest) : error
    }
  }

  /// Whether the object is there and whole. What is there but damaged is to be replaced, so that
  /// making an artifact again repairs it.
  func holds(_ digest: Digest, size: Int) throws(StoreError) -> Bool {
    guard try FileSystem.status(of: file(of: digest))?.size == size else { return false }
    do throws(StoreError) {
      try verify(digest)
      return true
    } catch {
      if case .system = error.kind { throw error }
      return false
    }
  }

  /// Gives a written and synced file its name.
  func publish(_ temporary: String, as digest: Digest) throws(StoreError) {
    do throws(StoreError) {
      try FileSystem.rename(temporary, to: file(of: digest))
    } catch {
      guard error.code == ENOENT else { throw error }
      try FileSystem.createFolder(folder(of: digest))
      try FileSystem.syncFolder(path)
      try FileSystem.rename(temporary, to: file(of: digest))
    }
  }

  /// Makes an object's name durable, now or with the batch.
  func settle(_ digest: Digest, in batch: ObjectBatch?) throws(StoreError) {
    if let batch {
      batch.add(folder(of: digest))
    } else {
      try FileSystem.syncFolder(folder(of: digest))
    }
  }

  // MARK: Errors

  func missing(_ digest: Digest) -> StoreError {
    StoreError(
      .missing(digest),
      "the object \(digest) is not in the store \"\(path)\"; run its experiment again to rebuild it"
    )
  }

  func damaged(_ digest: Digest, found: Digest) -> StoreError {
    StoreError(
      .damaged(digest),
      "the object \"\(file(of: digest))\" is damaged: its bytes hash to \(found); remove the file "
        + "and run its experiment again to rebuild it")
  }
}
