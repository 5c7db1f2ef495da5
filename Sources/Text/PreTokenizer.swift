/// How a normalised text becomes pieces.
enum PreTokenizer: Hashable, Sendable {
  /// Cut by a pattern, then bytes; perhaps with a space put before the text when it has none.
  case byteLevel(SplitPattern, addsPrefixSpace: Bool)
  /// Not cut: SentencePiece's way in Llama 2's tokenizer.json.
  case whole
  case metaspace(Metaspace)

  var isByteLevel: Bool { if case .byteLevel = self { true } else { false } }
}

/// SentencePiece's handling of spaces: each is written as another character, usually ▁.
struct Metaspace: Hashable, Sendable {
  enum Prepending: String, Sendable { case always, first, never }

  var replacement = "▁"
  /// Whether a text that does not begin with the replacement gets one.
  var prepending = Prepending.always
  /// Whether a piece begins at each replacement.
  var splits = true
  /// Whether every digit is a piece of its own.
  var isolatesDigits = false

  /// The text with spaces replaced.
  func marked(_ text: Span<UInt8>, isFirst: Bool) -> [UInt8] {
    let mark = Array(replacement.utf8)
    var result: [UInt8] = []
    result.reserveCapacity(text.count + text.count / 2 + mark.count)
    for index in text.indices {
      if text[index] == UInt8(ascii: " ") { result += mark } else { result.append(text[index]) }
    }
    let isPrepended = prepending == .always || prepending == .first && isFirst
    return isPrepended && !result.starts(with: mark) ? mark + result : result
  }

  /// The pieces of a text, marked.
  func forEachPiece(of text: Span<UInt8>, isFirst: Bool, _ body: (Span<UInt8>) -> Void) {
    if text.isEmpty { return }
    let marked = marked(text, isFirst: isFirst)
    let (bytes, mark) = (marked.span, Array(replacement.utf8))
    var start = 0
    while start < bytes.count {
      let end = pieceEnd(in: bytes, from: start, mark: mark)
      body(bytes.extracting(start..<end))
      start = end
    }
  }

  /// The end of the piece of a marked text that begins at `start`.
  private func pieceEnd(in text: Span<UInt8>, from start: Int, mark: [UInt8]) -> Int {
    guard splits || isolatesDigits else { return text.count }
    var end = start
    while end < text.count {
      let isMark = splits && matches(mark, text, end)
      if isMark, end > start { return end }
      let (kind, next) = SplitPattern.scalar(text, end)
      if isolatesDigits, kind == .number { return end > start ? end : next }
      end = isMark ? end + mark.count : next
    }
    return end
  }

  private func matches(_ mark: [UInt8], _ text: Span<UInt8>, _ start: Int) -> Bool {
    guard text.count - start >= mark.count else { return false }
    for index in mark.indices where text[start + index] != mark[index] { return false }
    return true
  }
}
