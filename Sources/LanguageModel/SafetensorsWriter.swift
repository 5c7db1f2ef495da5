import ContentStore
package import Numerics

/// Builds a safetensors file in memory: tensors ordered by element width, then name, and the header
/// padded with spaces to a multiple of 8 bytes, as the Rust library writes them.
package struct SafetensorsWriter {
  private var entries: [Entry]
  private let metadata: [String: String]

  private struct Entry {
    var name: String
    var type: Safetensors.ElementType
    var shape: [Int]
    var data: Data

    /// Floats stay where they are until the file is encoded, so that only the file is a copy.
    enum Data {
      case floats(Floats)
      case bytes([UInt8])
    }

    var count: Int {
      switch data {
      case .floats(let floats): floats.count * type.width
      case .bytes(let bytes): bytes.count
      }
    }

    func append(to bytes: inout [UInt8]) {
      switch data {
      case .floats(let floats): floats.withBytes { bytes.append(contentsOf: $0) }
      case .bytes(let data): bytes += data
      }
    }
  }

  /// `transformers` 4.x wants `format: pt`.
  package init(metadata: [String: String] = ["format": "pt"]) {
    self.metadata = metadata
    entries = []
  }

  /// Adds a float32 tensor, whose values are read when the file is encoded.
  package mutating func add(_ name: String, shape: [Int], _ values: Floats) {
    add(Entry(name: name, type: .f32, shape: shape, data: .floats(values)))
  }

  /// Adds a tensor from its bytes.
  package mutating func add(
    _ name: String, type: Safetensors.ElementType, shape: [Int], data: [UInt8]
  ) {
    add(Entry(name: name, type: type, shape: shape, data: .bytes(data)))
  }

  private mutating func add(_ entry: Entry) {
    precondition(
      entry.shape.reduce(entry.type.width, *) == entry.count,
      "a tensor's bytes must fit its shape")
    entries.append(entry)
  }

  /// The file. Equal tensors and metadata give equal bytes.
  package func encode() throws(CheckpointError) -> [UInt8] {
    let ordered = entries.sorted { a, b in
      a.type.width != b.type.width ? a.type.width > b.type.width : a.name < b.name
    }
    var header: [String: JSON] = [:]
    if !metadata.isEmpty { header["__metadata__"] = .object(metadata.mapValues(JSON.string)) }
    var offset = 0
    for entry in ordered {
      let end = offset + entry.count
      header[entry.name] = [
        "dtype": .string(entry.type.rawValue), "shape": .array(entry.shape.map(JSON.integer)),
        "data_offsets": [.integer(offset), .integer(end)],
      ]
      offset = end
    }
    var text = try Self.canonical(.object(header))
    text += repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    var bytes = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
    bytes.reserveCapacity(8 + text.count + offset)
    bytes += text
    for entry in ordered { entry.append(to: &bytes) }
    return bytes
  }

  private static func canonical(_ json: JSON) throws(CheckpointError) -> [UInt8] {
    do throws(JSONError) { return try json.canonical() } catch {
      throw CheckpointError("the safetensors header cannot be written: \(error)")
    }
  }
}
