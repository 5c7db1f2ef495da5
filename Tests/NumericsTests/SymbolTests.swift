import Foundation
import Testing

/// The module's object files, next to the test bundle.
private func objectFiles() -> [String] {
  let folder = Bundle.module.bundleURL.deletingLastPathComponent()
    .appendingPathComponent("Numerics.build")
  let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
  return (files ?? []).filter { $0.hasSuffix(".swift.o") }.map { folder.path + "/" + $0 }
}

private let symbolLister = ["/usr/bin/nm", "/usr/bin/llvm-nm"].first {
  FileManager.default.isExecutableFile(atPath: $0)
}

@Suite struct SymbolTests {
  /// √ is exact by IEEE 754 in every libm, and so is a fused multiply-add, which is an instruction
  /// wherever there is one.
  static let forbidden: Set<String> = Set(
    [
      "exp", "exp2", "expm1", "exp10", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin",
      "acos", "atan", "atan2", "sinh", "cosh", "tanh", "erf", "erfc", "tgamma", "lgamma", "cbrt",
      "hypot", "pow", "sincos", "fmod", "remainder",
    ].flatMap { [$0, $0 + "f", $0 + "l"] })

  @Test(.enabled(if: symbolLister != nil && !objectFiles().isEmpty))
  func `no libm function decides a number`() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(symbolLister))
    process.arguments = ["-u", "-A"] + objectFiles()
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let symbols = output.split(separator: "\n").compactMap { $0.split(separator: " ").last }
    #expect(symbols.count > 10)
    let found = symbols.map { String($0.prefix { $0 != "@" }) }.filter(Self.forbidden.contains)
    #expect(found == [])
  }
}
