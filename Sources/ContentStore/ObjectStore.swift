/// What went wrong in the object store: what, where, and what to do.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Kind: Hashable, Sendable {
    /// No object of this name.
    case missing(Digest)
    /// An object whose bytes do not have its name, or a manifest that is none.
    case damaged(Digest)
    /// The disk is full (ENOSPC, EDQUOT).
    case full
    /// Any other refusal of the operating system.
    case system(Int32)
  }

  package var kind: Kind
  package var message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  package var description: String { message }
}

/// Bytes by their SHA-256, in a folder. Write-once; every read is checked.
package struct ObjectStore: Sendable {
  /// The folder, `.exp/objects`.
  package let path: String

  package init(at path: String) { self.path = path }

  /// An object's bytes, checked against its name.
  package func read(_ digest: Digest) throws(StoreError) -> [UInt8] { fatalError("to be built") }

  /// A tree's manifest.
  package func readTree(_ digest: Digest) throws(StoreError) -> Tree { fatalError("to be built") }
}
