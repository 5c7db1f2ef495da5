import CLinux
import ContentStore
import Glibc
import Runner

/// What is recorded of the machine and the sources.
enum Machine {
  /// Cores that are switched on.
  static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// The kernel's Landlock version; 0 without.
  static var landlockVersion: Int { max(0, Int(exp_landlock_version())) }

  static func environment() -> JSON { [:] }

  @Sendable static func capture() throws -> Capture { Capture() }
}
