import Dispatch
import Synchronization

/// How work is carried out. Threads bear on speed, never on a bit of any result; the engine is part of
/// the recipe.
package struct Compute: Sendable {
  /// Threads that share a loop; 1 runs it in place.
  package let threads: Int
  /// What computes matrix products.
  package let engine: Engine
  /// Hears where the time goes; nil for nobody.
  package let profile: Profile?

  package init(threads: Int, engine: Engine = .portable, profile: Profile? = nil) {
    precondition(threads >= 1, "at least one thread is needed")
    self.threads = threads
    self.engine = engine
    self.profile = profile
  }

  /// Runs `body` once for each part of `0..<count`, on up to `threads` threads; returns when all are
  /// done. Parts have `grain` items or a multiple of it (the last may be shorter). What `body` writes
  /// must depend on the items alone, not on how they were cut: split outputs, never sums.
  package func split(_ count: Int, grain: Int = 1, _ body: @Sendable (Range<Int>) -> Void) {
    precondition(grain >= 1, "a part has at least one item")
    guard count > 0 else { return }
    guard threads > 1, count > grain else { return body(0..<count) }
    let grains = (count + grain - 1) / grain
    // A few parts per thread: enough for a busy core's share to be taken over by the other.
    let part = max(1, grains / (threads * 8)) * grain
    share((count + part - 1) / part) { body($0 * part..<min(count, ($0 + 1) * part)) }
  }

  /// Runs `body` for 0..<count, each index taken by the next thread that is free.
  func share(_ count: Int, _ body: @Sendable (Int) -> Void) {
    guard threads > 1, count > 1 else {
      for index in 0..<max(0, count) { body(index) }
      return
    }
    let next = Atomic<Int>(0)
    @Sendable func work() {
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        body(index)
      }
    }
    let workers = min(threads, count)
    if Crew.shared.run(helpers: workers - 1, work) { return }
    DispatchQueue.concurrentPerform(iterations: workers) { _ in work() }
  }

  /// What `body` gives for 0..<count, in order; an array of values that threads compute.
  package func map<T: Sendable>(_ count: Int, _ body: @Sendable (Int) -> T) -> [T] {
    [T](unsafeUninitializedCapacity: count) { buffer, initialized in
      // Each thread initialises the elements of its own part.
      nonisolated(unsafe) let buffer = buffer
      split(count) { part in
        for index in part { buffer.initializeElement(at: index, to: body(index)) }
      }
      initialized = count
    }
  }
}
