import Foundation
import Testing

/// No function of the C library's libm decides a number: their bits differ between versions, and between
/// processors of one version. √ is exact by IEEE 754 in every libm, and so is a fused multiply-add, which
/// is an instruction wherever there is one; they are not among `Fixtures/libm.txt`, which
/// `script/exactness` holds against the objects of release builds and of other processors.
@Suite struct SymbolTests {
  /// Every module that has a hand in a result.
  static let modules = [
    "ContentStore", "Numerics", "Text", "Corpus", "LanguageModel", "Training", "Evaluation",
    "Pipeline", "Stages", "Runner",
  ]

  private func forbidden() throws -> Set<String> {
    let file = try #require(Bundle.module.url(forResource: "Fixtures/libm", withExtension: "txt"))
    let names = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    return Set(names.flatMap { ["\($0)", "\($0)f", "\($0)l"] })
  }

  /// The module's object files, next to the test bundle.
  private func objectFiles(_ module: String) throws -> [String] {
    let folder = Bundle.module.bundleURL.deletingLastPathComponent()
      .appendingPathComponent("\(module).build").path
    return try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".swift.o") }.map { "\(folder)/\($0)" }
  }

  private func undefinedSymbols(_ files: [String]) throws -> [String] {
    let lister = try #require(
      ["/usr/bin/nm", "/usr/bin/llvm-nm"].first {
        FileManager.default.isExecutableFile(atPath: $0)
      },
      "this test needs nm (Debian's binutils)")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: lister)
    process.arguments = ["-u"] + files
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return output.split(separator: "\n").compactMap { $0.split(separator: " ").last }
      .map { String($0.prefix { $0 != "@" }) }
  }

  @Test(arguments: modules)
  func `no libm function decides a number`(module: String) throws {
    let files = try objectFiles(module)
    #expect(!files.isEmpty, "no object files of \(module); they are where the build puts them")
    let symbols = try undefinedSymbols(files)
    #expect(symbols.contains { $0.hasPrefix("swift_") }, "these are not a Swift module's objects")
    #expect(symbols.filter(try forbidden().contains) == [])
  }

  @Test func `the test would see such a call`() throws {
    // This file's own module calls them, to hold the project's functions against.
    let symbols = try undefinedSymbols(objectFiles("NumericsTests"))
    #expect(!Set(symbols).isDisjoint(with: try forbidden()))
  }
}
