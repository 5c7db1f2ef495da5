/// A file of the user's that must hold still while it is read.
enum StableFile {
  /// What was known of the file when reading began.
  struct Reading {
    var status: FileStatus
    /// When reading began, nanoseconds since 1970.
    var start: Int64
  }

  /// Hands a file's bytes to `body` in pieces. Refuses a file that is changed meanwhile, since what
  /// was read would be neither the old bytes nor the new.
  static func read(
    _ path: String, now: () -> Int64 = Clock.now,
    _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) -> Reading {
    let file = try File(path, .read)
    let start = now()
    let status = try file.status()
    guard status.kind == .file else {
      throw StoreError(.refused, "\"\(path)\" is not a file; give a regular file")
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { buffer.deallocate() }
    var size = 0
    while true {
      let count = try file.read(into: buffer)
      if count == 0 { break }
      size += count
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    guard size == status.size, try file.status() == status else {
      throw StoreError(
        .refused, "\"\(path)\" was changed while it was read; run again when nothing writes to it")
    }
    return Reading(status: status, start: start)
  }
}
