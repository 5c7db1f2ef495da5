import ContentStore
import Foundation
import Testing

/// A temporary folder in which the built binary is called as a user would.
final class Shop {
  let folder: URL

  /// What a call printed and how it ended.
  struct Outcome {
    var status: Int32
    var out: String
    var err: String

    func json() throws -> JSON { try JSON(parsing: out) }
  }

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("exp-acceptance-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit {
    // Read-only folders of a test would stay behind otherwise.
    _ = try? Shop.call("/bin/chmod", ["-R", "u+w", folder.path], in: folder)
    try? FileManager.default.removeItem(at: folder)
  }

  /// The binary that this test run built, beside the test bundle.
  static let binary = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("exp").path

  /// The project's root.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// The folder with real data, when this machine has it.
  static let data = URL(fileURLWithPath: root).deletingLastPathComponent()
    .appendingPathComponent("shared/data").path

  static var hasData: Bool { FileManager.default.fileExists(atPath: data + "/mmlu/test") }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// Writes a file, making its folders.
  func write(_ name: String, _ text: String) throws { try write(name, Data(text.utf8)) }

  func write(_ name: String, _ bytes: Data) throws {
    let url = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try bytes.write(to: url)
  }

  func read(_ name: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
  }

  /// Calls `exp` here and waits for its end.
  @discardableResult
  func exp(_ words: String..., environment: [String: String] = [:]) throws -> Outcome {
    try exp(words, environment: environment)
  }

  @discardableResult
  func exp(_ words: [String], environment: [String: String] = [:]) throws -> Outcome {
    try Shop.call(Shop.binary, words, in: folder, environment: environment)
  }

  /// Calls `exp`, expects status 0, and reads what it printed as JSON.
  func json(_ words: String...) throws -> JSON {
    let outcome = try exp(words)
    try #require(outcome.status == 0, "\(words): \(outcome.err)\(outcome.out)")
    return try outcome.json()
  }

  /// Starts `exp` here and returns at once.
  func start(_ words: [String], environment: [String: String] = [:]) throws -> Running {
    try Running(Shop.binary, words, in: folder, environment: environment)
  }

  static func call(
    _ program: String, _ words: [String], in folder: URL, environment: [String: String] = [:]
  ) throws -> Outcome {
    try Running(program, words, in: folder, environment: environment).wait()
  }
}

/// A started program whose output goes to files, so that it never blocks on a full pipe.
final class Running {
  let process = Process()
  private let out: URL
  private let err: URL

  init(
    _ program: String, _ words: [String], in folder: URL, environment: [String: String]
  ) throws {
    let base = FileManager.default.temporaryDirectory.appendingPathComponent(
      "exp-output-\(UUID().uuidString)")
    out = base.appendingPathExtension("out")
    err = base.appendingPathExtension("err")
    for url in [out, err] { _ = FileManager.default.createFile(atPath: url.path, contents: nil) }
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = words
    process.currentDirectoryURL = folder
    process.environment = Running.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: out)
    process.standardError = try FileHandle(forWritingTo: err)
    try process.run()
  }

  /// The tests' own environment without what would change how `exp` looks.
  private static let environment = ProcessInfo.processInfo.environment.filter {
    !["NO_COLOR", "COLUMNS", "TERM"].contains($0.key) && !$0.key.hasPrefix("EXP_")
  }

  func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }
  func terminate() { Foundation.kill(process.processIdentifier, SIGTERM) }

  @discardableResult
  func wait() throws -> Shop.Outcome {
    process.waitUntilExit()
    defer { for url in [out, err] { try? FileManager.default.removeItem(at: url) } }
    let status =
      process.terminationReason == .uncaughtSignal
      ? 128 + process.terminationStatus : process.terminationStatus
    return Shop.Outcome(
      status: status, out: try String(contentsOf: out, encoding: .utf8),
      err: try String(contentsOf: err, encoding: .utf8))
  }
}
