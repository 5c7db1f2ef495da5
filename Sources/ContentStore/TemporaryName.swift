import Glibc
import Synchronization

/// Names for files that are being written: unlike any other of this process (counter), of this
/// machine (process number) and of other machines on a shared disk (random).
enum TemporaryName {
  private static let counter = Atomic<UInt64>(0)

  static func next() -> String {
    let (count, _) = counter.add(1, ordering: .relaxed)
    return "\(getpid())-\(count)-" + String(UInt64.random(in: .min ... .max), radix: 16)
  }
}
