extension Tokenizer {
  /// Reads a `tokenizer.json`; refuses what it could not encode exactly as `tokenizers` does.
  package init(json bytes: [UInt8]) throws(TextError) {
    let file = try OrderedJSON(parsing: bytes, file: "tokenizer.json")
    let reader = TokenizerReader(file: file)
    let sections = TokenizerSections(file: file)
    let options = try reader.options()
    let spellings = try reader.spellings()
    let model = try BytePairModel(
      spellings: spellings, merges: reader.merges(spellings),
      preTokenizer: sections.preTokenizer(), options: options)
    try self.init(sections: sections, model: model, addedTokens: reader.addedTokens())
  }

  /// A byte-level tokenizer.
  init(
    pattern: SplitPattern, normalizes: Bool? = nil, spellings: [String], merges: [Merge],
    addedTokens: [AddedToken], ignoresMerges: Bool = false
  ) throws(TextError) {
    let sections = TokenizerSections(pattern, normalizes: normalizes ?? pattern.normalizes)
    let model = try BytePairModel(
      spellings: spellings, merges: merges,
      preTokenizer: .byteLevel(pattern, addsPrefixSpace: false),
      options: BytePairModel.Options(ignoresMerges: ignoresMerges))
    try self.init(sections: sections, model: model, addedTokens: addedTokens)
  }

  /// A tokenizer of characters and bytes.
  init(
    form: SentencePieceForm, spellings: [String], merges: [Merge], addedTokens: [AddedToken]
  ) throws(TextError) {
    let model = try BytePairModel(
      spellings: spellings, merges: merges, preTokenizer: .metaspace(form.metaspace),
      options: BytePairModel.Options(fallsBackToBytes: true))
    try self.init(sections: TokenizerSections(form), model: model, addedTokens: addedTokens)
  }
}

/// The model and the added tokens of a `tokenizer.json`.
private struct TokenizerReader {
  let file: OrderedJSON
  private let model: OrderedJSON

  init(file: OrderedJSON) {
    self.file = file
    model = file["model"] ?? .null
  }

  /// Whether a member is missing, null, false or empty.
  private func isOff(_ value: OrderedJSON?) -> Bool {
    guard let value else { return true }
    return value.isNull || value.boolValue == false || value.stringValue == ""
  }

  func options() throws(TextError) -> BytePairModel.Options {
    let type = model["type"]?.stringValue
    guard type == "BPE" || type == nil && model["merges"] != nil else {
      throw TokenizerSections.unsupported("the model \(type ?? "of no type")")
    }
    for option in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"]
    where !isOff(model[option]) && model[option]?.intValue != 0 {
      throw TokenizerSections.unsupported("the option model.\(option)")
    }
    return BytePairModel.Options(
      ignoresMerges: model["ignore_merges"]?.boolValue == true,
      fallsBackToBytes: model["byte_fallback"]?.boolValue == true,
      unknownToken: isOff(model["unk_token"]) ? nil : model["unk_token"]?.stringValue,
      fusesUnknown: model["fuse_unk"]?.boolValue == true)
  }

  /// The vocabulary by id.
  func spellings() throws(TextError) -> [String] {
    guard let vocabulary = model["vocab"]?.members else {
      throw TextError("tokenizer.json has no model.vocab")
    }
    var result = [String?](repeating: nil, count: vocabulary.count)
    for (spelling, id) in vocabulary {
      guard let id = id.intValue, result.indices.contains(id), result[id] == nil else {
        throw TextError("tokenizer.json: the ids of model.vocab are not 0 to \(result.count - 1)")
      }
      result[id] = spelling
    }
    return result.map { $0! }
  }

  func merges(_ spellings: [String]) throws(TextError) -> [Tokenizer.Merge] {
    guard let list = model["merges"]?.listValue else {
      throw TextError("tokenizer.json has no model.merges")
    }
    let finder = MergeFinder(spellings)
    var result: [Tokenizer.Merge] = []
    result.reserveCapacity(list.count)
    for (index, entry) in list.enumerated() {
      guard let (left, right) = Self.pair(entry), let merge = finder.merge(left, right) else {
        throw TextError("tokenizer.json: model.merges[\(index)] is not a pair of tokens")
      }
      result.append(merge)
    }
    return result
  }

  /// `["a", "b"]`, or `"a b"` as written before tokenizers 0.20.
  private static func pair(_ entry: OrderedJSON) -> (String, String)? {
    if let parts = entry.listValue, parts.count == 2, let left = parts[0].stringValue,
      let right = parts[1].stringValue
    {
      return (left, right)
    }
    return entry.stringValue.flatMap(MergeFinder.pair)
  }

  func addedTokens() throws(TextError) -> [AddedToken] {
    var result: [AddedToken] = []
    for (index, entry) in (file["added_tokens"]?.listValue ?? []).enumerated() {
      guard let id = entry["id"]?.intValue, (0..<1 << 24).contains(id),
        let content = entry["content"]?.stringValue, !content.isEmpty
      else { throw TextError("tokenizer.json: added_tokens[\(index)] has no id or content") }
      var token = AddedToken(
        id: id, content: content, isSpecial: entry["special"]?.boolValue == true)
      token.isSingleWord = entry["single_word"]?.boolValue == true
      token.stripsLeft = entry["lstrip"]?.boolValue == true
      token.stripsRight = entry["rstrip"]?.boolValue == true
      token.isNormalized = entry["normalized"]?.boolValue == true
      result.append(token)
    }
    return result
  }
}

/// Makes merges of spellings.
struct MergeFinder {
  private var ids: VocabularyTable

  init(_ spellings: [String]) {
    ids = VocabularyTable(minimumCapacity: spellings.count)
    for (id, spelling) in spellings.enumerated() { ids.add(Array(spelling.utf8), id) }
  }

  /// The merge of two tokens; nil when one of them or what they make is no token.
  func merge(_ left: String, _ right: String) -> Tokenizer.Merge? {
    let (l, r) = (Array(left.utf8), Array(right.utf8))
    guard let leftID = ids.find(l.span), let rightID = ids.find(r.span),
      let result = ids.find((l + r).span)
    else { return nil }
    return Tokenizer.Merge(left: leftID, right: rightID, result: result)
  }

  /// The two halves of `"a b"`.
  static func pair(_ line: String) -> (String, String)? {
    let parts = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    return parts.count == 2 ? (String(parts[0])!, String(parts[1])!) : nil
  }
}
