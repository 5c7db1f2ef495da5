import CLinux
import Glibc
import Synchronization

/// Where a verb writes: data to standard output, talk to standard error. Colour only where a person
/// looks (https://no-color.org), plain lines into a pipe.
final class Console: Sendable {
  /// Standard output is a terminal.
  let isTerminal: Bool
  /// Standard error is a terminal, so progress may be drawn over.
  let talksToTerminal: Bool
  let colour: Bool
  private let coloursTalk: Bool
  /// Columns of the terminal; 100 into a pipe, so that tables do not depend on who reads them.
  let width: Int
  private let buffer = Mutex<[UInt8]>([])

  init() {
    isTerminal = isatty(STDOUT_FILENO) == 1
    let dumb = getenv("TERM").map { String(cString: $0) } == "dumb"
    let refused = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
    talksToTerminal = isatty(STDERR_FILENO) == 1 && !dumb
    colour = isTerminal && !refused && !dumb
    coloursTalk = talksToTerminal && !refused
    width = Console.columns(isTerminal ? STDOUT_FILENO : STDERR_FILENO) ?? 100
  }

  private static func columns(_ descriptor: Int32) -> Int? {
    if let text = getenv("COLUMNS"), let count = Int(String(cString: text)), count >= 20 {
      return count
    }
    let count = Int(exp_terminal_columns(descriptor))
    return count >= 20 ? count : nil
  }

  /// Adds a line to standard output; `flush` (at the end of every verb) makes it visible.
  func print(_ line: String = "") {
    let full = buffer.withLock { buffer in
      buffer += line.utf8
      buffer.append(0x0A)
      return buffer.count > 1 << 16
    }
    if full { flush() }
  }

  /// Adds bytes to standard output as they are.
  func write(_ bytes: [UInt8]) {
    flush()
    Console.writeAll(STDOUT_FILENO, bytes)
  }

  func flush() {
    let bytes = buffer.withLock { buffer in
      defer { buffer.removeAll(keepingCapacity: true) }
      return buffer
    }
    Console.writeAll(STDOUT_FILENO, bytes)
  }

  /// One line to standard error, at once.
  func talk(_ line: String) { Console.writeAll(STDERR_FILENO, Array((line + "\n").utf8)) }

  /// Bytes to standard error as they are, for progress that is drawn over.
  func draw(_ text: String) { Console.writeAll(STDERR_FILENO, Array(text.utf8)) }

  private static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done)
      }
      if count < 0 && errno == EINTR { continue }
      // Nobody reads any more: nothing sensible is left to do with the rest.
      if count <= 0 && (errno == EPIPE || descriptor == STDERR_FILENO) { return }
      if count <= 0 {
        let why = String(cString: strerror(errno))
        writeAll(STDERR_FILENO, Array("error: cannot write standard output: \(why)\n".utf8))
        exit(ExitStatus.failed.rawValue)
      }
      done += count
    }
  }

  /// SGR colours of ECMA-48 that read on dark and light backgrounds.
  enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
  }

  /// A text in a style, or as it is when colours are off.
  func styled(_ text: String, _ style: Style) -> String {
    colour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// The same for standard error.
  func talkStyled(_ text: String, _ style: Style) -> String {
    coloursTalk
      ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }
}
