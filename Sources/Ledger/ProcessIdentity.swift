package import ContentStore
import Glibc

/// A process that cannot be confused with a later one of the same number: the boot it lives in and
/// the clock tick it started at (`/proc/PID/stat`, field 22).
package struct ProcessIdentity: Hashable, Sendable {
  /// `/proc/sys/kernel/random/boot_id`.
  package var bootID: String
  package var pid: Int
  /// Clock ticks from boot to the process's start.
  package var startTicks: Int

  package init(bootID: String, pid: Int, startTicks: Int) {
    self.bootID = bootID
    self.pid = pid
    self.startTicks = startTicks
  }

  /// This process.
  package static let current = ProcessIdentity(
    bootID: currentBootID, pid: Int(getpid()), startTicks: startTicks(of: Int(getpid())) ?? 0)

  /// Whether the process still runs, as far as this machine can tell: false for one of another boot.
  package var isRunning: Bool {
    bootID == Self.currentBootID && Self.startTicks(of: pid) == startTicks
  }

  package var json: JSON {
    ["boot": .string(bootID), "pid": .integer(pid), "start": .integer(startTicks)]
  }

  package init?(json: JSON) {
    guard let bootID = json["boot"]?.stringValue, let pid = json["pid"]?.intValue,
      let startTicks = json["start"]?.intValue
    else { return nil }
    self.init(bootID: bootID, pid: pid, startTicks: startTicks)
  }

  private static let currentBootID =
    firstLine(of: "/proc/sys/kernel/random/boot_id") ?? "unknown"

  private static func startTicks(of pid: Int) -> Int? {
    guard let line = firstLine(of: "/proc/\(pid)/stat") else { return nil }
    // The command's name, in parentheses, may hold spaces and parentheses itself.
    let fields = line[(line.lastIndex(of: ")") ?? line.startIndex)...].split(separator: " ")
    // A zombie has ended, only its parent has not looked yet.
    guard fields.count > 20, fields[1] != "Z" else { return nil }
    return Int(fields[20])
  }

  private static func firstLine(of path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = fread(&buffer, 1, buffer.count, file)
    return String(decoding: buffer[..<count].prefix { $0 != 0x0A }, as: UTF8.self)
  }
}
