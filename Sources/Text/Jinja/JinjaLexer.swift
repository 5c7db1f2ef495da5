/// Cuts a template into text and tokens, with `trim_blocks` and `lstrip_blocks` as transformers sets
/// them: the line break after a block goes, and white space before a block that begins its line.
struct JinjaLexer {
  enum Token: Hashable, Sendable {
    case text(String)
    case blockStart, blockEnd, outputStart, outputEnd
    case name(String)
    case string(String)
    case integer(Int)
    case float(Double)
    case sign(String)
    case end
  }

  private let source: [UInt8]
  private var position = 0
  private var tokens: [Token] = []
  /// Whether what was read last ended a line, or nothing was read.
  private var isLineStart = true
  /// `trim_blocks` and `lstrip_blocks`; and whether a line break at the end goes.
  private let isTrimming: Bool

  /// The template's tokens, `end` last.
  /// - Parameter isTrimming: false for Jinja's defaults with `keep_trailing_newline`, as
  ///   lm-evaluation-harness reads the templates of its tasks.
  static func tokens(of template: String, isTrimming: Bool = true) throws(TextError) -> [Token] {
    var source = Array(template.utf8)
    // Jinja drops one line break at the end, and takes CRLF and CR for LF.
    source = source.replacing([13, 10], with: [10]).map { $0 == 13 ? 10 : $0 }
    if isTrimming, source.last == 10 { source.removeLast() }
    var lexer = JinjaLexer(source: source, isTrimming: isTrimming)
    try lexer.run()
    return lexer.tokens + [.end]
  }

  private init(source: [UInt8], isTrimming: Bool) {
    self.source = source
    self.isTrimming = isTrimming
  }

  private func starts(_ text: StaticString, at place: Int? = nil) -> Bool {
    text.withUTF8Buffer { source[min(place ?? position, source.count)...].starts(with: $0) }
  }

  private func fault(_ message: String) -> TextError {
    let line = source[..<min(position, source.count)].count { $0 == 10 } + 1
    return TextError("the chat template, line \(line): \(message)")
  }

  private mutating func run() throws(TextError) {
    var trimsStart = false
    while position < source.count {
      let start = position
      while position < source.count, !starts("{{"), !starts("{%"), !starts("{#") { position += 1 }
      try addText(start, trimsStart: trimsStart)
      trimsStart = position < source.count ? try tag() : false
    }
  }

  /// The text up to the tag at `position`.
  private mutating func addText(_ start: Int, trimsStart: Bool) throws(TextError) {
    var text = source[start..<position]
    if trimsStart { text = text.drop(while: Self.isSpace) }
    if position + 2 < source.count {
      switch source[position + 2] {
      case UInt8(ascii: "-"): while let last = text.last, Self.isSpace(last) { text.removeLast() }
      case UInt8(ascii: "+"): break
      default:
        if isTrimming, !starts("{{") { text = Self.withoutIndent(text, isLineStart: isLineStart) }
      }
    }
    if !text.isEmpty { tokens.append(.text(String(decoding: text, as: UTF8.self))) }
  }

  /// Drops the white space of the last line when there is nothing else on it.
  private static func withoutIndent(
    _ text: ArraySlice<UInt8>, isLineStart: Bool
  ) -> ArraySlice<UInt8> {
    let line = text.lastIndex(of: 10).map { $0 + 1 } ?? text.startIndex
    guard line > text.startIndex || isLineStart else { return text }
    return text[line...].allSatisfy(isSpace) ? text[..<line] : text
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }

  /// Reads a tag; whether white space after it goes.
  private mutating func tag() throws(TextError) -> Bool {
    let kind = source[position + 1]
    isLineStart = false
    position += 2
    if position < source.count, [UInt8(ascii: "-"), UInt8(ascii: "+")].contains(source[position]) {
      position += 1
    }
    switch kind {
    case UInt8(ascii: "#"): return try comment()
    case UInt8(ascii: "{"): return try code(.outputStart, .outputEnd, "}}", "-}}")
    default: return try code(.blockStart, .blockEnd, "%}", "-%}")
    }
  }

  private mutating func comment() throws(TextError) -> Bool {
    while position < source.count, !starts("#}") { position += 1 }
    guard position < source.count else { throw fault("a comment does not end") }
    let trims = source[position - 1] == UInt8(ascii: "-")
    position += 2
    if !trims { dropLineBreak() }
    return trims
  }

  private mutating func dropLineBreak() {
    guard isTrimming else { return }
    isLineStart = position < source.count && source[position] == 10
    if isLineStart { position += 1 }
  }

  private mutating func code(
    _ start: Token, _ end: Token, _ mark: StaticString, _ trimming: StaticString
  ) throws(TextError) -> Bool {
    tokens.append(start)
    var depth = 0
    while true {
      while position < source.count, Self.isSpace(source[position]) { position += 1 }
      guard position < source.count else { throw fault("a tag does not end") }
      // Inside brackets `}}` ends mappings, not the tag.
      let trims = depth == 0 && starts(trimming)
      if trims || depth == 0 && starts(mark) {
        position += trims ? 3 : 2
        tokens.append(end)
        if !trims, end == .blockEnd { dropLineBreak() }
        return trims
      }
      let next = try token()
      if case .sign(let sign) = next { depth += Self.nesting(sign) }
      tokens.append(next)
    }
  }

  private static func nesting(_ sign: String) -> Int {
    ["(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1][sign] ?? 0
  }

  private mutating func token() throws(TextError) -> Token {
    let byte = source[position]
    if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { return try string(byte) }
    let start = position
    if byte &- 0x30 < 10 { return try number() }
    if Self.isWord(byte) {
      while position < source.count, Self.isWord(source[position]) { position += 1 }
      return .name(String(decoding: source[start..<position], as: UTF8.self))
    }
    for sign in ["==", "!=", "<=", ">=", "//", "**"] where source[start...].starts(with: sign.utf8)
    {
      position += 2
      return .sign(sign)
    }
    guard "+-*/%~<>=()[]{}.,:|".utf8.contains(byte) else {
      throw fault("the character \(Character(Unicode.Scalar(byte))) has no meaning in a tag")
    }
    position += 1
    return .sign(String(Unicode.Scalar(byte)))
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "_") || byte &- 0x30 < 10 || byte >= 0x80
  }

  private mutating func number() throws(TextError) -> Token {
    let start = position
    skipDigits()
    if position + 1 < source.count, source[position] == UInt8(ascii: "."),
      source[position + 1] &- 0x30 < 10
    {
      position += 1
      skipDigits()
    }
    let text = String(decoding: source[start..<position], as: UTF8.self)
    if let value = Int(text) { return .integer(value) }
    guard let value = Double(text) else { throw fault("\(text) is no number") }
    return .float(value)
  }

  private mutating func skipDigits() {
    while position < source.count, source[position] &- 0x30 < 10 { position += 1 }
  }

  private mutating func string(_ quote: UInt8) throws(TextError) -> Token {
    position += 1
    var out: [UInt8] = []
    while position < source.count, source[position] != quote {
      if source[position] == UInt8(ascii: "\\"), position + 1 < source.count {
        position += 1
        out += Self.escape(source[position])
      } else {
        out.append(source[position])
      }
      position += 1
    }
    guard position < source.count else { throw fault("a text in quotes does not end") }
    position += 1
    return .string(String(decoding: out, as: UTF8.self))
  }

  private static func escape(_ byte: UInt8) -> [UInt8] {
    switch byte {
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): return [byte]
    case 10: return []
    default: return [UInt8(ascii: "\\"), byte]
    }
  }
}
