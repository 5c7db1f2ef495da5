import ContentStore
import Glibc
import Ledger
import Testing

@testable import Runner

@Suite struct VerifyTests {
  let laboratory: Laboratory
  init() throws { laboratory = try Laboratory() }

  private let text = """
    { name: "small", stages: {
      one: { op: "number", with: { value: 77 } },
      it: { op: "fickle", with: { step: 1, key: 3 } },
    } }
    """

  @Test func `an untouched store is whole`() throws {
    _ = try laboratory.run(text)
    let report = try Verify.run(laboratory.workspace)
    #expect(report.damages == [])
    #expect(report.objects > 4)
    #expect(report.exitStatus == 0)
  }

  @Test func `one flipped byte in any object is found and named`() throws {
    _ = try laboratory.run(text)
    let store = laboratory.workspace.store
    for object in try store.list() where try store.size(of: object) > 0 {
      let bytes = try store.read(object)
      try overwrite(object, with: [bytes[0] ^ 1] + bytes.dropFirst())
      let report = try Verify.run(laboratory.workspace)
      #expect(report.exitStatus == 3)
      #expect(
        report.damages.contains { $0.contains(store.file(of: object)) || $0.contains(object.hex) })
      try overwrite(object, with: bytes)
    }
    #expect(try Verify.run(laboratory.workspace).exitStatus == 0)
  }

  private func overwrite(_ object: Digest, with bytes: [UInt8]) throws {
    let path = laboratory.workspace.store.file(of: object)
    chmod(path, 0o644)
    try FileSystem.write(bytes, to: path)
  }

  @Test func `a missing object of a result is named with its stage, even when quick`() throws {
    let run = try laboratory.run(text)
    let object = try #require(run["one"]?.result?.outputs["value"]?.digest)
    try laboratory.workspace.store.remove(object)
    let report = try Verify.run(laboratory.workspace, isQuick: true)
    #expect(report.damages == ["the object \(object) of one.value is missing"])
  }
}
