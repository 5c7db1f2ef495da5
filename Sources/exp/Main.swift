import CLinux
import ContentStore
import Glibc
import Numerics

@main
struct Main {
  static func main() {
    let console = Console()
    guard isSupported else {
      console.talk(
        "error: this CPU lacks \(needs), which this build of exp needs; build one that does "
          + "without: EXP_MARCH=x86-64 swift build -c release")
      exit(ExitStatus.wrong.rawValue)
    }
    let status = call(Array(CommandLine.arguments.dropFirst()), console)
    console.flush()
    exit(status.rawValue)
  }

  /// Whether the CPU has every instruction that the kernels were compiled for.
  private static var isSupported: Bool {
    switch KernelLevel.needed() {
    case 4: exp_cpu_is_v4() != 0
    case 3: exp_cpu_is_v3() != 0
    default: true
    }
  }

  private static var needs: String { KernelLevel.needed() == 4 ? "AVX-512" : "AVX2 or FMA" }

  /// Carries out one call; every error becomes one message and an exit status here.
  static func call(_ words: [String], _ console: Console) -> ExitStatus {
    do {
      guard let first = words.first else {
        Help.overview(console)
        return .wrong
      }
      if first == "--version" || first == "-V" { return version(console) }
      let verb = first == "--help" || first == "-h" ? Help.self : try Verbs.find(first)
      let arguments = try Arguments(parsing: Array(words.dropFirst()), for: verb)
      if arguments.flag("help") {
        Help.page(verb, console)
        return .done
      }
      if let folder = arguments.value("directory"), chdir(folder) != 0 {
        throw UsageError("cannot enter \(folder): \(String(cString: strerror(errno)))")
      }
      return try verb.run(arguments, console)
    } catch {
      console.flush()
      return Failure.report(error, console)
    }
  }

  private static func version(_ console: Console) -> ExitStatus {
    console.print("exp \(Version.text)")
    return .done
  }
}

/// The product's version.
enum Version {
  static let text = "0.1.0"
}
