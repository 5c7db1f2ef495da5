package import Ledger

/// Checks that everything recorded is still what was recorded.
package enum Verify {
  /// Re-hashes every object, looks for objects that results refer to, and checks the ledger.
  /// - Parameters:
  ///   - isQuick: looks at names and sizes of objects only.
  ///   - progress: objects done and in all; called from one thread at a time.
  package static func run(
    _ workspace: Workspace, isQuick: Bool = false,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> VerifyReport { fatalError("to be built") }
}

/// What is wrong, and what is worth knowing.
package struct VerifyReport: Sendable {
  package var objects: Int
  package var bytes: Int
  /// One sentence each, with the object's or row's name.
  package var damages: [String]
  /// Recipes with several results: no damage, but named.
  package var findings: [Finding]

  /// 0, or 3 when something is damaged.
  package var exitStatus: Int32 { damages.isEmpty ? 0 : 3 }
}
