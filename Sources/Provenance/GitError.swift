import CGit2

/// A refusal of libgit2. Never leaves the module: it becomes a note on the recorded state.
struct GitError: Error {
  /// A `git_error_code`, such as `GIT_ENOTFOUND`.
  var code: Int32
  var message: String
}

/// The one way to call libgit2: turns a negative result into an error with its message.
@discardableResult
func git(_ code: Int32) throws(GitError) -> Int32 {
  if code >= 0 { return code }
  let message = git_error_last().flatMap { $0.pointee.message }.map { String(cString: $0) }
  throw GitError(code: code, message: message ?? "libgit2 error \(code)")
}

/// A call that hands out a new object through its first argument.
func gitObject(
  _ call: (UnsafeMutablePointer<OpaquePointer?>) -> Int32
) throws(GitError) -> OpaquePointer {
  var object: OpaquePointer?
  try git(call(&object))
  guard let object else { throw GitError(code: -1, message: "libgit2 gave nothing") }
  return object
}

/// libgit2 made ready, once. Repositories of other users may be read: nothing in them is executed.
let libgit2IsReady: Bool = git_libgit2_init() > 0 && exp_git_set_owner_validation(0) == 0
