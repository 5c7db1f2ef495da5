/// Cuts bytes that arrive in chunks where a separator stands; holds no more than the piece under way.
struct TextSplitter {
  /// A piece without its separator, and where it began.
  struct Piece {
    var bytes: ArraySlice<UInt8>
    var offset: Int
  }

  private let separator: [UInt8]
  /// For a separator of line feeds alone, how many; else 0.
  private let lineBreaks: Int
  private var buffer: [UInt8] = []
  /// The offset of the buffer's first byte.
  private var offset: Int
  /// How far the buffer was searched.
  private var searched = 0

  /// - Parameters:
  ///   - separator: see `ImportOptions.separator`; empty cuts nowhere.
  ///   - exactly: takes a separator of line feeds literally, for formats whose lines are records.
  init(separator: [UInt8], exactly: Bool = false, offset: Int = 0) {
    self.separator = separator
    let isLineFeeds = !exactly && separator.allSatisfy { $0 == UInt8(ascii: "\n") }
    lineBreaks = isLineFeeds ? separator.count : 0
    self.offset = offset
  }

  /// The pieces that end in this chunk.
  mutating func feed(_ chunk: some Collection<UInt8>) -> [Piece] {
    buffer += chunk
    return cut(isLast: false)
  }

  /// The pieces that are left.
  mutating func finish() -> [Piece] {
    var pieces = cut(isLast: true)
    if !buffer.isEmpty { pieces.append(Piece(bytes: buffer[...], offset: offset)) }
    buffer = []
    return pieces
  }

  private mutating func cut(isLast: Bool) -> [Piece] {
    guard !separator.isEmpty else { return [] }
    var pieces: [Piece] = []
    var start = 0
    while let found = nextSeparator(isLast: isLast) {
      pieces.append(Piece(bytes: buffer[start..<found.lowerBound], offset: offset + start))
      start = found.upperBound
      searched = start
    }
    buffer.removeFirst(start)
    offset += start
    searched -= start
    return pieces
  }

  /// The next separator that is sure to end inside the buffer.
  private mutating func nextSeparator(isLast: Bool) -> Range<Int>? {
    lineBreaks > 0 ? nextLineBreaks(isLast: isLast) : nextLiteral()
  }

  private mutating func nextLiteral() -> Range<Int>? {
    var position = searched
    defer { searched = position }
    let bytes = buffer.span
    while position + separator.count <= bytes.count {
      if bytes[position] == separator[0], Self.matches(separator, bytes, position) {
        return position..<position + separator.count
      }
      position += 1
    }
    return nil
  }

  private static func matches(_ key: [UInt8], _ bytes: Span<UInt8>, _ start: Int) -> Bool {
    for index in key.indices where bytes[start + index] != key[index] { return false }
    return true
  }

  private mutating func nextLineBreaks(isLast: Bool) -> Range<Int>? {
    while searched < buffer.count {
      guard Self.isLineBreak(buffer[searched]) else {
        searched += 1
        continue
      }
      let (end, count, isOpen) = blankRun(from: searched)
      if isOpen, !isLast { return nil }
      if count >= lineBreaks { return searched..<end }
      searched = end
    }
    return nil
  }

  private static func isLineBreak(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  /// A run of line breaks with nothing but spaces between them: its end after the last break, how
  /// many breaks, and whether the buffer ends before the run surely does.
  private func blankRun(from start: Int) -> (end: Int, count: Int, isOpen: Bool) {
    var (position, end, count) = (start, start, 0)
    while position < buffer.count {
      switch buffer[position] {
      case UInt8(ascii: "\r"):
        if position + 1 < buffer.count, buffer[position + 1] == UInt8(ascii: "\n") { position += 1 }
        fallthrough
      case UInt8(ascii: "\n"):
        position += 1
        count += 1
        end = position
      case UInt8(ascii: " "), UInt8(ascii: "\t"): position += 1
      default: return (end, count, false)
      }
    }
    return (end, count, true)
  }
}
