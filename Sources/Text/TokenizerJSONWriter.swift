// The layout of Hugging Face's tokenizer.json (tokenizers 0.23, `Tokenizer::save(pretty)`): two
// spaces, raw UTF-8, members in its own order, so that saving with either gives the same bytes.

extension Tokenizer {
  /// The `tokenizer.json`, byte for byte as `tokenizers` would save it.
  package func json() -> [UInt8] {
    let file: OrderedJSON = .object([
      ("version", .string("1.0")), ("truncation", .null), ("padding", .null),
      ("added_tokens", .list(addedTokens.map(Self.form))),
      ("normalizer", sections.normalizer.inHuggingFaceOrder),
      ("pre_tokenizer", sections.preTokenizerForm.inHuggingFaceOrder),
      ("post_processor", sections.postProcessor.inHuggingFaceOrder),
      ("decoder", sections.decoderForm.inHuggingFaceOrder), ("model", model.form),
    ])
    return Array(file.text().utf8)
  }

  private static func form(_ token: AddedToken) -> OrderedJSON {
    .object([
      ("id", .integer(token.id)), ("content", .string(token.content)),
      ("single_word", .bool(token.isSingleWord)), ("lstrip", .bool(token.stripsLeft)),
      ("rstrip", .bool(token.stripsRight)), ("normalized", .bool(token.isNormalized)),
      ("special", .bool(token.isSpecial)),
    ])
  }
}

extension BytePairModel {
  fileprivate var form: OrderedJSON {
    let vocabulary = spellings.enumerated().map { ($1, OrderedJSON.integer($0)) }
    let pairs = merges.map { merge -> OrderedJSON in
      .list([.string(spellings[Int(merge.left)]), .string(spellings[Int(merge.right)])])
    }
    return .object([
      ("type", .string("BPE")), ("dropout", .null),
      ("unk_token", options.unknownToken.map(OrderedJSON.string) ?? .null),
      ("continuing_subword_prefix", .null), ("end_of_word_suffix", .null),
      ("fuse_unk", .bool(options.fusesUnknown)), ("byte_fallback", .bool(options.fallsBackToBytes)),
      ("ignore_merges", .bool(options.ignoresMerges)), ("vocab", .object(vocabulary)),
      ("merges", .list(pairs)),
    ])
  }
}

extension OrderedJSON {
  /// Names of members in the order in which `tokenizers` writes them.
  private static let order = [
    "type", "single", "pair", "special_tokens", "pretokenizers", "normalizers", "decoders",
    "processors", "sep", "cls", "individual_digits", "replacement", "prepend_scheme", "split",
    "prepend", "pattern", "behavior", "invert", "content", "start", "stop", "add_prefix_space",
    "trim_offsets", "use_regex", "id", "ids", "tokens", "type_id",
  ]

  /// A section with its members in that order; those of other names stay where they are, at the end.
  fileprivate var inHuggingFaceOrder: OrderedJSON {
    switch self {
    case .literal, .string: return self
    case .list(let list): return .list(list.map(\.inHuggingFaceOrder))
    case .object(let members):
      let ranked = members.enumerated().map { index, member in
        (rank: Self.order.firstIndex(of: member.name) ?? Self.order.count + index, member)
      }
      return .object(
        ranked.sorted { $0.rank < $1.rank }.map { ($0.1.name, $0.1.value.inHuggingFaceOrder) })
    }
  }
}
