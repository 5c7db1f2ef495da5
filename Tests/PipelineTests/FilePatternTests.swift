import Foundation
@testable import Pipeline
import Testing

struct GlobTests {
  @Test(arguments: [
    ("*.txt", "a.txt", true), ("*.txt", ".txt", false), ("*.txt", "a.txt.gz", false),
    ("?", "é", true), ("?", "ab", false), ("*", "", true), ("a*b*c", "axxbyyc", true),
    ("a*b*c", "axxbyy", false), ("[a-c]x", "bx", true), ("[a-c]x", "dx", false),
    ("[!a-c]x", "dx", true), ("[^a]x", "ax", false), ("[]a]", "]", true), ("[a", "[a", true),
    ("[a-]", "-", true), ("\\*", "*", true), ("\\*", "a", false), (".*", ".a", true),
    ("**", "ab", true), ("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false), ("A", "a", false),
  ])
  func `a glob matches as a shell's does`(glob: String, name: String, matches: Bool) {
    #expect(Glob(glob).matches(name) == matches)
  }
}

struct FilePatternTests {
  /// A folder with some files, `body` run in it.
  private func withFiles(_ files: [String], _ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "exp-files-\(UUID().uuidString)"
    let manager = FileManager.default
    for file in files {
      let path = folder + "/" + file
      try manager.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try file.write(toFile: path, atomically: false, encoding: .utf8)
    }
    defer { try? manager.removeItem(atPath: folder) }
    try body(folder)
  }

  private static let files = [
    "a.txt", "b.txt", "c.md", ".hidden.txt", "sub/a.txt", "sub/deep/d.txt", "sub/.h/x.txt",
    "sub2/b.txt", ".exp/objects/o.txt", "we[i]rd.txt", "Z.txt",
  ]

  private func names(_ patterns: String..., in folder: String) throws -> [String] {
    try patterns.map { FilePattern($0, in: folder, path: "stages.x.with.files") }.resolve()
      .map(\.name)
  }

  private func message(_ patterns: String..., in folder: String) throws -> String {
    try failure {
      _ = try patterns.map { FilePattern($0, in: folder) }.resolve()
    }.message.replacing(folder, with: "F")
  }

  @Test func `files, folders and globs are found`() throws {
    try withFiles(Self.files) { (folder: String) throws in
      func names(_ patterns: String...) throws -> [String] {
        try patterns.map { FilePattern($0, in: folder) }.resolve().map(\.name)
      }
      #expect(try names("a.txt") == ["a.txt"])
      #expect(try names("./sub/a.txt", "b.txt") == ["a.txt", "b.txt"])
      #expect(try names("sub") == ["a.txt", "deep/d.txt"])
      #expect(try names("sub/") == ["a.txt", "deep/d.txt"])
      #expect(try names("*.txt") == ["Z.txt", "a.txt", "b.txt", "we[i]rd.txt"])
      #expect(try names("[a-b].txt") == ["a.txt", "b.txt"])
      #expect(try names("?.md") == ["c.md"])
      #expect(try names("*/a.txt") == ["sub/a.txt"])
      #expect(try names("sub*/*.txt") == ["sub/a.txt", "sub2/b.txt"])
      #expect(
        try names("**/*.txt") == [
          "Z.txt", "a.txt", "b.txt", "sub/a.txt", "sub/deep/d.txt", "sub2/b.txt", "we[i]rd.txt",
        ])
      #expect(try names("sub/**") == ["a.txt", "deep/d.txt"])
      #expect(try names("**/deep/*") == ["sub/deep/d.txt"])
      #expect(try names("we[i]rd.txt") == ["we[i]rd.txt"])
      #expect(try names("sub/.h/*", ".hidden.txt") == [".hidden.txt", "x.txt"])
      #expect(try names("a.txt", "./a.txt", "*.txt").filter { $0 == "a.txt" }.count == 1)
      let found = try [FilePattern("sub/../sub/a.txt", in: folder)].resolve()
      #expect(found == [FoundFile(path: "\(folder)/sub/../sub/a.txt", name: "a.txt")])
    }
  }

  @Test func `what is not there is named, with the nearest that is`() throws {
    try withFiles(Self.files) { (folder: String) throws in
      #expect(
        try message("a.tx", in: folder)
          == "\"a.tx\", looked up in \"F\" finds no file: \"F\" has no \"a.tx\""
          + " (did you mean \"a.txt\"?)")
      #expect(
        try message("sbu/a.txt", in: folder)
          == "\"sbu/a.txt\", looked up in \"F\" finds no file: \"F\" has no \"sbu\""
          + " (did you mean \"sub\"?)")
      #expect(
        try message("sub/*.csv", in: folder)
          == "\"sub/*.csv\", looked up in \"F\" finds no file: \"F/sub\" has no \"*.csv\"")
      #expect(
        try message(folder + "/sub/.h/y", in: folder)
          == "\"F/sub/.h/y\" finds no file: \"F/sub/.h\" has no \"y\"")
    }
    try withFiles([".only"]) { (folder: String) throws in
      #expect(
        try message(".", in: folder)
          == "\".\", looked up in \"F\" holds no file; hidden files must be named")
    }
  }

  @Test func `an error has the parameter's path and place`() throws {
    let stages = "\na: {op: 'import', with: {files: ['/', 'nowhere-at-all.txt']}}"
    let files = try resolve(stages: stages).stage("a").files["files"] ?? []
    let error = try failure { _ = try files.suffix(1).map(\.self).resolve() }
    #expect(error.path == "stages.a.with.files[1]")
    #expect(error.position.map { "\($0)" } == "experiment.json5:2:39")
  }

  @Test func `two files of one name are refused`() throws {
    try withFiles(Self.files) { (folder: String) throws in
      #expect(
        try message("a.txt", "sub/a.txt", in: folder)
          == "\"F/a.txt\" and \"F/sub/a.txt\" would both be \"a.txt\";"
          + " name the folder above them, or rename one")
    }
  }

  @Test func `links are followed, but not round for ever nor to nothing`() throws {
    try withFiles(["real/a.txt", "other/b.txt"]) { (folder: String) throws in
      let manager = FileManager.default
      func link(_ path: String, to target: String) throws {
        try manager.createSymbolicLink(
          atPath: folder + "/" + path, withDestinationPath: folder + "/" + target)
      }
      try link("real/linked", to: "other")
      #expect(
        try [FilePattern("real", in: folder)].resolve().map(\.name) == ["a.txt", "linked/b.txt"])
      try link("other/up", to: "real")
      #expect(
        try message("real", in: folder)
          == "the link \"F/real/linked/up\" leads back up in a loop; remove it")
      #expect(
        try message("real/**/*.txt", in: folder)
          == "the link \"F/real/linked/up\" leads back up in a loop; remove it")
      try manager.removeItem(atPath: folder + "/other/up")
      try link("other/gone", to: "nothing")
      #expect(
        try message("other", in: folder)
          == "the link \"F/other/gone\" points to nothing; repair or remove it")
    }
  }

  @Test func `what is no file is refused`() throws {
    #expect(
      try message("/dev/null", in: "/elsewhere")
        == "\"/dev/null\" is neither a file nor a folder; leave it out")
  }

  @Test(.enabled(if: getuid() != 0, "root reads everything"))
  func `an unreadable file is refused`() throws {
    try withFiles(["a.txt"]) { (folder: String) throws in
      chmod(folder + "/a.txt", 0)
      #expect(
        try message("a.txt", in: folder) == "\"F/a.txt\" cannot be read: Permission denied")
    }
  }
}
