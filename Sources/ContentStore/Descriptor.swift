import Glibc

/// An open file descriptor, closed when freed.
package final class Descriptor: Sendable {
  package let number: Int32

  package init(_ number: Int32) { self.number = number }
  deinit { close(number) }

  /// A pipe whose ends are not inherited.
  package static func pipe() throws(StoreError) -> (read: Descriptor, write: Descriptor) {
    var ends: [Int32] = [-1, -1]
    _ = try valueOrErrno(cannot: "make a pipe") { Glibc.pipe(&ends) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (Descriptor(ends[0]), Descriptor(ends[1]))
  }

  /// Writes all bytes. Returns false when the other side is gone or the disk is full (see `errno`).
  @discardableResult
  package func write(_ bytes: [UInt8]) -> Bool {
    var start = 0
    while start < bytes.count {
      let count = bytes[start...].withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return false }
      start += count
    }
    return true
  }

  /// What can be read now, at most 64 KiB; empty at the end, nil when nothing is there yet.
  package func read() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = Glibc.read(number, &buffer, buffer.count)
    if count < 0 { return errno == EAGAIN || errno == EINTR ? nil : [] }
    return Array(buffer[..<count])
  }

  /// Everything up to the end.
  package func readAll() -> [UInt8] {
    var all: [UInt8] = []
    while true {
      guard let part = read() else { continue }
      if part.isEmpty { return all }
      all += part
    }
  }

  /// From now on `read` does not wait.
  package func setNonBlocking() { _ = fcntl(number, F_SETFL, O_NONBLOCK) }
}
