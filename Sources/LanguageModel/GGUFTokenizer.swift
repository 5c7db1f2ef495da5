import ContentStore
import Text

// The tokenizer in a GGUF file's metadata, as `tokenizer.json` and `tokenizer_config.json`.

extension GGUF {
  /// What `tokenizer.ggml.token_type` says of a token.
  enum TokenKind: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  /// The tokenizer's files. Throws, with the reason, when this project has no such tokenizer.
  func tokenizerFiles(vocabularySize: Int) throws(CheckpointError) -> [String: [UInt8]] {
    let kind = metadata["tokenizer.ggml.model"]?.textValue ?? "none"
    guard kind == "gpt2" || kind == "llama" else {
      throw CheckpointError(
        "\(file) has a tokenizer of kind \(kind), neither byte-level BPE (gpt2) nor SentencePiece's "
          + "(llama)")
    }
    let tokens = try texts("tokenizer.ggml.tokens")
    guard tokens.count <= vocabularySize else {
      throw CheckpointError(
        "\(file) has \(tokens.count) tokens, but the embedding has \(vocabularySize) rows")
    }
    if kind == "llama" {
      let pieces = try sentencePieces(tokens)
      return try files(tokens) { try pieces.bytes() }
    }
    let file: JSON = [
      "added_tokens": try added(tokens), "pre_tokenizer": try preTokenizer(),
      "normalizer": normalizer, "decoder": Self.byteLevel(usesRegex: true),
      "model": [
        "type": "BPE", "ignore_merges": .bool(pre == "llama-bpe"),
        "vocab": .object(
          Dictionary(tokens.enumerated().map { ($1, .integer($0)) }) { first, _ in first }),
        "merges": .array(try texts("tokenizer.ggml.merges").map(JSON.string)),
      ],
    ]
    return try files(tokens) { try file.canonical() }
  }

  /// Both files, the first read and written by the tokenizer itself, so that it is known to work.
  private func files(
    _ tokens: [String], _ json: () throws -> [UInt8]
  ) throws(CheckpointError) -> [String: [UInt8]] {
    do {
      let tokenizer = try Tokenizer(json: json())
      return [
        "tokenizer.json": tokenizer.json(),
        "tokenizer_config.json": try configuration(tokens).canonical() + [UInt8(ascii: "\n")],
      ]
    } catch { throw CheckpointError("\(file): \(error)") }
  }

  private func configuration(_ tokens: [String]) -> JSON {
    func token(_ name: String) -> JSON {
      guard let id = metadata["tokenizer.ggml.\(name)_token_id"]?.intValue,
        tokens.indices.contains(id)
      else { return .null }
      return .string(tokens[id])
    }
    var members: [String: JSON] = [
      "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": token("bos"),
      "eos_token": token("eos"), "pad_token": token("padding"), "unk_token": token("unknown"),
      "add_bos_token": .bool(addsBeginToken),
      "add_prefix_space": false, "clean_up_tokenization_spaces": false,
    ]
    members["chat_template"] = metadata["tokenizer.chat_template"]?.textValue.map(JSON.string)
    return .object(members)
  }

  /// llama.cpp's default is that of the kind of tokenizer.
  var addsBeginToken: Bool {
    metadata["tokenizer.ggml.add_bos_token"]?.boolValue
      ?? (metadata["tokenizer.ggml.model"]?.textValue == "llama")
  }

  private func added(_ tokens: [String]) throws(CheckpointError) -> JSON {
    let kinds = metadata["tokenizer.ggml.token_type"]?.listValue ?? []
    var result: [JSON] = []
    for (id, kind) in kinds.enumerated() where id < tokens.count {
      guard let kind = kind.intValue.flatMap(TokenKind.init),
        [.control, .userDefined].contains(kind)
      else { continue }
      result.append([
        "id": .integer(id), "content": .string(tokens[id]), "special": .bool(kind == .control),
      ])
    }
    return .array(result)
  }

  // MARK: How text is cut

  /// llama.cpp's name of the way.
  private var pre: String { metadata["tokenizer.ggml.pre"]?.textValue ?? "default" }

  private var normalizer: JSON { pre == "qwen2" ? ["type": "NFC"] : .null }

  private func preTokenizer() throws(CheckpointError) -> JSON {
    switch pre {
    case "gpt-2": return Self.byteLevel(usesRegex: true)
    case "llama-bpe": return Self.split(SplitPattern.llama3.expression)
    case "qwen2": return Self.split(SplitPattern.qwen2.expression)
    case "smollm":
      return [
        "type": "Sequence",
        "pretokenizers": [
          ["type": "Digits", "individual_digits": true], Self.byteLevel(usesRegex: true),
        ],
      ]
    default:
      throw CheckpointError(
        "\(file) has a tokenizer that cuts text as \"\(pre)\"; gpt-2, smollm, llama-bpe and qwen2 "
          + "are known")
    }
  }

  private static func split(_ expression: String) -> JSON {
    [
      "type": "Sequence",
      "pretokenizers": [
        [
          "type": "Split", "pattern": ["Regex": .string(expression)], "behavior": "Isolated",
          "invert": false,
        ], byteLevel(usesRegex: false),
      ],
    ]
  }

  private static func byteLevel(usesRegex: Bool) -> JSON {
    [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
      "use_regex": .bool(usesRegex),
    ]
  }

  private func texts(_ key: String) throws(CheckpointError) -> [String] {
    guard let list = metadata[key]?.listValue else {
      throw CheckpointError("\(file) lacks the metadata \"\(key)\"")
    }
    let texts = list.compactMap(\.textValue)
    guard texts.count == list.count else {
      throw CheckpointError("\(file): \"\(key)\" holds something that is not a text")
    }
    return texts
  }
}
