// The lexical grammar of JSON5: white space, names, strings.
extension JSON5Reader {
  /// LF, CR, LS, PS.
  static func isLineTerminator(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\n" || scalar == "\r" || scalar == "\u{2028}" || scalar == "\u{2029}"
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\t", "\n", "\u{B}", "\u{C}", "\r", " ", "\u{A0}", "\u{2028}", "\u{2029}", "\u{FEFF}": true
    default: !scalar.isASCII && scalar.properties.generalCategory == .spaceSeparator
    }
  }

  /// Skips white space and comments.
  mutating func skipSpace() throws(ExperimentError) {
    while let scalar = current {
      if Self.isSpace(scalar) {
        index += 1
      } else if scalar == "/" {
        try skipComment()
      } else {
        return
      }
    }
  }

  private mutating func skipComment() throws(ExperimentError) {
    switch next {
    case "/": while let scalar = current, !Self.isLineTerminator(scalar) { index += 1 }
    case "*":
      let start = index
      index += 2
      while current != "*" || next != "/" {
        guard current != nil else { throw error("the comment does not end", at: start) }
        index += 1
      }
      index += 2
    default: throw error("'/' starts no comment: write // or /* */")
    }
  }

  /// ECMAScript 5.1 §7.6 without escapes.
  func isIdentifierStart(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar == "$" || scalar == "_" || scalar.properties.isAlphabetic }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .letterNumber:
      return true
    default: return false
    }
  }

  private func isIdentifierPart(_ scalar: Unicode.Scalar) -> Bool {
    if isIdentifierStart(scalar) || scalar == "\u{200C}" || scalar == "\u{200D}" { return true }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .decimalNumber, .connectorPunctuation: return true
    default: return false
    }
  }

  mutating func identifier() throws(ExperimentError) -> String {
    var name = String.UnicodeScalarView()
    while let scalar = current {
      let start = index
      let isEscape = scalar == "\\"
      let part = isEscape ? try identifierEscape() : scalar
      guard name.isEmpty ? isIdentifierStart(part) : isIdentifierPart(part) else {
        if isEscape { throw error("the escaped character may not stand in a name", at: start) }
        break
      }
      name.append(part)
      if !isEscape { index += 1 }
    }
    return String(name)
  }

  private mutating func identifierEscape() throws(ExperimentError) -> Unicode.Scalar {
    let start = index
    guard next == "u" else { throw error("a name may only hold \\u escapes") }
    index += 2
    guard let scalar = Unicode.Scalar(try hexadecimal(4, from: start)) else {
      throw error("a lone surrogate", at: start)
    }
    return scalar
  }

  mutating func string() throws(ExperimentError) -> String {
    let start = index
    let quote = current
    var text = String.UnicodeScalarView()
    index += 1
    while current != quote {
      guard let scalar = current else { throw error("the string does not end", at: start) }
      switch scalar {
      case "\\": try escape(into: &text)
      case "\n", "\r":
        throw error("a line break in a string: end the line with \\ or write \\n", at: index)
      default:
        text.append(scalar)
        index += 1
      }
    }
    index += 1
    return String(text)
  }

  private mutating func escape(into text: inout String.UnicodeScalarView) throws(ExperimentError) {
    let start = index
    index += 1
    guard let scalar = current else { throw error("the string does not end", at: start) }
    index += 1
    switch scalar {
    case "b": text.append("\u{8}")
    case "f": text.append("\u{C}")
    case "n": text.append("\n")
    case "r": text.append("\r")
    case "t": text.append("\t")
    case "v": text.append("\u{B}")
    case "x": text.append(Unicode.Scalar(UInt8(try hexadecimal(2, from: start))))
    case "u": text.append(try surrogatePair(from: start))
    case "0"..."9":
      let digitFollows = current.map { ("0"..."9").contains($0) } ?? false
      guard scalar == "0", !digitFollows else { throw error("an octal escape", at: start) }
      text.append("\0")
    case "\r": if current == "\n" { index += 1 }
    case "\n", "\u{2028}", "\u{2029}": break
    default: text.append(scalar)
    }
  }

  /// The rest of a `\uXXXX`, or of two that make a surrogate pair.
  private mutating func surrogatePair(from start: Int) throws(ExperimentError) -> Unicode.Scalar {
    var code = try hexadecimal(4, from: start)
    if (0xD800..<0xDC00).contains(code), current == "\\", next == "u" {
      index += 2
      let low = try hexadecimal(4, from: start)
      guard (0xDC00..<0xE000).contains(low) else { throw error("a lone surrogate", at: start) }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw error("a lone surrogate", at: start) }
    return scalar
  }

  private mutating func hexadecimal(
    _ count: Int, from start: Int
  ) throws(ExperimentError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<count {
      guard let digit = current.flatMap(Self.hexDigit) else {
        throw error("the escape needs \(count) hex digits", at: start)
      }
      code = code << 4 | UInt32(digit)
      index += 1
    }
    return code
  }

  static func hexDigit(_ scalar: Unicode.Scalar) -> Int? {
    scalar.isASCII ? Character(scalar).hexDigitValue : nil
  }
}
