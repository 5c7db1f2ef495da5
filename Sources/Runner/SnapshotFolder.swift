import ContentStore

/// Training states in private folders, as files `snapshot-<step>-<64 hex digits of their SHA-256>`:
/// the name says what the bytes must be, so that a half-written or damaged one is never taken.
enum SnapshotFolder {
  struct Snapshot: Hashable {
    var path: String
    var step: Int
    var digest: Digest
  }

  /// All snapshots in some folders, highest step first.
  static func list(_ folders: [String]) -> [Snapshot] {
    let all = folders.flatMap { folder in
      ((try? FileSystem.list(folder)) ?? []).compactMap { name in
        parse(name).map { Snapshot(path: "\(folder)/\(name)", step: $0.step, digest: $0.digest) }
      }
    }
    return all.sorted { ($1.step, $0.path) < ($0.step, $1.path) }
  }

  private static func parse(_ name: String) -> (step: Int, digest: Digest)? {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "snapshot", let step = Int(parts[1]),
      let digest = Digest(String(parts[2]))
    else { return nil }
    return (step, digest)
  }

  /// The snapshot of the highest step whose bytes are what its name says.
  static func newest(in folders: [String]) -> Snapshot? {
    list(folders).first { read($0) != nil }
  }

  /// A snapshot's bytes; nil when they are not what its name says.
  static func read(_ snapshot: Snapshot) -> [UInt8]? {
    guard let bytes = try? FileSystem.read(snapshot.path), SHA256.hash(bytes) == snapshot.digest
    else { return nil }
    return bytes
  }

  /// Makes a state durable, then removes all but the newest two of `folder` and `earlier`.
  static func save(
    _ bytes: [UInt8], step: Int, in folder: String, earlier: [String]
  ) throws(StoreError) {
    let name = "snapshot-\(step)-\(SHA256.hash(bytes).hex)"
    try FileSystem.write(bytes, to: "\(folder)/\(name)")
    for old in list([folder] + earlier).dropFirst(2) { try FileSystem.removeFile(old.path) }
  }

  /// The snapshot that a path names.
  static func snapshot(at path: String) -> Snapshot? {
    guard let name = path.split(separator: "/").last, let (step, digest) = parse(String(name))
    else { return nil }
    return Snapshot(path: path, step: step, digest: digest)
  }
}
