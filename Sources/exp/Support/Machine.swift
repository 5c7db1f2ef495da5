import Glibc
import Runner

/// What is recorded of the machine and the sources.
enum Machine {
  /// Cores that are switched on.
  static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  @Sendable static func capture() throws -> Capture { Capture() }
}
