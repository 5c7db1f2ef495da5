import CLinux
import Glibc

/// A started program, in a process group of its own. The kernel kills it when the thread that
/// started it ends, so that thread must live as long as the child.
struct ChildProcess {
  let pid: pid_t

  /// How a child ended, and what it used.
  struct Ending {
    /// The exit status; nil when a signal ended it.
    var status: Int32?
    var signal: Int32?
    var userSeconds: Double
    var systemSeconds: Double
    /// Bytes.
    var peakMemory: Int

    var isSuccess: Bool { status == 0 }
  }

  /// Starts a program. Descriptors other than the four given ones are not inherited.
  static func start(
    _ path: String, arguments: [String], environment: [String], input: Descriptor,
    output: Descriptor, error: Descriptor, inherited: Int32 = -1
  ) throws(RunnerError) -> ChildProcess {
    let pid = pack(arguments).withUnsafeBufferPointer { arguments_ in
      pack(environment).withUnsafeBufferPointer { environment_ in
        path.withCString { path in
          var program = exp_program()
          program.path = path
          program.arguments = arguments_.baseAddress
          program.argument_count = Int32(arguments.count)
          program.environment = environment_.baseAddress
          program.environment_count = Int32(environment.count)
          program.input = input.number
          program.output = output.number
          program.error = error.number
          program.inherited = inherited
          program.ruleset = -1
          return exp_start(&program)
        }
      }
    }
    if pid < 0 { throw .system("cannot start \(path)", -pid) }
    return ChildProcess(pid: pid)
  }

  /// Texts one after another, each ended by a NUL.
  private static func pack(_ texts: [String]) -> [CChar] {
    texts.flatMap { $0.utf8CString } + [0]
  }

  /// Sends a signal to the whole process group.
  func signal(_ number: Int32) { kill(-pid, number) }

  /// The child's ending once it has ended; nil while it runs.
  func poll() -> Ending? {
    var status: Int32 = 0
    var usage = rusage()
    guard wait4(pid, &status, WNOHANG, &usage) == pid else { return nil }
    let exited = status & 0x7F == 0
    return Ending(
      status: exited ? (status >> 8) & 0xFF : nil, signal: exited ? nil : status & 0x7F,
      userSeconds: Self.seconds(usage.ru_utime), systemSeconds: Self.seconds(usage.ru_stime),
      peakMemory: usage.ru_maxrss * 1024)
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1e6
  }
}
