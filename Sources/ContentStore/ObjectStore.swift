/// Bytes by their SHA-256, in a folder: `ab/<62 hex digits>`, read-only files, beside `tmp/` for
/// what is being written. Write-once: temporary name, fsync, rename, fsync of the folder. Every read
/// is checked. Safe for many threads and processes at once.
package struct ObjectStore: Sendable {
  /// The folder, `.exp/objects`.
  package let path: String

  package init(at path: String) { self.path = path }

  /// Makes the folders and removes temporary files that dead processes left. Called once by
  /// whoever opens the store for writing.
  package func prepare() throws(StoreError) { fatalError("to be built") }

  // MARK: Writing

  /// Stores bytes. Durable on return.
  @discardableResult
  package func put(_ bytes: [UInt8]) throws(StoreError) -> Digest { fatalError("to be built") }

  /// Stores a file's bytes, streaming. Durable on return.
  @discardableResult
  package func put(contentsOf path: String) throws(StoreError) -> (digest: Digest, size: Int) {
    fatalError("to be built")
  }

  /// Starts an object that is written piece by piece.
  package func makeWriter() throws(StoreError) -> ObjectWriter { fatalError("to be built") }

  /// Starts many objects that become durable together, which is faster.
  package func makeBatch() -> ObjectBatch { fatalError("to be built") }

  /// Stores a manifest.
  @discardableResult
  package func putTree(_ tree: Tree) throws(StoreError) -> Digest { fatalError("to be built") }

  // MARK: Reading

  /// Whether an object of this name is there (not whether it is whole).
  package func contains(_ digest: Digest) -> Bool { fatalError("to be built") }

  /// An object's size in bytes.
  package func size(of digest: Digest) throws(StoreError) -> Int { fatalError("to be built") }

  /// An object's bytes, checked against its name.
  package func read(_ digest: Digest) throws(StoreError) -> [UInt8] { fatalError("to be built") }

  /// Reads an object in pieces of at most `chunk` bytes, checked at the end.
  package func makeReader(
    _ digest: Digest, chunk: Int = 1 << 20
  ) throws(StoreError) -> ObjectReader { fatalError("to be built") }

  /// A tree's manifest.
  package func readTree(_ digest: Digest) throws(StoreError) -> Tree { fatalError("to be built") }

  /// Copies an object to a new file, checked. An existing file is refused.
  package func copy(
    _ digest: Digest, to path: String, readOnly: Bool = false
  ) throws(StoreError) { fatalError("to be built") }

  /// Copies an artifact out: a file becomes the file `path`, a tree the folder `path` (which may be
  /// there; files in it that a copy would replace are refused). Checked.
  package func materialize(
    _ artifact: Artifact, at path: String, readOnly: Bool = false
  ) throws(StoreError) { fatalError("to be built") }

  // MARK: Upkeep

  /// All objects, sorted.
  package func list() throws(StoreError) -> [Digest] { fatalError("to be built") }

  /// Re-hashes an object; throws `.missing` or `.damaged`.
  package func verify(_ digest: Digest) throws(StoreError) { fatalError("to be built") }

  /// Evicts an object; nothing when it is not there.
  package func remove(_ digest: Digest) throws(StoreError) { fatalError("to be built") }

  // MARK: Importing the user's files

  /// Stores every file under a folder as a tree. Links to files and folders are followed; loops,
  /// links to nothing, and what is neither file nor folder are refused. Folders named in `skipping`
  /// are left out. With a memo, unchanged files are neither read nor hashed again.
  package func importFolder(
    _ folder: String, skipping: Set<String> = [".exp", ".git"], memo: FileMemo? = nil
  ) throws(StoreError) -> Tree { fatalError("to be built") }

  /// Stores files as a tree: manifest path → file on disk.
  package func importFiles(
    _ files: [String: String], memo: FileMemo? = nil
  ) throws(StoreError) -> Tree { fatalError("to be built") }
}

/// An object being written, by one writer at a time. Letting go of it unfinished removes it.
package final class ObjectWriter {
  init() {}
  package func write(_ bytes: [UInt8]) throws(StoreError) { fatalError("to be built") }
  package func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
    fatalError("to be built")
  }
  package func write(_ text: String) throws(StoreError) { fatalError("to be built") }
  /// Bytes written so far.
  package var size: Int { 0 }
  /// Makes the object. Durable on return, or with its batch.
  package func finish() throws(StoreError) -> (digest: Digest, size: Int) {
    fatalError("to be built")
  }
}

/// Objects that become durable together at `commit`.
package final class ObjectBatch {
  init() {}
  @discardableResult
  package func put(_ bytes: [UInt8]) throws(StoreError) -> Digest { fatalError("to be built") }
  @discardableResult
  package func put(contentsOf path: String) throws(StoreError) -> (digest: Digest, size: Int) {
    fatalError("to be built")
  }
  package func makeWriter() throws(StoreError) -> ObjectWriter { fatalError("to be built") }
  /// Makes all of them durable. To be called before anything refers to them.
  package func commit() throws(StoreError) { fatalError("to be built") }
}

/// An object being read in pieces. The last piece is handed out only after the whole object was
/// found to have its name, so damage is an error before the end is seen.
package final class ObjectReader {
  init() {}
  /// Bytes.
  package let size = 0
  /// The next piece; nil after the last.
  package func next() throws(StoreError) -> [UInt8]? { fatalError("to be built") }
}

/// Remembers the digests of the user's files, so that unchanged ones are not hashed again. An entry
/// counts only while device, inode, size, mtime and ctime are the same, and only when both times
/// were safely past as the file was hashed. The file may be deleted at any time.
package final class FileMemo: Sendable {
  /// `path`: the memo's own file, `.exp/memo`. Read when first asked.
  package init(at path: String) { fatalError("to be built") }
  /// A file's digest and size, remembered or hashed now.
  package func digest(
    ofFile path: String
  ) throws(StoreError) -> (digest: Digest, size: Int) { fatalError("to be built") }
  /// Writes new entries to disk, if there are any.
  package func save() throws(StoreError) { fatalError("to be built") }
}
