import CLinux
import Dispatch
import Glibc
import Synchronization

/// Threads that wait for the parts of kernels. Kernels follow one another within microseconds, and waking
/// a sleeping thread takes tens of them: a helper looks for its next work a while before it sleeps. Whoever
/// asks never waits for a helper that has not come.
///
/// @unchecked Sendable: `helpers` changes only while `isTaken`, `job` only while no helper may enter;
/// `state` orders both for the helpers.
final class Crew: @unchecked Sendable {
  static let shared = Crew()

  private let state = Atomic<UInt64>(0)
  private let isTaken = Atomic<Bool>(false)
  /// The naps of the helpers there are.
  private var helpers: [Nap] = []
  private var job: UnsafePointer<@Sendable () -> Void>?

  /// `state`: how many have asked so far, how many helpers may enter, and how many are inside.
  private enum Field {
    static let inside: UInt64 = 0xFFF
    static let wanted: UInt64 = 0xFFF << 12
    static let asking: UInt64 = 1 << 24
  }

  /// Runs `body` here, and at the same time on up to `count` helpers. Returns when all that began have
  /// ended; false, having done nothing, when the crew works for somebody else.
  func run(helpers count: Int, _ body: @Sendable () -> Void) -> Bool {
    guard isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else { return false }
    defer { isTaken.store(false, ordering: .releasing) }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { pointer in
        let wanted = min(count, Int(Field.inside))
        while helpers.count < wanted, addHelper() {}
        job = pointer
        open(to: min(wanted, helpers.count))
        body()
        close()
      }
    }
    return true
  }

  private func open(to count: Int) {
    let before = state.load(ordering: .relaxed)
    let next = (before / Field.asking &+ 1) &* Field.asking | UInt64(count) << 12
    state.store(next, ordering: .sequentiallyConsistent)
    for nap in helpers[..<count] { nap.end() }
  }

  /// Lets nobody in any more, and waits for those inside.
  private func close() {
    var now = state.bitwiseAnd(~Field.wanted, ordering: .acquiringAndReleasing).newValue
    var turns = 0
    while now & Field.inside != 0 {
      exp_pause()
      turns += 1
      // The helper's processor may have been taken away.
      if turns > spins { sched_yield() }
      now = state.load(ordering: .acquiring)
    }
  }

  // MARK: Helpers

  private func addHelper() -> Bool {
    let (index, nap) = (helpers.count, Nap())
    guard startThread({ self.help(index, nap) }) else { return false }
    helpers.append(nap)
    return true
  }

  private func help(_ index: Int, _ nap: Nap) {
    var last: UInt64 = 0
    while true {
      last = enter(index, after: last, nap)
      work()
      state.subtract(1, ordering: .releasing)
    }
  }

  /// Apart, so that nothing of the job is held any more when the helper counts itself out.
  private func work() { job?.pointee() }

  /// Waits until this helper is wanted for something new; says for what.
  private func enter(_ index: Int, after last: UInt64, _ nap: Nap) -> UInt64 {
    var turns = 0
    while true {
      let now = state.load(ordering: .acquiring)
      if isWanted(index, now, after: last) {
        if state.compareExchange(expected: now, desired: now + 1, ordering: .acquiring).exchanged {
          return now / Field.asking
        }
        continue
      }
      turns += 1
      // More threads than processors only take them from each other.
      if turns < spins, index + 1 < processors {
        exp_pause()
      } else {
        nap.take { isWanted(index, state.load(ordering: .sequentiallyConsistent), after: last) }
        turns = 0
      }
    }
  }

  private func isWanted(_ index: Int, _ state: UInt64, after last: UInt64) -> Bool {
    state / Field.asking != last && index < Int((state & Field.wanted) >> 12)
  }
}

/// Looks before a thread gives up: with x86's PAUSE, some tenths of a millisecond.
private let spins = 8000
private let processors = Int(exp_usable_processors())

/// A thread's sleep, which another may end.
private final class Nap: Sendable {
  private let isAsleep = Atomic<Bool>(false)
  private let bell = DispatchSemaphore(value: 0)

  /// Sleeps until `end`, unless what is waited for is there already.
  func take(unless isThere: () -> Bool) {
    isAsleep.store(true, ordering: .sequentiallyConsistent)
    // Whoever took the mark away rings.
    if isThere(), isAsleep.exchange(false, ordering: .sequentiallyConsistent) { return }
    bell.wait()
  }

  func end() {
    guard isAsleep.load(ordering: .sequentiallyConsistent) else { return }
    if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { bell.signal() }
  }
}

/// Starts a thread that takes no signals but those of its own faults. False when the system has none to
/// give.
private func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
  var (all, before, thread) = (sigset_t(), sigset_t(), pthread_t())
  sigfillset(&all)
  for fault in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS] {
    sigdelset(&all, fault)
  }
  pthread_sigmask(SIG_SETMASK, &all, &before)
  defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
  let box = Unmanaged.passRetained(ThreadBody(body))
  let status = pthread_create(
    &thread, nil,
    { argument in
      guard let argument else { return nil }
      Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
      return nil
    }, box.toOpaque())
  guard status == 0 else {
    box.release()
    return false
  }
  pthread_detach(thread)
  return true
}

private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
