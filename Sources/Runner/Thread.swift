import ContentStore
import Glibc

/// A thread of one's own, for work that must not sit on a shared pool: a stage run in this process,
/// a timer.
struct Thread: Sendable {
  private let handle: pthread_t

  /// Starts a thread. Stages may recurse deeply, so its stack is larger than the usual one.
  static func start(_ body: @escaping @Sendable () -> Void) throws(StoreError) -> Thread {
    var handle: pthread_t = 0
    let box = Unmanaged.passRetained(Body(body))
    let status = withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { memory in
      let attributes = memory.baseAddress
      guard let attributes, pthread_attr_init(attributes) == 0 else { return ENOMEM }
      defer { pthread_attr_destroy(attributes) }
      pthread_attr_setstacksize(attributes, 64 << 20)
      return pthread_create(
        &handle, attributes,
        { argument in
          guard let argument else { return nil }
          Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, box.toOpaque())
    }
    if status != 0 {
      box.release()
      throw StoreError(errno: status, cannot: "start a thread")
    }
    return Thread(handle: handle)
  }

  /// Waits for its end. To be called once.
  func join() { pthread_join(handle, nil) }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}

/// Calls a closure again and again on a thread of its own until it is stopped.
final class RepeatingTimer {
  private let thread: Thread
  /// Closing it ends the thread.
  private var stopper: Descriptor?

  init(
    milliseconds: Int32, _ body: @escaping @Sendable () -> Void
  ) throws(StoreError) {
    let (reader, writer) = try Descriptor.pipe()
    stopper = writer
    thread = try Thread.start {
      var end = pollfd(fd: reader.number, events: Int16(POLLIN), revents: 0)
      while poll(&end, 1, milliseconds) == 0 { body() }
    }
  }

  /// Returns when the last call has returned. To be called once.
  func stop() {
    stopper = nil
    thread.join()
  }
}
