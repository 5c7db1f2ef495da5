import CGit2
import CLinux
import CSQLite
package import ContentStore
import Glibc

/// The library of matrix products in use.
package struct BLASVersion: Hashable, Sendable {
  package var name: String
  package var version: String
  /// The kernel family that it chose for this CPU.
  package var core: String

  package init(name: String, version: String, core: String) {
    self.name = name
    self.version = version
    self.core = core
  }
}

/// The machine, the system and the program that executed something. Recorded with an execution,
/// never part of a recipe. What cannot be found out is an empty string or 0.
package struct Environment: Hashable, Sendable {
  package var cpu: String
  /// Instruction sets that can matter to speed or bits, as Linux names them, sorted.
  package var cpuFeatures: [String]
  /// Logical processors that are online.
  package var cores: Int
  /// Of these, how many this process may use.
  package var usableCores: Int
  /// Bytes.
  package var memory: Int
  package var os: String
  package var kernel: String
  package var libc: String
  /// The compiler's version.
  package var swift: String
  package var blas: BLASVersion?
  package var sqlite: String
  package var libgit2: String
  /// The digest of the running program.
  package var executable: Digest?
  /// `LANG`, `LANGUAGE`, `LC_*` and `TZ`, where set.
  package var locale: [String: String]
  package var host: String
  package var user: String

  /// The name of the processor that this process computes on, as `cpu` has it.
  package static var processor: String { Machine.cpu().model }

  /// What can be known of this process now. With a memo, the program is hashed once only.
  package static func capture(blas: BLASVersion? = nil, memo: FileMemo? = nil) -> Environment {
    let cpu = Machine.cpu()
    return Environment(
      cpu: cpu.model, cpuFeatures: cpu.features, cores: Machine.onlineCores,
      usableCores: Machine.usableCores, memory: Machine.memory, os: Machine.os(),
      kernel: Machine.kernel(), libc: "glibc " + String(cString: exp_libc_version()),
      swift: swiftVersion, blas: blas, sqlite: String(cString: sqlite3_libversion()),
      libgit2: libgit2Version(), executable: executableDigest(memo),
      locale: localeVariables(), host: Machine.host(), user: Machine.user())
  }

  /// The record; what is not known is null.
  package var json: JSON {
    [
      "cpu": [
        "model": .string(cpu), "features": .array(cpuFeatures.map(JSON.string)),
        "cores": .integer(cores), "usable": .integer(usableCores),
      ],
      "memory": .integer(memory), "os": .string(os), "kernel": .string(kernel),
      "libc": .string(libc), "swift": .string(swift), "blas": blasJSON, "sqlite": .string(sqlite),
      "libgit2": .string(libgit2), "executable": .init(executable?.description),
      "locale": .object(locale.mapValues(JSON.string)), "host": .string(host),
      "user": .string(user),
    ]
  }

  private var blasJSON: JSON {
    guard let blas else { return .null }
    return [
      "name": .string(blas.name), "version": .string(blas.version), "core": .string(blas.core),
    ]
  }

  /// As exactly as the compiler tells; the program's digest says the rest.
  private static var swiftVersion: String {
    #if compiler(>=6.4)
      "6.4 or later"
    #elseif compiler(>=6.3.2)
      "6.3.2 or later"
    #elseif compiler(>=6.3.1)
      "6.3.1"
    #else
      "6.3"
    #endif
  }

  private static func libgit2Version() -> String {
    var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
    git_libgit2_version(&major, &minor, &patch)
    return "\(major).\(minor).\(patch)"
  }

  /// The kernel's own link to the program is right even when its file was replaced meanwhile.
  private static func executableDigest(_ memo: FileMemo?) -> Digest? {
    let path = "/proc/self/exe"
    if let memo { return try? memo.digest(ofFile: path).digest }
    guard let file = try? File(path, .read) else { return nil }
    return try? SHA256.hash(file)
  }

  private static func localeVariables() -> [String: String] {
    let names = [
      "LANG", "LANGUAGE", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY",
      "LC_NUMERIC", "LC_TIME", "TZ",
    ]
    var found: [String: String] = [:]
    for name in names { found[name] = getenv(name).map { String(cString: $0) } }
    return found
  }
}
