import ContentStore
import Glibc
import Synchronization

/// Where the signal handlers write; −1 while nobody listens.
private let listener = Atomic<Int32>(-1)

/// SIGINT, SIGTERM and SIGHUP as readable bytes: the handler writes each signal's number to a pipe.
/// One at a time in a process; the previous handlers come back when it is freed.
final class Signals {
  private static let numbers = [SIGINT, SIGTERM, SIGHUP]
  let reader: Descriptor
  private let writer: Descriptor
  private var previous: [sigaction] = []

  init() throws(StoreError) {
    (reader, writer) = try Descriptor.pipe()
    reader.setNonBlocking()
    writer.setNonBlocking()
    listener.store(writer.number, ordering: .sequentiallyConsistent)
    Self.unblock()
    for number in Self.numbers {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        // Only calls that are safe in a handler; errno must look untouched to the interrupted code.
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = Glibc.write(listener.load(ordering: .sequentiallyConsistent), &byte, 1)
        errno = saved
      }
      var old = sigaction()
      sigaction(number, &action, &old)
      previous.append(old)
    }
  }

  /// A parent's thread may have blocked them (thread pools do), and a child inherits that.
  private static func unblock() {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  deinit {
    for (number, action) in zip(Self.numbers, previous) {
      var action = action
      sigaction(number, &action, nil)
    }
    listener.store(-1, ordering: .sequentiallyConsistent)
  }

  /// How many signals came since the last call.
  func take() -> Int { reader.read()?.count ?? 0 }
}
