import ContentStore

/// Examples as numbers in a scratch file, read over and over: a text is cut into words and hashed once,
/// not once an epoch as fastText does. Four-byte numbers: tokens, labels, features, then those.
package final class FastTextExamples {
  private let file: File
  private var buffer: [Int32] = []
  private var position = 0
  private static let size = 1 << 18
  /// Where each example starts, in numbers.
  private var starts: [Int] = []
  private var written = 0
  package var count: Int { starts.count }

  package init(at path: String) throws {
    if FileSystem.exists(path) { try FileSystem.removeFile(path) }
    file = try File(path, .update)
  }

  /// Adds a line.
  package func add(_ line: [UInt8], _ dictionary: FastTextDictionary) throws {
    line.withUnsafeBufferPointer { dictionary.read($0, into: &scratch) }
    starts.append(written + buffer.count)
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
    written += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }

  /// Ends the writing.
  package func finish() throws {
    try flush()
    try rewind()
  }

  /// The examples in another order, in a file of their own; these are finished.
  package func reordered(
    _ order: [Int], at path: String, check: () throws -> Void = {}
  ) throws -> FastTextExamples {
    try finish()
    let result = try FastTextExamples(at: path)
    for (number, index) in order.enumerated() {
      try file.seek(to: 4 * starts[index])
      let end = index + 1 < starts.count ? starts[index + 1] : written
      let bytes = try file.read(upTo: 4 * (end - starts[index]))
      result.starts.append(result.written + result.buffer.count)
      bytes.withUnsafeBytes { result.buffer += $0.bindMemory(to: Int32.self) }
      if result.buffer.count >= Self.size { try result.flush() }
      if number & 4095 == 0 { try check() }
    }
    try result.finish()
    return result
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
