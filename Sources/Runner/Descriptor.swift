import Glibc

/// An open file descriptor, closed when freed.
final class Descriptor: Sendable {
  let number: Int32

  init(_ number: Int32) { self.number = number }
  deinit { close(number) }

  /// A pipe whose ends are not inherited.
  static func pipe() throws(RunnerError) -> (read: Descriptor, write: Descriptor) {
    var ends: [Int32] = [-1, -1]
    if Glibc.pipe(&ends) != 0 { throw .system("cannot create a pipe", errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (Descriptor(ends[0]), Descriptor(ends[1]))
  }

  /// Writes all bytes. Returns false when the other side is gone or the disk is full (see `errno`).
  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool {
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
  func read() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = Glibc.read(number, &buffer, buffer.count)
    if count < 0 { return errno == EAGAIN || errno == EINTR ? nil : [] }
    return Array(buffer[..<count])
  }

  /// Everything up to the end.
  func readAll() -> [UInt8] {
    var all: [UInt8] = []
    while true {
      guard let part = read() else { continue }
      if part.isEmpty { return all }
      all += part
    }
  }

  func setNonBlocking() { _ = fcntl(number, F_SETFL, O_NONBLOCK) }
}

/// Cuts a stream of bytes into lines; a last line without an end is never given out, because it may
/// be half written.
struct LineSplitter {
  private var rest: [UInt8] = []

  mutating func add(_ bytes: [UInt8]) -> [[UInt8]] {
    rest += bytes
    guard let last = rest.lastIndex(of: 0x0A) else { return [] }
    let lines = rest[..<last].split(separator: 0x0A, omittingEmptySubsequences: false).map(
      Array.init)
    rest.removeSubrange(...last)
    return lines
  }
}
