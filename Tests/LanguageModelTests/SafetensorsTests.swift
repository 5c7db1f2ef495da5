import LanguageModel
import Numerics
import Testing

@Suite struct SafetensorsTests {
  /// A file from a header's text and its data.
  private func file(_ header: String, data: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8)
      + Array(repeating: 0, count: data)
  }

  private func message(_ bytes: [UInt8]) -> String {
    do {
      _ = try Safetensors(parsing: bytes)
      return "no error"
    } catch { return error.message }
  }

  @Test func `what is written is read back`() throws {
    var writer = SafetensorsWriter(metadata: ["format": "pt", "step": "3"])
    writer.add("b", shape: [2, 2], Floats([1, -0.0, .infinity, 4]))
    writer.add("a", type: .u8, shape: [3], data: [1, 2, 3])
    writer.add("empty", shape: [0, 5], Floats([]))
    writer.add("scalar", shape: [], Floats([7]))
    let file = try Safetensors(parsing: try writer.encode())
    #expect(file.metadata == ["format": "pt", "step": "3"])
    #expect(file.names == ["b", "empty", "scalar", "a"])
    #expect(
      try file.floats("b").map(\.bitPattern)
        == ([1, -0.0, .infinity, 4] as [Float]).map(\.bitPattern))
    #expect(try file.floats("scalar", shape: []) == [7])
    #expect(Array(try file.data("a")) == [1, 2, 3])
  }

  /// The layout of the Rust library 0.8.0: width descending, then name; 8-byte header.
  @Test func `the header is padded and the data ordered by width then name`() throws {
    var writer = SafetensorsWriter(metadata: [:])
    writer.add("z", type: .u16, shape: [1], data: [1, 2])
    writer.add("y", shape: [1], Floats([1]))
    writer.add("x", shape: [1], Floats([2]))
    let bytes = try writer.encode()
    let length = Int(bytes[0]) + Int(bytes[1]) << 8
    #expect(length % 8 == 0)
    #expect(Array(bytes[(8 + length)...]) == [0, 0, 0, 64, 0, 0, 128, 63, 1, 2])
  }

  @Test func `half and bfloat16 widen exactly`() throws {
    var writer = SafetensorsWriter()
    let halves: [UInt16] = [0x3C00, 0xC000, 0x0001, 0x03FF, 0x7BFF, 0xFC00, 0x3555]
    writer.add(
      "h", type: .f16, shape: [7], data: halves.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
    writer.add("b", type: .bf16, shape: [2], data: [0x80, 0x3F, 0x49, 0xC0])
    let file = try Safetensors(parsing: try writer.encode())
    let expected: [Float] = [1, -2, 0x1p-24, 1023 * 0x1p-24, 65504, -.infinity, 0x1.554p-2]
    #expect(try file.floats("h") == expected)
    #expect(try file.floats("b") == [1, -3.140625])
  }

  @Test func `every truncation is refused`() throws {
    var writer = SafetensorsWriter()
    writer.add("a", shape: [2], Floats([1, 2]))
    let bytes = try writer.encode()
    for length in 0..<bytes.count {
      #expect(throws: CheckpointError.self) {
        try Safetensors(parsing: Array(bytes.prefix(length)))
      }
    }
    #expect(message(bytes + [0]).contains("1 bytes follow"))
  }

  @Test(arguments: [
    (#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "needs 8 bytes"),
    (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "\"w\" follows a hole"),
    (
      #"{"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
      8, "\"w\" overlaps"
    ),
    (#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "\"w\" ends at byte 8"),
    (#"{"w":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}"#, 4, "\"w\" has an unknown dtype"),
    (#"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "\"w\" has a malformed"),
    (
      #"{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#, 4,
      "\"w\" has too large a shape"
    ),
    (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "\"w\" has a malformed"),
    (#"{"w":{"dtype":"F32"}}"#, 0, "\"w\" lacks"),
    (#"{"__metadata__":{"a":1}}"#, 0, "not a text"),
    ("[]", 0, "not a JSON object"),
    ("{", 0, "not JSON"),
  ])
  func `a malformed header is refused by name`(header: String, data: Int, expected: String) {
    #expect(message(file(header, data: data)).contains(expected))
  }

  @Test func `a header beyond the file is refused`() {
    #expect(message([255, 255, 255, 255, 255, 255, 255, 255, 0]).contains("header says"))
  }

  @Test func `a missing tensor suggests its neighbour`() throws {
    var writer = SafetensorsWriter()
    writer.add("model.norm.weight", shape: [1], Floats([1]))
    let file = try Safetensors(parsing: try writer.encode())
    #expect(throws: CheckpointError.self) { try file.floats("model.norm.weights") }
    do { _ = try file.floats("model.norm.weights") } catch {
      #expect(error.message.contains("did you mean \"model.norm.weight\""))
    }
  }
}
