// The memo's file: the line `exp-memo/1`, then per entry the path's length in bytes (UInt32), the
// path, device, inode, size, mtime and ctime in nanoseconds (64 bits each) and the digest's 32
// bytes; last the SHA-256 of all that, so that a half-written file is no memo. Little-endian.
extension FileMemo {
  private static let magic = Array("exp-memo/1\n".utf8)
  /// Bytes of an entry after the path.
  private static let fixedSize = 5 * 8 + 32

  static func encode(_ entries: [String: Entry]) -> [UInt8] {
    var out = magic
    for (path, entry) in entries.sorted(by: { FileSystem.precedes($0.key, $1.key) }) {
      append(UInt32(path.utf8.count), to: &out)
      out += path.utf8
      append(entry.device, to: &out)
      append(entry.inode, to: &out)
      append(entry.size, to: &out)
      append(entry.modified, to: &out)
      append(entry.changed, to: &out)
      out += entry.digest.bytes
    }
    return out + SHA256.hash(out).bytes
  }

  /// Nil when the bytes are not a whole memo.
  static func decode(_ bytes: [UInt8]) -> [String: Entry]? {
    bytes.withUnsafeBytes { bytes in
      let end = bytes.count - 32
      guard end >= magic.count, bytes.starts(with: magic),
        SHA256.hash(UnsafeRawBufferPointer(rebasing: bytes[..<end])) == Digest(bytes: bytes[end...])
      else { return nil }
      var entries: [String: Entry] = [:]
      entries.reserveCapacity(end / 150)
      var position = magic.count
      while position < end {
        let length = Int(load(bytes, position, as: UInt32.self))
        let start = position + 4
        guard start + length + fixedSize <= end else { return nil }
        let path = String(decoding: bytes[start..<(start + length)], as: UTF8.self)
        entries[path] = Entry(in: bytes, at: start + length)
        position = start + length + fixedSize
      }
      return entries
    }
  }

  private static func append(_ value: some FixedWidthInteger, to out: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { out += $0 }
  }

  fileprivate static func load<Value: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, _ offset: Int, as: Value.Type
  ) -> Value {
    Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
  }
}

extension FileMemo.Entry {
  fileprivate init(in bytes: UnsafeRawBufferPointer, at offset: Int) {
    device = FileMemo.load(bytes, offset, as: UInt64.self)
    inode = FileMemo.load(bytes, offset + 8, as: UInt64.self)
    size = FileMemo.load(bytes, offset + 16, as: Int64.self)
    modified = FileMemo.load(bytes, offset + 24, as: Int64.self)
    changed = FileMemo.load(bytes, offset + 32, as: Int64.self)
    digest = Digest(bytes: bytes[(offset + 40)..<(offset + 72)])
  }
}
