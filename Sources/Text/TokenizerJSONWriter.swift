import ContentStore

// The layout of Hugging Face's tokenizer.json (tokenizers 0.23, `Tokenizer::save(pretty)`): two
// spaces, raw UTF-8, members in its own order, so that saving with either gives the same bytes.

/// JSON with members in the order given.
private indirect enum OrderedJSON {
  case literal(String)
  case string(String)
  case list([OrderedJSON])
  case object([(String, OrderedJSON)])

  func write(into out: inout String, indent: Int = 0) {
    switch self {
    case .literal(let text): out += text
    case .string(let text): out += Self.quoted(text)
    case .list(let elements):
      Self.write(elements, "[", "]", into: &out, indent) { element, out in
        element.write(into: &out, indent: indent + 1)
      }
    case .object(let members):
      Self.write(members, "{", "}", into: &out, indent) { member, out in
        out += Self.quoted(member.0) + ": "
        member.1.write(into: &out, indent: indent + 1)
      }
    }
  }

  private static func write<Part>(
    _ parts: [Part], _ open: String, _ close: String, into out: inout String, _ indent: Int,
    part: (Part, inout String) -> Void
  ) {
    out += open
    for (index, element) in parts.enumerated() {
      out += index == 0 ? "\n" : ",\n"
      out += String(repeating: "  ", count: indent + 1)
      part(element, &out)
    }
    if !parts.isEmpty { out += "\n" + String(repeating: "  ", count: indent) }
    out += close
  }

  /// A string has a canonical form always: only numbers can lack one.
  private static func quoted(_ text: String) -> String {
    (try? JSON.string(text).canonicalText()) ?? "\"\""
  }
}

extension SplitPattern {
  /// The regular expression, for patterns that tokenizer.json spells out.
  package var expression: String {
    let digits = self == .qwen2 ? #"\p{N}"# : #"\p{N}{1,3}"#
    return #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  fileprivate var preTokenizer: OrderedJSON {
    if self == .gpt2 { return .byteLevel(usesRegex: true) }
    if self == .smollm {
      let digits: OrderedJSON = .object([
        ("type", .string("Digits")), ("individual_digits", .literal("true")),
      ])
      return .object([
        ("type", .string("Sequence")),
        ("pretokenizers", .list([digits, .byteLevel(usesRegex: true)])),
      ])
    }
    let split: OrderedJSON = .object([
      ("type", .string("Split")), ("pattern", .object([("Regex", .string(expression))])),
      ("behavior", .string("Isolated")), ("invert", .literal("false")),
    ])
    return .object([
      ("type", .string("Sequence")),
      ("pretokenizers", .list([split, .byteLevel(usesRegex: false)])),
    ])
  }
}

extension OrderedJSON {
  fileprivate static func byteLevel(prefixSpace: Bool = false, usesRegex: Bool) -> OrderedJSON {
    .object([
      ("type", .string("ByteLevel")), ("add_prefix_space", .literal("\(prefixSpace)")),
      ("trim_offsets", .literal("true")), ("use_regex", .literal("\(usesRegex)")),
    ])
  }
}

extension Tokenizer {
  /// The `tokenizer.json`, byte for byte as `tokenizers` would save it.
  package func json() -> [UInt8] {
    let normalizer: OrderedJSON =
      pattern == .qwen2 ? .object([("type", .string("NFC"))]) : .literal("null")
    let file: OrderedJSON = .object([
      ("version", .string("1.0")), ("truncation", .literal("null")), ("padding", .literal("null")),
      ("added_tokens", .list(addedTokens.map(Self.form))), ("normalizer", normalizer),
      ("pre_tokenizer", pattern.preTokenizer), ("post_processor", .literal("null")),
      ("decoder", .byteLevel(prefixSpace: true, usesRegex: true)), ("model", modelForm),
    ])
    var text = ""
    file.write(into: &text)
    return Array(text.utf8)
  }

  private static func form(_ token: AddedToken) -> OrderedJSON {
    .object([
      ("id", .literal("\(token.id)")), ("content", .string(token.content)),
      ("single_word", .literal("false")), ("lstrip", .literal("false")),
      ("rstrip", .literal("false")), ("normalized", .literal("false")),
      ("special", .literal("\(token.isSpecial)")),
    ])
  }

  private var modelForm: OrderedJSON {
    let vocabulary = spellings.enumerated().map { ($1, OrderedJSON.literal("\($0)")) }
    let pairs = merges.map { merge -> OrderedJSON in
      .list([.string(spellings[Int(merge.left)]), .string(spellings[Int(merge.right)])])
    }
    return .object([
      ("type", .string("BPE")), ("dropout", .literal("null")), ("unk_token", .literal("null")),
      ("continuing_subword_prefix", .literal("null")), ("end_of_word_suffix", .literal("null")),
      ("fuse_unk", .literal("false")), ("byte_fallback", .literal("false")),
      ("ignore_merges", .literal("\(ignoresMerges)")), ("vocab", .object(vocabulary)),
      ("merges", .list(pairs)),
    ])
  }

  /// The `tokenizer_config.json` with which `transformers` loads the tokenizer: the first added
  /// token ends, begins and pads a text, as GPT-2's `<|endoftext|>` does.
  package func configuration() -> [UInt8] {
    let token = addedTokens.first.map { OrderedJSON.string($0.content) } ?? .literal("null")
    let file: OrderedJSON = .object([
      ("tokenizer_class", .string("PreTrainedTokenizerFast")), ("bos_token", token),
      ("eos_token", token), ("pad_token", token), ("add_bos_token", .literal("false")),
      ("add_prefix_space", .literal("false")), ("clean_up_tokenization_spaces", .literal("false")),
    ])
    var text = ""
    file.write(into: &text)
    return Array((text + "\n").utf8)
  }
}
