/// Cuts the elements of a JSON array, or one value, out of bytes that arrive in chunks, so that a file
/// of any size is read an element at a time. What an element holds is for the parser to check.
struct JSONElementSplitter {
  private enum State { case start, element, between, end, whole }

  private let file: String
  private var state = State.start
  private var buffer: [UInt8] = []
  /// The offset of the byte to come.
  private var offset: Int
  private var elementStart = 0
  private var depth = 0
  private var isInString = false
  private var isEscaped = false
  /// Whether a comma came, so that an element must follow.
  private var needsElement = false

  init(file: String, offset: Int = 0) {
    self.file = file
    self.offset = offset
  }

  /// The elements that end in this chunk.
  mutating func feed(_ chunk: some Collection<UInt8>) throws(CorpusError) -> [TextSplitter.Piece] {
    var pieces: [TextSplitter.Piece] = []
    for byte in chunk {
      try take(byte, &pieces)
      offset += 1
    }
    return pieces
  }

  mutating func finish() throws(CorpusError) -> [TextSplitter.Piece] {
    switch state {
    case .start: return []
    case .whole: return [TextSplitter.Piece(bytes: buffer[...], offset: elementStart)]
    case .end: return []
    case .element, .between: throw CorpusError("\(file): the JSON array does not end")
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }

  private mutating func take(
    _ byte: UInt8, _ pieces: inout [TextSplitter.Piece]
  ) throws(CorpusError) {
    switch state {
    case .start:
      if Self.isSpace(byte) { return }
      state = byte == UInt8(ascii: "[") ? .between : .whole
      elementStart = offset
      if state == .whole { buffer.append(byte) }
    case .whole: buffer.append(byte)
    case .between: try takeBetween(byte)
    case .element: takeInside(byte, &pieces)
    case .end:
      guard Self.isSpace(byte) else { throw fault("text follows the JSON array") }
    }
  }

  private func fault(_ message: String) -> CorpusError {
    CorpusError("\(file), byte \(offset): \(message)")
  }

  private mutating func takeBetween(_ byte: UInt8) throws(CorpusError) {
    if Self.isSpace(byte) { return }
    if byte == UInt8(ascii: "]"), !needsElement { return state = .end }
    guard byte != UInt8(ascii: ","), byte != UInt8(ascii: "]") else {
      throw fault("an element is missing before \(Character(Unicode.Scalar(byte)))")
    }
    state = .element
    (elementStart, depth, isInString, isEscaped) = (offset, 0, false, false)
    var none: [TextSplitter.Piece] = []
    takeInside(byte, &none)
  }

  private mutating func takeInside(_ byte: UInt8, _ pieces: inout [TextSplitter.Piece]) {
    if isInString {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInString = false
      }
      return buffer.append(byte)
    }
    switch byte {
    case UInt8(ascii: "\""): isInString = true
    case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
    case UInt8(ascii: "}") where depth > 0, UInt8(ascii: "]") where depth > 0: depth -= 1
    case UInt8(ascii: ","), UInt8(ascii: "]"):
      if depth == 0 { return end(byte, &pieces) }
    default: break
    }
    buffer.append(byte)
  }

  private mutating func end(_ byte: UInt8, _ pieces: inout [TextSplitter.Piece]) {
    pieces.append(TextSplitter.Piece(bytes: buffer[...], offset: elementStart))
    buffer = []
    needsElement = byte == UInt8(ascii: ",")
    state = needsElement ? .between : .end
  }
}
