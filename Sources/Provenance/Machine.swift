import CLinux
import ContentStore
import Glibc

/// Facts about this machine, from the kernel and the C library.
package enum Machine {
  /// Logical processors that are online.
  static var onlineCores: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

  /// Logical processors that this process may use (taskset, Slurm, containers).
  package static var usableCores: Int {
    let count = Int(exp_usable_processors())
    return count > 0 ? count : onlineCores
  }

  /// Bytes of memory.
  static var memory: Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) }

  /// The processor's name and features, as it tells them itself where it can be asked: under an
  /// emulator `/proc/cpuinfo` speaks of another CPU than the one that computes.
  static func cpu() -> (model: String, features: [String]) {
    #if arch(x86_64)
      let name = CPUID.name()
      if !name.isEmpty { return (name, CPUID.features().sorted()) }
    #endif
    return listedCPU()
  }

  /// The same from `/proc/cpuinfo`.
  static func listedCPU() -> (model: String, features: [String]) {
    let fields = keyValues(in: "/proc/cpuinfo", separator: ":")
    let flags = fields["flags"] ?? fields["Features"] ?? ""
    let features = flags.split(separator: " ").map(String.init).filter(isNotable)
    return (fields["model name"] ?? fields["Model"] ?? architecture(), features.sorted())
  }

  /// Vector, matrix, cryptographic and bit instructions, of x86 and of Arm.
  private static func isNotable(_ feature: String) -> Bool {
    let exact = [
      "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "sha_ni", "sse4_1", "sse4_2", "ssse3", "asimd",
      "asimddp", "asimdhp", "bf16", "i8mm", "sha2", "sve", "sve2",
    ]
    return exact.contains(feature) || feature.hasPrefix("avx512") || feature.hasPrefix("avx_")
      || feature.hasPrefix("amx_")
  }

  static func os() -> String {
    let name = keyValues(in: "/etc/os-release", separator: "=")["PRETTY_NAME"] ?? ""
    return name.trimming("\"")
  }

  static func kernel() -> String {
    let (name, release, _) = systemNames()
    return "\(name) \(release)"
  }

  private static func architecture() -> String { systemNames().machine }

  static func host() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The name of the user whom the process acts for, or the number when it has none.
  static func user() -> String {
    var (entry, found) = (passwd(), UnsafeMutablePointer<passwd>?.none)
    var buffer = [CChar](repeating: 0, count: 16_384)
    let code = getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found)
    guard code == 0, let name = found?.pointee.pw_name else { return "\(geteuid())" }
    return String(cString: name)
  }

  private static func systemNames() -> (system: String, release: String, machine: String) {
    var names = utsname()
    guard uname(&names) == 0 else { return ("", "", "") }
    return (text(names.sysname), text(names.release), text(names.machine))
  }

  private static func text(_ field: some Any) -> String {
    withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// The first value of each key in a file of `key separator value` lines. Only the head of the
  /// file is read: the kernel makes `/proc/cpuinfo` processor by processor.
  private static func keyValues(in path: String, separator: Character) -> [String: String] {
    guard let file = try? File(path, .read), let bytes = try? file.read(upTo: 16_384) else {
      return [:]
    }
    var values: [String: String] = [:]
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: separator, maxSplits: 1)
      guard parts.count == 2 else { continue }
      let key = String(parts[0]).trimming(" \t")
      if values[key] == nil { values[key] = String(parts[1]).trimming(" \t") }
    }
    return values
  }
}

extension String {
  /// Without these characters at both ends.
  fileprivate func trimming(_ characters: String) -> String {
    let head = drop { characters.contains($0) }
    return String(head.reversed().drop { characters.contains($0) }.reversed())
  }
}
