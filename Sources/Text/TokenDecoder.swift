/// How tokens become text again; the decoders of `tokenizers` by their names.
enum TokenDecoder: Hashable, Sendable {
  /// Spellings are bytes; invalid UTF-8 becomes U+FFFD.
  case byteLevel
  case steps([Step])

  enum Step: Hashable, Sendable {
    case replace(String, with: String)
    /// Tokens such as `<0x0A>` become bytes; where those are no UTF-8, each becomes U+FFFD.
    case byteFallback
    case fuse
    /// Drops up to so many scalars from each token's start and end.
    case strip(Unicode.Scalar, start: Int, end: Int)
    case metaspace(String, dropsFirst: Bool)
  }

  /// The text of tokens spelt as UTF-8; not for `byteLevel`.
  func text(_ spellings: [[UInt8]]) -> [UInt8] {
    guard case .steps(let steps) = self else { return Array(spellings.joined()) }
    return Array(steps.reduce(spellings) { $1.apply($0) }.joined())
  }
}

extension TokenDecoder.Step {
  fileprivate func apply(_ tokens: [[UInt8]]) -> [[UInt8]] {
    switch self {
    case .replace(let old, let new):
      return tokens.map { $0.replacing(Array(old.utf8), with: Array(new.utf8)) }
    case .byteFallback: return Self.joiningBytes(tokens)
    case .fuse: return [Array(tokens.joined())]
    case .strip(let scalar, let start, let end):
      return tokens.map { Self.strip($0, Array(String(scalar).utf8), start, end) }
    case .metaspace(let mark, let dropsFirst):
      return tokens.enumerated().map { index, token in
        token.replacing(Array(mark.utf8), with: index == 0 && dropsFirst ? [] : [0x20])
      }
    }
  }

  private static func joiningBytes(_ tokens: [[UInt8]]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var bytes: [UInt8] = []
    func flush() {
      if bytes.isEmpty { return }
      if String(validating: bytes, as: UTF8.self) != nil {
        result.append(bytes)
      } else {
        result += bytes.map { _ in Array("\u{FFFD}".utf8) }
      }
      bytes = []
    }
    for token in tokens {
      if let byte = byte(token) {
        bytes.append(byte)
      } else {
        flush()
        result.append(token)
      }
    }
    flush()
    return result
  }

  private static func byte(_ token: [UInt8]) -> UInt8? {
    guard token.count == 6, token.starts(with: Array("<0x".utf8)), token[5] == UInt8(ascii: ">")
    else { return nil }
    return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
  }

  private static func strip(
    _ token: [UInt8], _ scalar: [UInt8], _ start: Int, _ end: Int
  ) -> [UInt8] {
    var rest = token[...]
    for _ in 0..<start where rest.starts(with: scalar) { rest = rest.dropFirst(scalar.count) }
    for _ in 0..<end where rest.suffix(scalar.count) == scalar[...] {
      rest = rest.dropLast(scalar.count)
    }
    return Array(rest)
  }
}
