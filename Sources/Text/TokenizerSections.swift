/// What a `tokenizer.json` says beside the model and the added tokens. Each section is kept as it
/// was read, so that it is written back the same, and understood or refused by its type.
struct TokenizerSections: Sendable {
  var normalizer = OrderedJSON.null
  var preTokenizerForm = OrderedJSON.null
  var postProcessor = OrderedJSON.null
  var decoderForm = OrderedJSON.null

  /// The sections of a byte-level tokenizer that this project makes.
  init(_ pattern: SplitPattern, normalizes: Bool) {
    if normalizes { normalizer = .object([("type", .string("NFC"))]) }
    preTokenizerForm = pattern.preTokenizer
    decoderForm = .byteLevel(prefixSpace: true, usesRegex: true)
  }

  /// The sections of a tokenizer of characters and bytes that this project makes; the decoder is that of
  /// Llama 2's file.
  init(_ form: SentencePieceForm) {
    let metaspace = OrderedJSON.metaspace(form.metaspace)
    preTokenizerForm = form.splitsDigits ? .sequence([metaspace, .digits]) : metaspace
    decoderForm = .object([
      ("type", .string("Sequence")),
      (
        "decoders",
        .list([
          .object([
            ("type", .string("Replace")), ("pattern", .object([("String", .string("▁"))])),
            ("content", .string(" ")),
          ]),
          .object([("type", .string("ByteFallback"))]), .object([("type", .string("Fuse"))]),
          .object([
            ("type", .string("Strip")), ("content", .string(" ")), ("start", .integer(1)),
            ("stop", .integer(0)),
          ]),
        ])
      ),
    ])
  }

  init(file: OrderedJSON) {
    normalizer = file["normalizer"] ?? .null
    preTokenizerForm = file["pre_tokenizer"] ?? .null
    postProcessor = file["post_processor"] ?? .null
    decoderForm = file["decoder"] ?? .null
  }

  static func unsupported(_ what: String) -> TextError {
    TextError("tokenizer.json has \(what), which exp cannot do")
  }

  private static func type(_ part: OrderedJSON) -> String {
    part["type"]?.stringValue ?? "of no type"
  }

  /// The parts of a section: none when it is null, those of a Sequence, or the section itself.
  private static func parts(_ section: OrderedJSON, _ name: String) -> [OrderedJSON] {
    if section.isNull { return [] }
    if type(section) == "Sequence", let parts = section[name]?.listValue { return parts }
    return [section]
  }

  /// The old and the new text of a Replace; nil when it is no plain text.
  private static func replacement(_ part: OrderedJSON) -> (String, String)? {
    guard let old = part["pattern"]?["String"]?.stringValue, !old.isEmpty,
      let new = part["content"]?.stringValue
    else { return nil }
    return (old, new)
  }

  // MARK: Before the model

  func normalizers() throws(TextError) -> [Normalizer] {
    var result: [Normalizer] = []
    for part in Self.parts(normalizer, "normalizers") {
      if Self.type(part) == "NFC" {
        result.append(.nfc)
      } else if Self.type(part) == "Prepend", let text = part["prepend"]?.stringValue {
        result.append(.prepend(text))
      } else if Self.type(part) == "Replace", let (old, new) = Self.replacement(part) {
        result.append(.replace(old, with: new))
      } else {
        throw Self.unsupported(
          "the normalizer \(Self.type(part)); NFC, Prepend and Replace of a plain text are known")
      }
    }
    return result
  }

  func preTokenizer() throws(TextError) -> PreTokenizer {
    let parts = Self.parts(preTokenizerForm, "pretokenizers")
    let types = parts.map(Self.type)
    switch types {
    case []: return .whole
    case ["Metaspace"]: return .metaspace(try metaspace(parts[0]))
    case ["Metaspace", "Digits"] where parts[1]["individual_digits"]?.boolValue == true:
      var metaspace = try metaspace(parts[0])
      metaspace.isolatesDigits = true
      return .metaspace(metaspace)
    default: return try byteLevel(parts, types)
    }
  }

  private func metaspace(_ part: OrderedJSON) throws(TextError) -> Metaspace {
    let scheme = part["prepend_scheme"]?.stringValue ?? "always"
    guard let mark = part["replacement"]?.stringValue, mark.unicodeScalars.count == 1,
      let prepending = Metaspace.Prepending(rawValue: scheme)
    else {
      throw Self.unsupported("a Metaspace without a replacement or with scheme \"\(scheme)\"")
    }
    return Metaspace(
      replacement: mark, prepending: prepending, splits: part["split"]?.boolValue ?? true)
  }

