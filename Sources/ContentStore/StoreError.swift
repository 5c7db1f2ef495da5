import Glibc

/// What went wrong with files or objects: what, where, and what to do.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Kind: Hashable, Sendable {
    /// No object of this name.
    case missing(Digest)
    /// An object whose bytes do not have its name, or a manifest that is none.
    case damaged(Digest)
    /// The disk is full (ENOSPC, EDQUOT).
    case full
    /// Any other refusal of the operating system: its errno.
    case system(Int32)
    /// A file or folder that cannot be imported or written as asked.
    case refused
  }

  package var kind: Kind
  package var message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  package var description: String { message }

  /// The operating system's errno, when it refused.
  package var code: Int32? { if case .system(let code) = kind { code } else { nil } }

  /// A refusal by the operating system. `action` reads "cannot \(action)": `write "/a/b"`.
  package init(errno code: Int32, cannot action: String) {
    let reason = String(cString: strerror(code))
    switch code {
    case ENOSPC, EDQUOT:
      self.init(
        .full,
        "cannot \(action): the disk that holds it is full (\(reason)); free some space there "
          + "and run again")
    case EACCES, EPERM, EROFS:
      self.init(
        .system(code), "cannot \(action): \(reason); check its permissions, or use another folder")
    case EMFILE, ENFILE:
      self.init(.system(code), "cannot \(action): \(reason); raise the limit with `ulimit -n`")
    default: self.init(.system(code), "cannot \(action): \(reason)")
    }
  }
}

/// The one way to call the operating system: repeats what a signal interrupted (EINTR) and turns −1
/// into an error that says what could not be done.
package func valueOrErrno<Value: SignedInteger>(
  cannot action: @autoclosure () -> String, _ call: () -> Value
) throws(StoreError) -> Value {
  while true {
    let value = call()
    if value != -1 { return value }
    let code = errno
    if code != EINTR { throw StoreError(errno: code, cannot: action()) }
  }
}
