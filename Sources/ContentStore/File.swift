import Glibc

/// An open file. Closed when it goes out of scope.
package struct File: ~Copyable, Sendable {
  package enum Mode: Sendable {
    case read
    /// A new file with these permission bits; refused (EEXIST) when there is one.
    case create(permissions: UInt32)
    /// Written at the end; made when there is none.
    case append
    /// Read and written, never cut; made when there is none.
    case update
  }

  /// The file descriptor.
  package let descriptor: Int32
  /// Where it was opened, for messages.
  package let path: String

  package init(_ path: String, _ mode: Mode) throws(StoreError) {
    let (flags, permissions) =
      switch mode {
      case .read: (O_RDONLY, UInt32(0))
      case .create(let permissions): (O_WRONLY | O_CREAT | O_EXCL, permissions)
      case .append: (O_WRONLY | O_CREAT | O_APPEND, UInt32(0o644))
      case .update: (O_RDWR | O_CREAT, UInt32(0o644))
      }
    let verb = flags == O_RDONLY ? "read" : "write"
    descriptor = try valueOrErrno(cannot: "\(verb) \"\(path)\"") {
      open(path, flags | O_CLOEXEC | O_NOCTTY, permissions)
    }
    self.path = path
  }

  deinit { close(descriptor) }

  /// Reads up to the buffer's size; 0 at the end.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int {
    try valueOrErrno(cannot: "read \"\(path)\"") {
      Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    }
  }

  /// Reads until the buffer is full or the file ends; the number of bytes read.
  package func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int {
    var count = 0
    while count < buffer.count {
      let got = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
      if got == 0 { break }
      count += got
    }
    return count
  }

  /// Up to `count` bytes; fewer only at the end of the file, none after it.
  package func read(upTo count: Int) throws(StoreError) -> [UInt8] {
    var failure: StoreError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(StoreError) {
        filled = try fill(UnsafeMutableRawBufferPointer(buffer))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Writes all of the bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = try valueOrErrno(cannot: "write \"\(path)\"") {
        Glibc.write(descriptor, rest.baseAddress, rest.count)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Writes all of the bytes.
  package func write(_ bytes: [UInt8]) throws(StoreError) {
    try bytes.span.bytes.withUnsafeBytes { (buffer) throws(StoreError) in try write(buffer) }
  }

  /// Returns when the bytes are on the disk (fsync).
  package func sync() throws(StoreError) {
    _ = try valueOrErrno(cannot: "write \"\(path)\"") { fsync(descriptor) }
  }

  /// Moves the reading position, in bytes from the start.
  package func seek(to offset: Int) throws(StoreError) {
    _ = try valueOrErrno(cannot: "read \"\(path)\"") { lseek(descriptor, offset, SEEK_SET) }
  }

  package func status() throws(StoreError) -> FileStatus {
    var raw = stat()
    _ = try valueOrErrno(cannot: "read \"\(path)\"") { fstat(descriptor, &raw) }
    return FileStatus(raw)
  }
}