  private func byteLevel(
    _ parts: [OrderedJSON], _ types: [String]
  ) throws(TextError) -> PreTokenizer {
    guard let bytes = parts.last, types.last == "ByteLevel" else { throw unknownPattern(types) }
    // Both options are on when left out.
    let usesRegex = bytes["use_regex"]?.boolValue ?? true
    let addsPrefixSpace = bytes["add_prefix_space"]?.boolValue ?? true
    if types.count == 1, usesRegex {
      return .byteLevel(.gpt2, addsPrefixSpace: addsPrefixSpace)
    }
    guard types.count == 2, !addsPrefixSpace else { throw unknownPattern(types) }
    if types[0] == "Digits", parts[0]["individual_digits"]?.boolValue == true, usesRegex {
      return .byteLevel(.smollm, addsPrefixSpace: false)
    }
    return .byteLevel(try splitPattern(parts[0], types, usesRegex), addsPrefixSpace: false)
  }

  private func splitPattern(
    _ part: OrderedJSON, _ types: [String], _ usesRegex: Bool
  ) throws(TextError) -> SplitPattern {
    guard types[0] == "Split", part["behavior"]?.stringValue == "Isolated",
      part["invert"]?.boolValue != true, !usesRegex
    else { throw unknownPattern(types) }
    let expression = part["pattern"]?["Regex"]?.stringValue ?? ""
    guard let pattern = SplitPattern(expression: expression) else {
      throw Self.unsupported(
        "a pre_tokenizer that cuts text by the regular expression \(expression); those of GPT-2, "
          + "Llama-3, Qwen2 and cl100k are known")
    }
    return pattern
  }

  private func unknownPattern(_ types: [String]) -> TextError {
    Self.unsupported(
      "the pre_tokenizer \(types.joined(separator: ", ")) with its options; those of GPT-2, Llama-3, "
        + "Qwen2, SmolLM and SentencePiece are known")
  }

  // MARK: After the model

  func decoder() throws(TextError) -> TokenDecoder {
    let parts = Self.parts(decoderForm, "decoders")
    if parts.count == 1, Self.type(parts[0]) == "ByteLevel" { return .byteLevel }
    guard !parts.isEmpty, try !preTokenizer().isByteLevel else {
      throw Self.unsupported("no ByteLevel decoder")
    }
    var steps: [TokenDecoder.Step] = []
    for part in parts { steps.append(try Self.step(part)) }
    return .steps(steps)
  }

  private static func step(_ part: OrderedJSON) throws(TextError) -> TokenDecoder.Step {
    switch type(part) {
    case "ByteFallback": return .byteFallback
    case "Fuse": return .fuse
    case "Replace":
      if let (old, new) = replacement(part) { return .replace(old, with: new) }
    case "Strip":
      if let content = part["content"]?.stringValue?.unicodeScalars.first,
        let start = part["start"]?.intValue, let end = part["stop"]?.intValue
      {
        return .strip(content, start: start, end: end)
      }
    case "Metaspace":
      if let mark = part["replacement"]?.stringValue {
        return .metaspace(mark, dropsFirst: part["prepend_scheme"]?.stringValue != "never")
      }
    default: break
    }
    throw unsupported("the decoder \(type(part)) with its options")
  }

  /// The tokens that go before and after a text.
  func template() throws(TextError) -> (before: [Int], after: [Int]) {
    var (before, after): ([Int], [Int]) = ([], [])
    for part in Self.parts(postProcessor, "processors") {
      switch Self.type(part) {
      case "ByteLevel": continue
      case "TemplateProcessing":
        let (first, last) = try Self.template(part)
        (before, after) = (first + before, after + last)
      case "RobertaProcessing", "BertProcessing":
        let ids = ["cls", "sep"].compactMap { part[$0]?.listValue?.last?.intValue }
        guard ids.count == 2 else { throw Self.unsupported("a post_processor without cls or sep") }
        (before, after) = ([ids[0]] + before, after + [ids[1]])
      default: throw Self.unsupported("the post_processor \(Self.type(part))")
      }
    }
    return (before, after)
  }

  private static func template(
    _ part: OrderedJSON
  ) throws(TextError) -> (before: [Int], after: [Int]) {
    var (before, after): ([Int], [Int]) = ([], [])
    var sequences = 0
    for piece in part["single"]?.listValue ?? [] {
      if let name = piece["SpecialToken"]?["id"]?.stringValue {
        let ids = part["special_tokens"]?[name]?["ids"]?.listValue?.compactMap(\.intValue)
        guard let ids, !ids.isEmpty else {
          throw unsupported("a post_processor that names \"\(name)\" without ids")
        }
        if sequences == 0 { before += ids } else { after += ids }
      } else {
        sequences += 1
      }
    }
    guard sequences == 1 else { throw unsupported("a post_processor without exactly one text") }
    return (before, after)
  }
}
