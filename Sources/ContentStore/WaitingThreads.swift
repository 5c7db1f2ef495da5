import Glibc
import Synchronization

/// Runs `body(0)` … `body(count - 1)` on a few threads that mostly wait for the disk, and throws the
/// first failure. A disk makes 32 waiting files durable in hardly more time than one: 4 KiB files on
/// a virtual ext4 disk took 5.2 ms each in turn and 0.16 ms each at sixteen at once.
func concurrently(
  _ count: Int, threads: Int = 32, _ body: @escaping @Sendable (Int) throws(StoreError) -> Void
) throws(StoreError) {
  let work = SharedWork(count: count, body: body)
  var started: [pthread_t] = []
  for _ in 1..<max(1, min(threads, count)) {
    var thread = pthread_t()
    let context = Unmanaged.passUnretained(work).toOpaque()
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<SharedWork>.fromOpaque(context).takeUnretainedValue().drain() }
        return nil
      }, context)
    // Fewer threads than wished for only take longer.
    if code != 0 { break }
    started.append(thread)
  }
  work.drain()
  for thread in started { pthread_join(thread, nil) }
  if let failure = work.failure.withLock({ $0 }) { throw failure }
}

/// Lives until every thread that uses it was joined.
private final class SharedWork: Sendable {
  let count: Int
  let body: @Sendable (Int) throws(StoreError) -> Void
  let next = Atomic(0)
  let failure = Mutex<StoreError?>(nil)

  init(count: Int, body: @escaping @Sendable (Int) throws(StoreError) -> Void) {
    (self.count, self.body) = (count, body)
  }

  func drain() {
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if index >= count { return }
      do throws(StoreError) {
        try body(index)
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
  }
}
