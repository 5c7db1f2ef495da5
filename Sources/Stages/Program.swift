import ContentStore
import Glibc
import Pipeline

/// The program of a command: where it is, what else it needs to start, and what it may read because
/// of that.
struct Program {
  /// The search path that every command gets, unless its environment names another.
  static let standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// Absolute; nil for one of the command's own files, which is looked up in its private folder.
  let path: String?
  private let name: String
  private let searchPath: String

  /// Finds a program as `execvp` would, but on the command's own search path.
  init(_ name: String, searchPath: String) throws(ParameterError) {
    self.name = name
    self.searchPath = searchPath
    if name.hasPrefix("/") {
      path = name
    } else if name.contains("/") {
      path = nil
    } else {
      path = searchPath.split(separator: ":").map { "\($0)/\(name)" }.first(where: Self.isProgram)
      if path == nil {
        throw ParameterError(
          path: "run[0]",
          message: "there is no program \"\(name)\" on the search path \(searchPath); give its "
            + "absolute path, or \"./\(name)\" for one of the stage's own files")
      }
    }
    if let path, !Self.isProgram(path) {
      throw ParameterError(path: "run[0]", message: "\"\(path)\" is not a program")
    }
  }

  private static func isProgram(_ path: String) -> Bool {
    guard let status = try? FileSystem.status(of: path) else { return false }
    return status.kind == .file && access(path, X_OK) == 0
  }

  /// The files whose bytes decide what runs: the program and, of a script, its interpreter. They
  /// belong to the recipe.
  var identity: [String] {
    guard let path else { return [] }
    return [path] + interpreters(of: path)
  }

  /// The interpreter that a script names in its first line: `#!/bin/sh`, `#!/usr/bin/env python3`.
  private func interpreters(of path: String) -> [String] {
    guard let file = try? File(path, .read), let start = try? file.read(upTo: 256),
      start.starts(with: [UInt8(ascii: "#"), UInt8(ascii: "!")])
    else { return [] }
    let line = String(decoding: start.dropFirst(2).prefix { $0 != 0x0A }, as: UTF8.self)
    let words = line.split(separator: " ").map(String.init)
    guard let interpreter = words.first, interpreter.hasPrefix("/") else { return [] }
    // `env -S NAME=value program`: the program is the first word that is neither.
    guard interpreter.hasSuffix("/env"),
      let word = words.dropFirst().first(where: { !$0.hasPrefix("-") && !$0.contains("=") }),
      let meant = try? Program(word, searchPath: searchPath).path
    else { return [interpreter] }
    return [interpreter, meant]
  }

  /// What must be readable for the program to start: its installation, or the file alone where that
  /// would open the user's own folders.
  /// - Parameter folder: a folder that must stay closed.
  func readable(without folder: String) -> [String] {
    identity.flatMap { path in [path, Self.resolved(path)] }.map { path in
      Self.installation(of: path, without: folder) ?? path
    }
  }

  /// The prefix of `<prefix>/bin/<program>`; nil when there is none, or when it holds the home folder
  /// or `folder`.
  private static func installation(of path: String, without folder: String) -> String? {
    let parts = path.split(separator: "/").map(String.init)
    guard parts.count > 2, ["bin", "sbin", "libexec"].contains(parts[parts.count - 2]) else {
      return nil
    }
    let prefix = "/" + parts.dropLast(2).joined(separator: "/")
    let home = getenv("HOME").map { String(cString: $0) } ?? ""
    let holdsUser = [folder, home].contains { ($0 + "/").hasPrefix(prefix + "/") }
    return holdsUser || prefix == "/" ? nil : prefix
  }

  /// The path without symbolic links.
  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
