import ContentStore
import Foundation
import Glibc
import Testing

@testable import Provenance

/// A folder with a git repository made by the `git` command, removed with the value.
final class GitFolder {
  let path: String

  init(_ arguments: String...) throws {
    var template = Array("\(NSTemporaryDirectory())/exp-git-XXXXXX".utf8CString)
    let made = try #require(mkdtemp(&template))
    // git names its folders without links.
    path = try #require(realpath(made, nil).map { String(cString: $0) })
    if arguments != ["none"] { try git(["init", "-q", "-b", "main"] + arguments) }
  }

  deinit { try? FileSystem.removeRecursively(path) }

  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// Runs git in this folder, away from the user's configuration; its output without the last line
  /// feed. A failure of git is one of the test, unless it is expected.
  @discardableResult
  func git(
    _ arguments: [String], in folder: String? = nil, mayFail: Bool = false
  ) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["git", "-C", folder ?? path, "-c", "protocol.file.allow=always"] + arguments
    process.environment = [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "GIT_CONFIG_NOSYSTEM": "1",
      "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
      "HOME": path, "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
      "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0 || mayFail, "git \(arguments)")
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: ["\n"])
  }

  @discardableResult
  func git(_ arguments: String...) throws -> String { try git(arguments) }

  func write(_ text: String, to name: String) throws {
    if let folder = FileSystem.parent(of: self(name)) { try FileSystem.createFolder(folder) }
    try text.write(toFile: self(name), atomically: false, encoding: .utf8)
  }

  /// Writes files and commits them.
  @discardableResult
  func commit(_ files: [String: String], _ message: String = "work") throws -> String {
    for (name, text) in files { try write(text, to: name) }
    try git("add", "-A")
    try git("commit", "-q", "-m", message)
    return try git("rev-parse", "HEAD")
  }

  func capture(_ folder: String? = nil) throws -> CodeState {
    try #require(CodeState.capture(from: folder ?? path))
  }

  /// What `git diff` shows between the commit and the kept tree: status letter and path.
  func difference(_ state: CodeState) throws -> [String] {
    let commit = try #require(state.commit)
    let text = try git("diff", "--no-renames", "--name-status", commit, try #require(state.ref))
    return text.split(separator: "\n").map { String($0).replacing("\t", with: " ") }
  }
}

let isGitMissing = access("/usr/bin/git", X_OK) != 0
