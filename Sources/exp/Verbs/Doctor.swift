import ContentStore
import Glibc
import Numerics
import Reports
import Runner

/// `exp doctor`: what this machine offers, and whether the store is well.
enum Doctor: Verb {
  static let name = "doctor"
  static let summary = "Say what this machine offers and whether the store is usable"
  static let options: [Option] = [.flag("json", nil, "As JSON.")]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    // Before the environment, so that it tells of the library.
    let library = openBLAS()
    let environment = Machine.environment()
    let checks = try [library] + storeChecks()
    if arguments.flag("json") {
      try console.print(
        json: [
          "version": .string(Version.text), "environment": environment,
          "checks": .array(
            checks.map {
              ["name": .string($0.name), "ok": .bool($0.isGood), "text": .string($0.text)]
            }),
        ])
    } else {
      show(environment, checks, console)
    }
    return checks.allSatisfy(\.isGood) ? .done : .failed
  }

  private struct Check {
    var name: String
    var isGood: Bool
    var text: String
  }

  private static func show(_ environment: JSON, _ checks: [Check], _ console: Console) {
    console.print("exp \(Version.text)")
    for (key, value) in flattened(environment) {
      let space = String(repeating: " ", count: max(1, 14 - key.count))
      console.print("  " + console.styled(key, .dim) + space + value)
    }
    for check in checks {
      let word = check.isGood ? console.styled("ok", .green) : console.styled("bad", .red)
      console.print("\(word)  \(check.name): \(check.text)")
    }
  }

  /// Leaves of the environment record, by path; lists in one line, nulls left out.
  private static func flattened(_ value: JSON, _ path: String = "") -> [(String, String)] {
    switch value {
    case .null: return []
    case .object(let members):
      return members.sorted { $0.key < $1.key }
        .flatMap { flattened($0.value, path.isEmpty ? $0.key : "\(path).\($0.key)") }
    case .array(let elements):
      return [(path, elements.compactMap(\.stringValue).joined(separator: " "))]
    case .string(let text): return [(path, text)]
    case .number(let number) where path == "memory": return [(path, Format.bytes(Int(number)))]
    case .number, .bool: return [(path, (try? value.canonicalText()) ?? "")]
    }
  }

  private static func storeChecks() throws -> [Check] {
    var checks = [sandbox()]
    guard let folder = Workspace.find() else {
      return checks + [
        Check(name: "store", isGood: true, text: "none here; `exp run` or `exp init` makes one")
      ]
    }
    checks.append(space(folder))
    let path = folder + "/.exp"
    let isWritable = access(path, W_OK) == 0
    checks.append(
      Check(name: "store", isGood: isWritable, text: isWritable ? path : "\(path) is read-only"))
    if isWritable {
      let lock = "\(path)/locks/doctor"
      let held = (try? FileLock.tryAcquire(lock)) != nil
      try? FileSystem.removeFile(lock)
      checks.append(
        Check(
          name: "locks", isGood: held,
          text: held ? "flock works here" : "flock does not work on this file system"))
    }
    return checks
  }

  /// Whether `numerics: "openblas"` can be had.
  private static func openBLAS() -> Check {
    do throws(EngineError) {
      let library = try OpenBLAS.load()
      return Check(
        name: "openblas", isGood: true,
        text: "recipes of `numerics: \"openblas\"` are \(library.name) here")
    } catch {
      return Check(
        name: "openblas", isGood: true,
        text: "\(error.message); `numerics: \"portable/1\"` does not need it")
    }
  }

  private static func sandbox() -> Check {
    let version = Machine.landlockVersion
    return Check(
      name: "sandbox", isGood: true,
      text: version > 0
        ? "Landlock \(version): programs of `command` stages see declared inputs only"
        : "this kernel has no Landlock: undeclared reads of `command` stages are not refused")
  }

  private static func space(_ folder: String) -> Check {
    var info = statvfs()
    guard statvfs(folder, &info) == 0 else {
      return Check(name: "disk", isGood: false, text: String(cString: strerror(errno)))
    }
    let free = Int(info.f_bavail) * Int(info.f_frsize)
    return Check(name: "disk", isGood: free > 1 << 28, text: "\(Format.bytes(free)) free")
  }
}
