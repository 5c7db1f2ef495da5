import ContentStore
import Glibc

/// What ties a worker to its runner: the pipe that its events go into. When the runner is gone,
/// however it went, nobody holds the pipe's other end; then the worker ends all that it started, and
/// itself.
enum Lifeline {
  /// Watches from now on. The kernel's parent-death signal would leave behind what a `command` started;
  /// it is used only when no thread can be had.
  static func watch(_ events: Descriptor) {
    ChildProcess.adoptOrphans()
    let watcher = try? Thread.start {
      // Asked for nothing, poll still tells of POLLERR: no reader is left.
      var end = pollfd(fd: events.number, events: 0, revents: 0)
      while poll(&end, 1, -1) <= 0 {}
      ChildProcess.killAll()
      _exit(1)
    }
    if watcher == nil { ChildProcess.dieWithParent() }
  }
}
