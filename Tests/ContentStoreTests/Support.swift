import Foundation
import Glibc
import Testing

@testable import ContentStore

/// A folder of its own for a test, removed with the value.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("\(NSTemporaryDirectory())/exp-test-XXXXXX".utf8CString)
    path = String(cString: try #require(mkdtemp(&template)))
  }

  deinit { try? FileSystem.removeRecursively(path) }

  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ text: String, to name: String) throws {
    if let folder = FileSystem.parent(of: self(name)) { try FileSystem.createFolder(folder) }
    let file = fopen(self(name), "w")
    fputs(text, file)
    fclose(file)
  }
}

func fixture(_ name: String) throws -> String {
  let url = try #require(Bundle.module.resourceURL).appending(path: "Fixtures/\(name)")
  return try String(contentsOf: url, encoding: .utf8)
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Bytes that look random and are the same each time.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt8(truncatingIfNeeded: state >> 33)
  }
}

func bytes(hex: some StringProtocol) -> [UInt8] {
  let digits = hex.utf8.map { UInt8($0 < 0x3A ? $0 - 0x30 : $0 - 0x57) }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
