/// An object being read in pieces. The last piece is handed out only after the whole object was
/// found to have its name, so damage is an error before the end is seen.
package final class ObjectReader {
  private let store: ObjectStore
  private let digest: Digest
  private let file: File
  private let chunk: Int
  private var hasher = SHA256()
  /// The piece after the last one handed out; nil when all were.
  private var ahead: [UInt8]?
  /// The part of a piece that lines were not taken from yet.
  private var rest: ArraySlice<UInt8> = []

  /// Bytes.
  package let size: Int

  init(_ digest: Digest, in store: ObjectStore, chunk: Int) throws(StoreError) {
    self.store = store
    self.digest = digest
    self.chunk = max(1, chunk)
    file = try store.open(digest)
    size = try file.status().size
    ahead = try readChunk()
  }

  /// The next piece; nil after the last. Throws `.damaged` in place of the last piece of an object
  /// that does not have its name.
  package func next() throws(StoreError) -> [UInt8]? {
    guard let piece = ahead else { return nil }
    // A short piece is the last one; a full one is, if nothing follows.
    let following = piece.count < chunk ? [] : try readChunk()
    if following.isEmpty { try check() }
    ahead = following.isEmpty ? nil : following
    return piece.isEmpty ? nil : piece
  }

  /// The next line without its line feed; nil after the last. Not to be mixed with `next`.
  package func nextLine() throws(StoreError) -> [UInt8]? {
    var line: [UInt8] = []
    while true {
      if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        line += rest[..<end]
        rest = rest[(end + 1)...]
        return line
      }
      line += rest
      guard let piece = try next() else {
        rest = []
        return line.isEmpty ? nil : line
      }
      rest = piece[...]
    }
  }

  private func readChunk() throws(StoreError) -> [UInt8] {
    let bytes = try file.read(upTo: chunk)
    hasher.update(bytes)
    return bytes
  }

  private func check() throws(StoreError) {
    var all = hasher
    let found = all.finalize()
    guard found == digest else { throw store.damaged(digest, found: found) }
  }
}
