import ContentStore
import Glibc

/// The private folder of one execution, `.exp/work/<recipe>/<attempt>`: its request, log, scratch
/// files and snapshots. No two executions share one, so a late write of a worker that should be dead
/// reaches nothing that counts.
struct Attempt {
  let folder: String
  /// Folders of earlier attempts at the recipe that left their snapshots, oldest first.
  let earlier: [String]
  /// A replay's snapshots are of no use to anyone.
  var isReplay = false

  var log: String { folder + "/log" }
  var request: String { folder + "/request.json" }

  /// The next attempt at a recipe, by a run that holds the recipe's lock.
  static func next(at recipe: Digest, in workspace: Workspace) throws -> Attempt {
    let parent = "\(workspace.workFolder)/\(recipe.hex)"
    try FileSystem.createFolder(parent)
    let numbers = ((try? FileSystem.list(parent)) ?? []).compactMap { Int($0) }.sorted()
    let folder = try create((numbers.last ?? 0) + 1, prefix: "", in: parent)
    return Attempt(folder: folder, earlier: numbers.map { "\(parent)/\($0)" })
  }

  /// A folder for a replay, which starts from nothing and leaves nothing to others.
  static func replay(of recipe: Digest, in workspace: Workspace) throws -> Attempt {
    let parent = "\(workspace.workFolder)/\(recipe.hex)"
    try FileSystem.createFolder(parent)
    let folder = try create(1, prefix: "replay-", in: parent)
    return Attempt(folder: folder, earlier: [], isReplay: true)
  }

  /// Makes the first folder of these names, counted up, that nobody has made.
  private static func create(
    _ first: Int, prefix: String, in parent: String
  ) throws(StoreError) -> String {
    var number = first
    while true {
      let folder = "\(parent)/\(prefix)\(number)"
      if mkdir(folder, 0o777) == 0 { return folder }
      if errno == ENOENT {
        // A replay that ended just now took the empty parent away.
        try FileSystem.createFolder(parent)
        continue
      }
      if errno != EEXIST {
        throw StoreError(errno: errno, cannot: "create the folder \"\(folder)\"")
      }
      number += 1
    }
  }

  /// The snapshot to go on from.
  func snapshot() -> SnapshotFolder.Snapshot? { SnapshotFolder.newest(in: earlier) }

  /// Removes the scratch files, which may be what fills the disk.
  func clearScratch() { try? FileSystem.removeRecursively(folder + "/scratch") }

  /// Tidies up. Snapshots are kept only for an execution that another may go on from; with a result
  /// nothing of the recipe is needed any more.
  func clear(keepingSnapshots: Bool) {
    if keepingSnapshots && !isReplay {
      for name in ((try? FileSystem.list(folder)) ?? []) where !name.hasPrefix("snapshot-") {
        try? FileSystem.removeRecursively("\(folder)/\(name)")
      }
      rmdir(folder)
    } else {
      for old in earlier + [folder] { try? FileSystem.removeRecursively(old) }
    }
    if let parent = FileSystem.parent(of: folder) { rmdir(parent) }
  }
}
