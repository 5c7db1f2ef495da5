import ContentStore
import Glibc

/// The log of an execution.
enum LogFile {
  /// The last lines, at most 20 of the last 8 KiB.
  static func tail(_ path: String) -> [String] {
    guard let file = try? File(path, .read), let size = try? file.status().size else { return [] }
    guard (try? file.seek(to: max(0, size - 8192))) != nil,
      let bytes = try? file.read(upTo: 8192)
    else { return [] }
    let lines = String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: true)
    // The first of a cut text is likely half a line.
    return (size > 8192 ? lines.dropFirst() : lines[...]).suffix(20).map(String.init)
  }

  /// Keeps a log as an object; nil when it is empty, or could not be kept: an execution's end must
  /// be recorded even then.
  static func store(_ path: String, in store: ObjectStore) -> Artifact? {
    guard let size = try? FileSystem.status(of: path)?.size, size > 0,
      let stored = try? store.put(contentsOf: path)
    else { return nil }
    return Artifact(.file, stored.digest)
  }
}
