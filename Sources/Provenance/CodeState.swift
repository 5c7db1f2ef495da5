import CGit2
package import ContentStore

/// The code that was there when something was executed: what git knows of the folder. Recorded with
/// an execution, never part of a recipe.
package struct CodeState: Hashable, Sendable {
  /// The commit checked out, 40 hex digits; nil before the first one.
  package var commit: String?
  /// The branch's short name; nil when detached or before the first commit.
  package var branch: String?
  /// The address of the branch's remote, or of `origin`, without credentials.
  package var remote: String?
  /// Whether a tracked file differs from the commit, in the index or in the work tree.
  package var isDirty = false
  /// The tracked files that differ, relative to the work tree, sorted.
  package var changed: [String] = []
  /// Files and folders that git does not know, as `git status` counts them.
  package var untracked = 0
  /// When dirty: the git tree of the tracked files as they were, 40 hex digits.
  package var tree: String?
  /// The ref that keeps `tree` alive: `git diff <commit> <ref>` shows the changes.
  package var ref: String?
  /// What could not be recorded, and why.
  package var note: String?

  package init() {}

  /// What git knows of a folder; nil when it lies in no repository. Never fails: what is odd about
  /// the repository is said in `note`. Changes nothing but the repository's objects and `refs/exp/`.
  package static func capture(from folder: String) -> CodeState? {
    guard libgit2IsReady else { return CodeState(note: "libgit2 could not be started") }
    do throws(GitError) {
      return try Repository(containing: folder).state()
    } catch {
      if error.code == GIT_ENOTFOUND.rawValue { return nil }
      return CodeState(note: "the git repository could not be read: \(error.message)")
    }
  }

  private init(note: String) { self.note = note }

  /// `{"branch":…,"changed":[…],"commit":…,"dirty":…,"note":…,"ref":…,"remote":…,"tree":…,
  /// "untracked":…}`; what is not known is null.
  package var json: JSON {
    [
      "commit": .init(commit), "branch": .init(branch), "remote": .init(remote),
      "dirty": .bool(isDirty), "changed": .array(changed.map(JSON.string)),
      "untracked": .integer(untracked), "tree": .init(tree), "ref": .init(ref),
      "note": .init(note),
    ]
  }

  mutating func add(note more: String) { note = note.map { $0 + "; " + more } ?? more }
}

extension JSON {
  /// A string, or null.
  init(_ text: String?) { self = text.map(JSON.string) ?? .null }
}
