import CLinux
import ContentStore
import Numerics
import Provenance
import Runner

/// What is recorded of the machine and the sources.
enum Machine {
  /// Logical processors that this process may use.
  static var cores: Int { Provenance.Machine.usableCores }

  /// The kernel's Landlock version; 0 without.
  static var landlockVersion: Int { max(0, Int(exp_landlock_version())) }

  /// The machine and this process; of OpenBLAS it tells when that computes here.
  static func environment(memo: FileMemo? = nil) -> JSON {
    Environment.capture(blas: OpenBLAS.inUse.map(BLASVersion.init), memo: memo).json
  }

  /// The machine's and the sources' state, asked for when a run is recorded.
  /// - Parameter folder: where the repository is looked for: the experiment's.
  static func capture(in folder: String) -> @Sendable () throws -> Capture {
    { Capture(environment: environment(), code: CodeState.capture(from: folder)?.json ?? .null) }
  }
}

extension BLASVersion {
  fileprivate init(_ library: OpenBLAS) {
    self.init(name: "OpenBLAS", version: library.version, core: library.core)
  }
}
