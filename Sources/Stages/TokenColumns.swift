import ContentStore
import Corpus
import Pipeline

/// Token ids as the bytes of an `.npy`: little-endian, `<u2` or `<u4`.
struct TokenBytes {
  let isWide: Bool
  private(set) var bytes: [UInt8] = []

  init(isWide: Bool) { self.isWide = isWide }

  mutating func append(_ token: UInt32) {
    bytes.append(UInt8(truncatingIfNeeded: token))
    bytes.append(UInt8(truncatingIfNeeded: token >> 8))
    if !isWide { return }
    bytes.append(UInt8(truncatingIfNeeded: token >> 16))
    bytes.append(UInt8(truncatingIfNeeded: token >> 24))
  }

  mutating func take() -> [UInt8] {
    defer { bytes.removeAll(keepingCapacity: true) }
    return bytes
  }
}

/// An `.npy` whose length is known only at its end: its values wait in a scratch file.
final class ScratchColumn {
  private let scratch: File
  private let path: String

  init(_ path: String, in folder: String) throws {
    self.path = path
    let scratchPath = "\(folder)/\(path)"
    if FileSystem.exists(scratchPath) { try FileSystem.removeFile(scratchPath) }
    scratch = try File(scratchPath, .update)
  }

  func write(_ bytes: [UInt8]) throws { try scratch.write(bytes) }

  /// Writes header and values into a tree.
  func finish(_ header: [UInt8], into output: any OutputTree) throws {
    try scratch.seek(to: 0)
    let file = try output.makeFile(path)
    try file.write(header)
    while case let piece = try scratch.read(upTo: 1 << 20), !piece.isEmpty {
      try file.write(piece)
    }
    try file.finish()
  }
}

/// The documents of an origins file by index; only those asked for are parsed.
struct OriginLines {
  private let bytes: [UInt8]
  private let lines: [Range<Int>]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var (lines, start): ([Range<Int>], Int) = ([], 0)
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
      lines.append(start..<index)
      start = index + 1
    }
    self.lines = lines
  }

  var count: Int { lines.count }

  func origin(of document: Int) throws -> TokenFiles.Origin {
    guard lines.indices.contains(document) else {
      throw StageError("the origins file has \(lines.count) lines, none for document \(document)")
    }
    return try TokenFiles.Origin(line: Array(bytes[lines[document]]))
  }
}
