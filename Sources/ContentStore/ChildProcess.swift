import CLinux
import Glibc

/// A started program, in a process group of its own.
package struct ChildProcess: Sendable {
  package let pid: Int32

  /// How a child ended, and what it used.
  package struct Ending: Sendable {
    /// The exit status; nil when a signal ended it.
    package var status: Int32?
    package var signal: Int32?
    package var userSeconds: Double
    package var systemSeconds: Double
    /// Bytes.
    package var peakMemory: Int

    package var isSuccess: Bool { status == 0 }
  }

  /// Starts a program. Descriptors other than the given ones are not inherited.
  /// - Parameters:
  ///   - environment: `NAME=value`; the child gets nothing else.
  ///   - folder: its working folder; nil for this process's own.
  ///   - inherited: becomes its descriptor 3.
  ///   - ruleset: a Landlock ruleset that binds it.
  ///   - diesWithParent: the kernel kills it when the thread that starts it ends, so that thread must
  ///     live as long as the child.
  package static func start(
    _ path: String, arguments: [String], environment: [String], folder: String? = nil,
    input: Descriptor, output: Descriptor, error: Descriptor, inherited: Int32? = nil,
    ruleset: Descriptor? = nil, diesWithParent: Bool = true
  ) throws(StoreError) -> ChildProcess {
    var program = exp_program()
    program.argument_count = Int32(arguments.count)
    program.environment_count = Int32(environment.count)
    program.input = input.number
    program.output = output.number
    program.error = error.number
    program.inherited = inherited ?? -1
    program.ruleset = ruleset?.number ?? -1
    program.death_signal = diesWithParent ? SIGKILL : 0
    let texts = [[path], arguments, environment, folder.map { [$0] } ?? []].map(pack)
    let pid = withExtendedLifetime((input, output, error, ruleset)) { start(&program, texts) }
    if pid < 0 { throw StoreError(errno: -pid, cannot: "start \"\(path)\"") }
    return ChildProcess(pid: pid)
  }

  private static func start(_ program: inout exp_program, _ texts: [[CChar]]) -> pid_t {
    texts[0].withUnsafeBufferPointer { path in
      texts[1].withUnsafeBufferPointer { arguments in
        texts[2].withUnsafeBufferPointer { environment in
          texts[3].withUnsafeBufferPointer { folder in
            program.path = path.baseAddress
            program.arguments = arguments.baseAddress
            program.environment = environment.baseAddress
            program.folder = folder.count > 1 ? folder.baseAddress : nil
            return exp_start(&program)
          }
        }
      }
    }
  }

  /// Texts one after another, each ended by a NUL, and one NUL more.
  private static func pack(_ texts: [String]) -> [CChar] { texts.flatMap { $0.utf8CString } + [0] }

  /// Sends a signal to the whole process group.
  package func signal(_ number: Int32) { kill(-pid, number) }

  /// The child's ending once it has ended; nil while it runs.
  package func poll() -> Ending? {
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

extension ChildProcess {
  /// Makes this process the parent of descendants whose own parent is gone, so that `killAll` finds
  /// them.
  package static func adoptOrphans() { _ = exp_become_subreaper() }

  /// Has the kernel kill this process when its parent's thread ends.
  package static func dieWithParent() { _ = exp_die_with_parent() }

  /// Ends every child of this process, adopted ones too: what a program left running behind it, even
  /// in a session of its own.
  package static func killAll() {
    while true {
      let children = children()
      if children.isEmpty { return }
      for child in children {
        kill(child, SIGKILL)
        waitpid(child, nil, 0)
      }
    }
  }

  /// The children of this process, zombies included.
  private static func children() -> [Int32] {
    let parent = Int(getpid())
    return ((try? FileSystem.list("/proc")) ?? []).compactMap { name in
      guard let pid = Int32(name), let stat = try? FileSystem.read("/proc/\(name)/stat") else {
        return nil
      }
      // The second field, the program's name in parentheses, may hold anything.
      let text = String(decoding: stat, as: UTF8.self)
      guard let close = text.lastIndex(of: ")") else { return nil }
      let fields = text[close...].split(separator: " ")
      return fields.count > 2 && Int(fields[2]) == parent ? pid : nil
    }
  }
}
