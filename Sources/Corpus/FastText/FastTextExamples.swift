import ContentStore

/// Examples as numbers in a scratch file, read over and over: a text is cut into words and hashed once,
/// not once an epoch as fastText does. Four-byte numbers: tokens, labels, features, then those.
package final class FastTextExamples {
  private let file: File
  private var buffer: [Int32] = []
  private var position = 0
  private static let size = 1 << 18
  package private(set) var count = 0

  package init(at path: String) throws {
    file = try File(path, .update)
  }

  /// Adds a line.
  package func add(_ line: [UInt8], _ dictionary: FastTextDictionary) throws {
    line.withUnsafeBufferPointer { dictionary.read($0, into: &scratch) }
    count += 1
    buffer.append(Int32(scratch.tokens))
    buffer.append(Int32(scratch.labels.count))
    buffer.append(Int32(scratch.features.count))
    buffer += scratch.labels
    buffer += scratch.features
    if buffer.count >= Self.size { try flush() }
  }

  private var scratch = FastTextDictionary.Example()

  private func flush() throws {
    try buffer.withUnsafeBytes { bytes throws in try file.write(bytes) }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Ends the writing.
  package func finish() throws {
    try flush()
    try rewind()
  }

  private func rewind() throws {
    try file.seek(to: 0)
    buffer.removeAll(keepingCapacity: true)
    position = 0
  }

  /// The next example; after the last comes the first.
  func next(into example: inout FastTextDictionary.Example) throws {
    if try !fill(3) {
      try rewind()
      guard try fill(3) else { throw CorpusError("there are no examples") }
    }
    let (tokens, labels, features) = (
      Int(buffer[position]), Int(buffer[position + 1]), Int(buffer[position + 2])
    )
    position += 3
    guard try fill(labels + features) else { throw CorpusError("an example is cut off") }
    example.clear()
    example.tokens = tokens
    example.labels.append(contentsOf: buffer[position..<position + labels])
    position += labels
    example.features.append(contentsOf: buffer[position..<position + features])
    position += features
  }

  /// Makes sure that `wanted` numbers are in the buffer; false at the end of the file.
  @inline(__always)
  private func fill(_ wanted: Int) throws -> Bool {
    buffer.count - position >= wanted ? true : try read(wanted)
  }

  private func read(_ wanted: Int) throws -> Bool {
    buffer.removeSubrange(..<position)
    position = 0
    let room = max(Self.size, wanted - buffer.count)
    let bytes = try file.read(upTo: 4 * room)
    bytes.withUnsafeBytes { buffer += $0.bindMemory(to: Int32.self) }
    return buffer.count >= wanted
  }
}
