package import Ledger

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
