import ContentStore

extension Tokenizer {
  /// Reads a `tokenizer.json`; refuses what it could not encode exactly as `tokenizers` does.
  package init(json bytes: [UInt8]) throws(TextError) {
    let file = try Self.parse(bytes)
    let reader = TokenizerReader(file: file)
    try reader.checkSections()
    try self.init(
      pattern: reader.pattern(), spellings: reader.spellings(), merges: reader.merges(),
      addedTokens: reader.addedTokens(), ignoresMerges: file["model"]?["ignore_merges"] == true)
  }

  private static func parse(_ bytes: [UInt8]) throws(TextError) -> JSON {
    do throws(JSONError) {
      return try JSON(parsing: bytes)
    } catch {
      throw TextError("tokenizer.json is not JSON: \(error)")
    }
  }
}

/// The sections of a `tokenizer.json`.
private struct TokenizerReader {
  let file: JSON
  private var model: JSON { file["model"] ?? .null }

  private func unsupported(_ what: String) -> TextError {
    TextError("tokenizer.json has \(what), which exp cannot do; use a byte-level BPE tokenizer")
  }

  /// Whether a member is missing, null, false or empty.
  private func isOff(_ value: JSON?) -> Bool {
    value == nil || value == .null || value == false || value == ""
  }

  func checkSections() throws(TextError) {
    guard model["type"] == "BPE" || model["type"] == nil && model["merges"] != nil else {
      throw unsupported("the model \(model["type"]?.stringValue ?? "of no type")")
    }
    for option in [
      "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback",
    ] where !isOff(model[option]) {
      throw unsupported("the option model.\(option)")
    }
    let post = file["post_processor"] ?? .null
    guard post == .null || post["type"] == "ByteLevel" else {
      throw unsupported("the post_processor \(post["type"]?.stringValue ?? "of no type")")
    }
    guard file["decoder"]?["type"] == "ByteLevel" else {
      throw unsupported("no ByteLevel decoder")
    }
  }

  func pattern() throws(TextError) -> SplitPattern {
    let before = file["pre_tokenizer"] ?? .null
    let isNFC = file["normalizer"]?["type"] == "NFC"
    guard isNFC || isOff(file["normalizer"]) else {
      throw unsupported("the normalizer \(file["normalizer"]?["type"]?.stringValue ?? "unknown")")
    }
    // Both options are on when left out.
    if before["type"] == "ByteLevel", before["add_prefix_space"] == false,
      before["use_regex"] != false, !isNFC
    {
      return .gpt2
    }
    let parts = before["pretokenizers"]?.arrayValue
    if before["type"] == "Sequence", let parts, parts.count == 2, parts[0]["type"] == "Digits",
      parts[0]["individual_digits"] == true, parts[1]["type"] == "ByteLevel",
      parts[1]["add_prefix_space"] == false, parts[1]["use_regex"] != false, !isNFC
    {
      return .smollm
    }
    if let parts, before["type"] == "Sequence",
      parts.count == 2, parts[0]["type"] == "Split", parts[0]["behavior"] == "Isolated",
      isOff(parts[0]["invert"]), parts[1]["type"] == "ByteLevel",
      parts[1]["add_prefix_space"] == false, parts[1]["use_regex"] == false,
      let expression = parts[0]["pattern"]?["Regex"]?.stringValue,
      let pattern = [SplitPattern.llama3, .qwen2].first(where: { $0.expression == expression }),
      isNFC == (pattern == .qwen2)
    {
      return pattern
    }
    throw unsupported(
      "a pre_tokenizer or normalizer other than GPT-2's, Llama-3's, Qwen2's or SmolLM's")
  }

  /// The vocabulary by id.
  func spellings() throws(TextError) -> [String] {
    guard let vocabulary = model["vocab"]?.objectValue else {
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

  func merges() throws(TextError) -> [Tokenizer.Merge] {
    var ids = ByteTable(minimumCapacity: 1 << 16)
    for spelling in try spellings() { _ = ids.insert(Array(spelling.utf8)) }
    guard let list = model["merges"]?.arrayValue else {
      throw TextError("tokenizer.json has no model.merges")
    }
    var result: [Tokenizer.Merge] = []
    for (index, entry) in list.enumerated() {
      guard let (left, right) = Self.pair(entry), let l = ids.find(Array(left.utf8)),
        let r = ids.find(Array(right.utf8)), let made = ids.find(Array((left + right).utf8))
      else { throw TextError("tokenizer.json: model.merges[\(index)] is not a pair of tokens") }
      result.append(Tokenizer.Merge(left: Int32(l), right: Int32(r), result: Int32(made)))
    }
    return result
  }

  /// `["a", "b"]`, or `"a b"` as written before tokenizers 0.20.
  private static func pair(_ entry: JSON) -> (String, String)? {
    if let parts = entry.arrayValue, parts.count == 2, let left = parts[0].stringValue,
      let right = parts[1].stringValue
    {
      return (left, right)
    }
    let parts = entry.stringValue?.split(separator: " ", omittingEmptySubsequences: false) ?? []
    return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
  }

  func addedTokens() throws(TextError) -> [AddedToken] {
    var result: [AddedToken] = []
    for (index, entry) in (file["added_tokens"]?.arrayValue ?? []).enumerated() {
      guard let id = entry["id"]?.intValue, (0..<1 << 24).contains(id),
        let content = entry["content"]?.stringValue, !content.isEmpty
      else { throw TextError("tokenizer.json: added_tokens[\(index)] has no id or content") }
      for option in ["single_word", "lstrip", "rstrip"] where entry[option] == true {
        throw unsupported("\(option) in added_tokens[\(index)]")
      }
      result.append(AddedToken(id: id, content: content, isSpecial: entry["special"] == true))
    }
    return result
  }
}
