/// How text is cut into pieces before merging; no merge crosses a piece's edge.
package enum SplitPattern: String, CaseIterable, Sendable {
  /// GPT-2's: English contractions, letters, numbers, others, each with one leading space.
  case gpt2
  /// Llama-3's: numbers of at most three digits, line breaks with what precedes them.
  case llama3
  /// Qwen2's: Llama-3's with single digits, on text normalised to NFC.
  case qwen2
  /// SmolLM's: every digit alone, and what lies between digits by GPT-2's.
  case smollm
  /// GPT-4's as tiktoken publishes it now: Llama-3's, but white space at the end of the text is one piece.
  case cl100k

  /// Whether the pattern's tokenizers normalise text to NFC first.
  package var normalizes: Bool { self == .qwen2 }
}

// What tokenizer.json says of them.
extension SplitPattern {
  /// The regular expression as Oniguruma, which `tokenizers` uses, reads it. In tiktoken's text of
  /// cl100k, `{1,3}+` is possessive and `$` the end of the text; there they would mean other things.
  package var expression: String {
    let contractions = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)"#
    let words = #"|[^\r\n\p{L}\p{N}]?\p{L}+|"#
    let others = #"| ?[^\s\p{L}\p{N}]+[\r\n]*"#
    switch self {
    case .gpt2, .smollm:
      return #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    case .llama3:
      return contractions + words + #"\p{N}{1,3}"# + others + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
    case .qwen2: return contractions + words + #"\p{N}"# + others + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
    case .cl100k:
      return #"'(?i:[sdmt]|ll|ve|re)"# + words + #"\p{N}{1,3}"# + others
        + #"|\s+\z|\s*[\r\n]|\s+(?!\S)|\s"#
    }
  }

  /// The pattern of a regular expression, recognised by its text.
  init?(expression: String) {
    let known = [SplitPattern.gpt2, .llama3, .qwen2, .cl100k]
    guard let found = known.first(where: { $0.expression == expression }) else { return nil }
    self = found
  }

  var preTokenizer: OrderedJSON {
    switch self {
    case .gpt2: return .byteLevel(usesRegex: true)
    case .smollm: return .sequence([.digits, .byteLevel(usesRegex: true)])
    case .llama3, .qwen2, .cl100k:
      return .sequence([.split(expression), .byteLevel(usesRegex: false)])
    }
  }
}

extension OrderedJSON {
  static func byteLevel(prefixSpace: Bool = false, usesRegex: Bool) -> OrderedJSON {
    .object([
      ("type", .string("ByteLevel")), ("add_prefix_space", .bool(prefixSpace)),
      ("trim_offsets", .bool(true)), ("use_regex", .bool(usesRegex)),
    ])
  }

  static let digits = OrderedJSON.object([
    ("type", .string("Digits")), ("individual_digits", .bool(true)),
  ])

  static func metaspace(_ metaspace: Metaspace) -> OrderedJSON {
    .object([
      ("type", .string("Metaspace")), ("replacement", .string(metaspace.replacement)),
      ("prepend_scheme", .string(metaspace.prepending.rawValue)),
      ("split", .bool(metaspace.splits)),
    ])
  }

  static func sequence(_ parts: [OrderedJSON]) -> OrderedJSON {
    .object([("type", .string("Sequence")), ("pretokenizers", .list(parts))])
  }

  fileprivate static func split(_ expression: String) -> OrderedJSON {
    .object([
      ("type", .string("Split")), ("pattern", .object([("Regex", .string(expression))])),
      ("behavior", .string("Isolated")), ("invert", .bool(false)),
    ])
  }
}
