// The split patterns as scanners by hand: ten to a hundred times faster than a regular expression.
//
// GPT-2    's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// Llama-3  (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
//          | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
// Qwen2    Llama-3's with \p{N} for \p{N}{1,3}
// SmolLM   \p{N} alone, then GPT-2's on each stretch between
// cl100k   Llama-3's with \s+$ before \s*[\r\n]
//
// They work on UTF-8 and on scalars, never on Characters: "\r\n" is one Character. Text is valid
// UTF-8 here; were it not, a stray byte would count as one scalar of class `other`.

extension SplitPattern {
  /// The end of the piece that begins at `start`, which must be before the end of the text.
  func pieceEnd(in text: Span<UInt8>, from start: Int) -> Int {
    switch self {
    case .gpt2: Self.gpt2End(text, start)
    case .llama3: Self.llama3End(text, start, digits: 3)
    case .cl100k: Self.llama3End(text, start, digits: 3, keepsLastSpace: true)
    case .qwen2: Self.llama3End(text, start, digits: 1)
    case .smollm: Self.smollmEnd(text, start)
    }
  }

  /// The text as the pattern's tokenizers see it.
  func normalized(_ text: [UInt8]) -> [UInt8] {
    normalizes && Normalizer.nfc.mayChange(text.span) ? Normalizer.nfc.apply(text) : text
  }

  /// The pieces of a text, for tests and for people who want to see them.
  package func pieces(of text: String) -> [String] {
    let bytes = normalized(Array(text.utf8))
    var pieces: [String] = []
    var start = 0
    while start < bytes.count {
      let end = pieceEnd(in: bytes.span, from: start)
      pieces.append(String(decoding: bytes[start..<end], as: UTF8.self))
      start = end
    }
    return pieces
  }

  private static func gpt2End(_ text: Span<UInt8>, _ start: Int) -> Int {
    let first = text[start]
    if first == UInt8(ascii: "'"), let end = contraction(text, start, anyCase: false) { return end }
    var (kind, next) = scalar(text, start)
    if first == UInt8(ascii: " "), next < text.count {
      let (following, afterwards) = scalar(text, next)
      if !following.isSpace { (kind, next) = (following, afterwards) }
    }
    if kind.isSpace { return spaceEnd(text, start) }
    return run(of: kind, text, next)
  }

  /// A digit ends the text for what is before it, so that white space before it stays whole.
  private static func smollmEnd(_ text: Span<UInt8>, _ start: Int) -> Int {
    let (kind, next) = scalar(text, start)
    if kind == .number { return next }
    guard kind.isSpace else { return gpt2End(text, start) }
    var end = next
    while end < text.count, case let (following, afterwards) = scalar(text, end), following.isSpace
    {
      end = afterwards
    }
    if end < text.count, scalar(text, end).0 == .number { return end }
    return gpt2End(text, start)
  }

  private static func llama3End(
    _ text: Span<UInt8>, _ start: Int, digits: Int, keepsLastSpace: Bool = false
  ) -> Int {
    func space() -> Int {
      spaceEnd(text, start, takingLineBreaks: true, wholeAtEnd: keepsLastSpace)
    }
    let first = text[start]
    if first == UInt8(ascii: "'"), let end = contraction(text, start, anyCase: true) { return end }
    let (kind, next) = scalar(text, start)
    switch kind {
    case .letter: return run(of: .letter, text, next)
    case .number: return run(of: .number, text, next, atMost: digits - 1)
    case .lineBreak: return space()
    case .other, .space:
      if next < text.count {
        let (following, afterwards) = scalar(text, next)
        if following == .letter { return run(of: .letter, text, afterwards) }
        if first == UInt8(ascii: " "), following == .other {
          return run(of: .lineBreak, text, run(of: .other, text, afterwards))
        }
      }
      if kind == .other { return run(of: .lineBreak, text, run(of: .other, text, next)) }
      return space()
    }
  }

  /// The class of the scalar at an offset, and the offset after it.
  @inline(__always)
  static func scalar(_ text: Span<UInt8>, _ at: Int) -> (CharacterClass, next: Int) {
    let first = text[at]
    if first < 0x80 { return (CharacterClass.ascii(first), at + 1) }
    return wideScalar(text, at)
  }

  private static func wideScalar(_ text: Span<UInt8>, _ at: Int) -> (CharacterClass, next: Int) {
    let first = text[at]
    let length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    guard length > 1, at + length <= text.count else { return (.other, at + 1) }
    var value = UInt32(first) & (0xFF >> UInt32(length + 1))
    for index in at + 1..<at + length { value = value << 6 | UInt32(text[index]) & 0x3F }
    return (CharacterClass.of(value), at + length)
  }

  /// The end of a run of one class.
  private static func run(
    of kind: CharacterClass, _ text: Span<UInt8>, _ start: Int, atMost limit: Int = .max
  ) -> Int {
    var (end, left) = (start, limit)
    while end < text.count, left > 0 {
      let (found, next) = scalar(text, end)
      if found != kind { break }
      end = next
      left -= 1
    }
    return end
  }

  /// The end of a piece of white space: `\s+(?!\S)|\s+` leaves the last one to what follows, unless
  /// it is the only one. With line breaks, `\s*[\r\n]+` comes first and ends after the last of them.
  private static func spaceEnd(
    _ text: Span<UInt8>, _ start: Int, takingLineBreaks: Bool = false, wholeAtEnd: Bool = false
  ) -> Int {
    var (end, lastStart, afterLineBreak) = (start, start, start)
    while end < text.count {
      let (kind, next) = scalar(text, end)
      if !kind.isSpace { break }
      if kind == .lineBreak { afterLineBreak = next }
      (lastStart, end) = (end, next)
    }
    if wholeAtEnd, end == text.count { return end }
    if takingLineBreaks, afterLineBreak > start { return afterLineBreak }
    return end == text.count || lastStart == start ? end : lastStart
  }

  /// The end of an English contraction at an apostrophe. Without case, U+017F (ſ) folds to s.
  private static func contraction(_ text: Span<UInt8>, _ start: Int, anyCase: Bool) -> Int? {
    func letter(_ offset: Int) -> UInt8 {
      guard start + offset < text.count else { return 0 }
      let byte = text[start + offset]
      return anyCase && (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }
    switch letter(1) {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 2
    case UInt8(ascii: "r") where letter(2) == UInt8(ascii: "e"): return start + 3
    case UInt8(ascii: "v") where letter(2) == UInt8(ascii: "e"): return start + 3
    case UInt8(ascii: "l") where letter(2) == UInt8(ascii: "l"): return start + 3
    case 0xC5 where anyCase && letter(2) == 0xBF: return start + 3
    default: return nil
    }
  }
}
