import Dispatch

/// How work is carried out: bears on speed, never on a bit of any result.
package struct Compute: Sendable {
  /// Threads that share a loop; 1 runs it in place.
  package let threads: Int

  package init(threads: Int) {
    precondition(threads >= 1, "at least one thread is needed")
    self.threads = threads
  }

  /// Runs `body` once for each part of `0..<count`, on up to `threads` threads; returns when all are
  /// done. Parts have `grain` items or a multiple of it (the last may be shorter). What `body` writes
  /// must depend on the items alone, not on how they were cut: split outputs, never sums.
  package func split(_ count: Int, grain: Int = 1, _ body: @Sendable (Range<Int>) -> Void) {
    fatalError("to be built")
  }
}
