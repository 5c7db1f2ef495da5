import ContentStore

/// SentencePiece's BPE as Hugging Face writes it for Llama 2: a space (written ▁) before the text, no
/// cutting into words, characters without a token as bytes, merges in the order of the scores
/// (transformers, `convert_slow_tokenizer.py`, `LlamaConverter`).
struct SentencePieceFile {
  /// Tokens by id, spaces as ▁.
  var spellings: [String]
  /// Pairs of spellings.
  var merges: [JSON]
  /// Tokens that are cut out of a text whole.
  var added: [(id: Int, isSpecial: Bool)]
  var unknown: String?
  /// Whether a space is put before every text, and after added tokens.
  var addsSpace: Bool
  /// The tokens put before and after every text.
  var before: Int?
  var after: Int?

  /// The `tokenizer.json` in canonical form. Tokens may be canonically equivalent (é and e with U+0301),
  /// which are one key to a dictionary of Swift; so the vocabulary is written apart.
  func bytes() throws(JSONError) -> [UInt8] {
    let members = spellings.enumerated().sorted { JSON.precedes($0.element, $1.element) }
    var vocabulary: [UInt8] = []
    for (id, spelling) in members {
      vocabulary += [UInt8(ascii: vocabulary.isEmpty ? "{" : ",")]
      vocabulary += try JSON.string(spelling).canonical() + Array(":\(id)".utf8)
    }
    // In a text the quotes would be escaped.
    return try json.canonical().replacing(
      Array("\"vocab\":null".utf8),
      with: Array("\"vocab\":".utf8) + vocabulary + [UInt8(ascii: "}")])
  }

  /// All but the vocabulary.
  private var json: JSON {
    let marking = Self.replace(" ", "▁")
    let prepending: JSON = ["type": "Prepend", "prepend": "▁"]
    let normalizers: JSON = addsSpace ? [prepending, marking] : [marking]
    return [
      "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": .array(added.map(form)),
      "normalizer": ["type": "Sequence", "normalizers": normalizers],
      "pre_tokenizer": nil, "post_processor": template,
      "decoder": ["type": "Sequence", "decoders": .array(decoders)],
      "model": [
        "type": "BPE", "dropout": nil, "unk_token": unknown.map(JSON.string) ?? nil,
        "continuing_subword_prefix": nil, "end_of_word_suffix": nil, "fuse_unk": true,
        "byte_fallback": true, "ignore_merges": false,
        "vocab": nil,
        "merges": .array(merges),
      ],
    ]
  }

  private func form(_ token: (id: Int, isSpecial: Bool)) -> JSON {
    [
      "id": .integer(token.id), "content": .string(spellings[token.id]), "single_word": false,
      "lstrip": false, "rstrip": false, "normalized": false, "special": .bool(token.isSpecial),
    ]
  }

  private var decoders: [JSON] {
    let strip: JSON = ["type": "Strip", "content": " ", "start": 1, "stop": 0]
    return [Self.replace("▁", " "), ["type": "ByteFallback"], ["type": "Fuse"]]
      + (addsSpace ? [strip] : [])
  }

  private static func replace(_ old: String, _ new: String) -> JSON {
    ["type": "Replace", "pattern": ["String": .string(old)], "content": .string(new)]
  }

  /// Puts the tokens around every text.
  private var template: JSON {
    if before == nil, after == nil { return nil }
    func special(_ id: Int?, _ type: Int) -> [JSON] {
      id.map { [["SpecialToken": ["id": .string(spellings[$0]), "type_id": .integer(type)]]] } ?? []
    }
    let text: JSON = ["Sequence": ["id": "A", "type_id": 0]]
    let second: JSON = ["Sequence": ["id": "B", "type_id": 1]]
    let single = special(before, 0) + [text] + special(after, 0)
    let tokens = [before, after].compactMap(\.self).map { id -> (String, JSON) in
      let content = JSON.string(spellings[id])
      return (spellings[id], ["id": content, "ids": [.integer(id)], "tokens": [content]])
    }
    return [
      "type": "TemplateProcessing", "single": .array(single),
      "pair": .array(single + [second] + special(after, 1)),
      "special_tokens": .object(Dictionary(tokens) { first, _ in first }),
    ]
  }
}
