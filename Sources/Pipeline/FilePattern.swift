import ContentStore
import Glibc

/// The user's files as an experiment names them: a path, a folder or a glob.
package struct FilePattern: Sendable {
  /// As written.
  package let text: String
  /// Where a relative pattern starts: the experiment file's folder, or for `--set` the current one.
  package let folder: String
  /// JSON path of the parameter.
  package let path: String
  package let position: SourcePosition?

  package init(
    _ text: String, in folder: String, path: String = "", at position: SourcePosition? = nil
  ) {
    self.text = text
    self.folder = folder
    self.path = path
    self.position = position
  }

  /// The pattern from the root, with `~/` expanded and without `.` components.
  package var absolute: String {
    var full = text.hasPrefix("/") ? text : "\(folder)/\(text)"
    if text == "~" || text.hasPrefix("~/"), let home = getenv("HOME") {
      full = String(cString: home) + text.dropFirst()
    }
    let parts = full.split(separator: "/").filter { $0 != "." }
    return "/" + parts.joined(separator: "/")
  }

  func error(_ message: String) -> ExperimentError {
    ExperimentError(message, path: path, at: position)
  }
}

/// A user's file that a pattern found.
package struct FoundFile: Hashable, Sendable {
  /// Absolute.
  package var path: String
  /// Its path in the tree artifact.
  package var name: String
}

extension [FilePattern] {
  /// The files, sorted by name in the tree (by bytes). A file keeps its base name, a folder's files
  /// their path below the folder, a glob's files their path below the last folder without a wildcard.
  /// Hidden files are skipped unless named. Throws when a pattern finds nothing, a file cannot be
  /// read, or two files would have one name.
  package func resolve() throws(ExperimentError) -> [FoundFile] {
    var found: [String: FoundFile] = [:]
    for pattern in self {
      for file in try pattern.found() {
        if let other = found.updateValue(file, forKey: file.name), other.path != file.path {
          throw pattern.error(
            "\"\(other.path)\" and \"\(file.path)\" would both be \"\(file.name)\";"
              + " name the folder above them, or rename one")
        }
      }
    }
    return found.values.sorted { FileSystem.precedes($0.name, $1.name) }
  }
}

extension FilePattern {
  /// What this pattern finds, in no particular order.
  fileprivate func found() throws(ExperimentError) -> [FoundFile] {
    do {
      var search = FileSearch(pattern: self)
      let components = absolute.split(separator: "/").map(String.init)
      // A file whose name holds a wildcard's sign is found by that name.
      let isPlain = try FileSystem.status(of: absolute) != nil
      let fixed = isPlain ? components.count : components.prefix { !Glob.isPattern($0) }.count
      let base = "/" + components[..<fixed].joined(separator: "/")
      guard let status = try FileSystem.status(of: base) else { throw missing(components) }
      if fixed < components.count {
        try search.expand(components[fixed...], in: base, name: "", above: [status])
      } else if status.kind == .folder {
        try search.walk(base, name: "", above: [status])
      } else {
        try search.add(base, name: components.last ?? "", status)
      }
      guard !search.files.isEmpty else { throw missing(components) }
      return search.files
    } catch let error as ExperimentError {
      throw error
    } catch {
      throw self.error("\(error)")
    }
  }

  /// Says how far the path exists, and the name there that is nearest to the one that does not.
  private func missing(_ components: [String]) -> ExperimentError {
    var folder = ""
    let rest = components.drop { component in
      guard FileSystem.exists("\(folder)/\(component)") else { return false }
      folder += "/\(component)"
      return true
    }
    let looked =
      text.hasPrefix("/") || text.hasPrefix("~") ? "" : ", looked up in \"\(self.folder)\""
    guard let next = rest.first else {
      return error("\"\(text)\"\(looked) holds no file; hidden files must be named")
    }
    let names = (try? FileSystem.list(folder.isEmpty ? "/" : folder)) ?? []
    let meant = Glob.isPattern(next) ? "" : didYouMean(next, among: names)
    return error(
      "\"\(text)\"\(looked) finds no file: \"\(folder.isEmpty ? "/" : folder)\" has no"
        + " \"\(next)\"\(meant)")
  }
}

/// Walks folders for one pattern.
private struct FileSearch {
  let pattern: FilePattern
  var files: [FoundFile] = []

  init(pattern: FilePattern) { self.pattern = pattern }

  mutating func add(_ path: String, name: String, _ status: FileStatus) throws {
    guard status.kind == .file else {
      throw pattern.error("\"\(path)\" is neither a file nor a folder; leave it out")
    }
    guard access(path, R_OK) == 0 else {
      throw pattern.error("\"\(path)\" cannot be read: \(String(cString: strerror(errno)))")
    }
    files.append(FoundFile(path: path, name: name))
  }

  /// Every file below a folder but the hidden ones.
  mutating func walk(_ folder: String, name: String, above: [FileStatus]) throws {
    for entry in try FileSystem.list(folder) where !entry.hasPrefix(".") {
      let (path, name) = ("\(folder)/\(entry)", name + entry)
      let status = try status(of: path)
      if status.kind == .folder {
        try walk(path, name: name + "/", above: try descending(to: path, status, above))
      } else {
        try add(path, name: name, status)
      }
    }
  }

  /// What matches the rest of a glob's components below a folder. A folder that matches the last
  /// component counts only after `**`, whose files it holds; `*` takes files alone.
  mutating func expand(
    _ components: ArraySlice<String>, in folder: String, name: String, above: [FileStatus]
  ) throws {
    guard let first = components.first else { return }
    let rest = components.dropFirst()
    if first == "**" { return try expandDeep(rest, in: folder, name: name, above: above) }
    let glob = Glob(first)
    for entry in try FileSystem.list(folder) where glob.matches(entry) {
      let path = "\(folder)/\(entry)"
      let status = try status(of: path)
      if rest.isEmpty {
        if status.kind != .folder { try add(path, name: name + entry, status) }
      } else if status.kind == .folder {
        let above = try descending(to: path, status, above)
        try expand(rest, in: path, name: "\(name)\(entry)/", above: above)
      }
    }
  }

  /// `**`: this folder and all below it. Alone at the end it means every file.
  private mutating func expandDeep(
    _ rest: ArraySlice<String>, in folder: String, name: String, above: [FileStatus]
  ) throws {
    if rest.isEmpty { return try walk(folder, name: name, above: above) }
    try expand(rest, in: folder, name: name, above: above)
    for entry in try FileSystem.list(folder) where !entry.hasPrefix(".") {
      let path = "\(folder)/\(entry)"
      let status = try status(of: path)
      guard status.kind == .folder else { continue }
      let above = try descending(to: path, status, above)
      try expandDeep(rest, in: path, name: "\(name)\(entry)/", above: above)
    }
  }

  private func status(of path: String) throws -> FileStatus {
    guard let status = try FileSystem.status(of: path) else {
      throw pattern.error("the link \"\(path)\" points to nothing; repair or remove it")
    }
    return status
  }

  /// The folders on the way down; a link that leads back up would go round for ever.
  private func descending(
    to path: String, _ status: FileStatus, _ above: [FileStatus]
  ) throws -> [FileStatus] {
    if above.contains(where: { ($0.device, $0.inode) == (status.device, status.inode) }) {
      throw pattern.error("the link \"\(path)\" leads back up in a loop; remove it")
    }
    return above + [status]
  }
}
