import ContentStore

// SentencePiece's BPE as Hugging Face writes it for Llama 2: a space (written ▁) before the text, no
// cutting into words, characters without a token as bytes, merges in the order of the scores
// (transformers, `convert_slow_tokenizer.py`, `LlamaConverter`).

extension SentencePieces {
  /// `tokenizer.json` and `tokenizer_config.json`.
  package func tokenizerFiles() throws(CheckpointError) -> [String: [UInt8]] {
    let spellings = try spellings()
    let configuration: JSON = [
      "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "<s>",
      "unk_token": "<unk>", "add_bos_token": true, "clean_up_tokenization_spaces": false,
    ]
    do throws(JSONError) {
      return [
        "tokenizer.json": try json(spellings).canonical() + [UInt8(ascii: "\n")],
        "tokenizer_config.json": try configuration.canonical() + [UInt8(ascii: "\n")],
      ]
    } catch { throw CheckpointError("the tokenizer cannot be written: \(error)") }
  }

  /// The tokens as they are spelled in `tokenizer.json`, by id.
  private func spellings() throws(CheckpointError) -> [String] {
    var spellings = ["<unk>", "<s>", "</s>"]
    guard pieces.count >= 259 else {
      throw CheckpointError("the tokenizer has \(pieces.count) tokens, fewer than bytes need")
    }
    for (id, piece) in pieces.enumerated().dropFirst(3) {
      guard let text = String(validating: piece, as: UTF8.self), !text.isEmpty else {
        throw CheckpointError("the tokenizer's token \(id) is empty or not valid UTF-8")
      }
      if id < 259, text != Self.byteSpelling(id - 3) {
        throw CheckpointError(
          "the tokenizer's token \(id) is \"\(text)\" instead of the byte \(Self.byteSpelling(id - 3))"
        )
      }
      spellings.append(String(text.unicodeScalars.map { $0 == " " ? "▁" : Character($0) }))
    }
    guard Set(spellings).count == spellings.count else {
      throw CheckpointError("the tokenizer has a token twice")
    }
    return spellings
  }

  /// `<0x0A>` for the byte 10.
  private static func byteSpelling(_ byte: Int) -> String {
    "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
  }

  /// Every way to make a token of two others, the highest score first.
  private func merges(_ spellings: [String]) -> [JSON] {
    var ids: [[UInt8]: Int] = [:]
    for (id, spelling) in spellings.enumerated().dropFirst(259) { ids[Array(spelling.utf8)] = id }
    var found: [(made: Int, left: Int, right: Int)] = []
    for (id, spelling) in spellings.enumerated().dropFirst(259) {
      let bytes = Array(spelling.utf8)
      for cut in bytes.indices.dropFirst() {
        guard let left = ids[Array(bytes[..<cut])], let right = ids[Array(bytes[cut...])] else {
          continue
        }
        found.append((id, left, right))
      }
    }
    found.sort { a, b in
      scores[a.made] != scores[b.made]
        ? scores[a.made] > scores[b.made] : (a.made, a.left, a.right) < (b.made, b.left, b.right)
    }
    return found.map { .array([.string(spellings[$0.left]), .string(spellings[$0.right])]) }
  }

  private func json(_ spellings: [String]) -> JSON {
    [
      "version": "1.0", "truncation": nil, "padding": nil,
      "added_tokens": .array(
        spellings.prefix(3).enumerated().map { id, content in
          [
            "id": .integer(id), "content": .string(content), "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true,
          ]
        }),
      "normalizer": [
        "type": "Sequence",
        "normalizers": [["type": "Prepend", "prepend": "▁"], Self.replace(" ", "▁")],
      ],
      "pre_tokenizer": nil, "post_processor": Self.beginning,
      "decoder": [
        "type": "Sequence",
        "decoders": [
          Self.replace("▁", " "), ["type": "ByteFallback"], ["type": "Fuse"],
          ["type": "Strip", "content": " ", "start": 1, "stop": 0],
        ],
      ],
      "model": [
        "type": "BPE", "dropout": nil, "unk_token": "<unk>", "continuing_subword_prefix": nil,
        "end_of_word_suffix": nil, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
        "vocab": .object(
          Dictionary(spellings.enumerated().map { ($1, .integer($0)) }) { first, _ in first }),
        "merges": .array(merges(spellings)),
      ],
    ]
  }

  private static func replace(_ old: String, _ new: String) -> JSON {
    ["type": "Replace", "pattern": ["String": .string(old)], "content": .string(new)]
  }

  /// Puts the begin token before every text.
  private static let beginning: JSON = {
    let begin: JSON = ["SpecialToken": ["id": "<s>", "type_id": 0]]
    let text: JSON = ["Sequence": ["id": "A", "type_id": 0]]
    let second: JSON = ["Sequence": ["id": "B", "type_id": 1]]
    return [
      "type": "TemplateProcessing", "single": [begin, text], "pair": [begin, text, second],
      "special_tokens": ["<s>": ["id": "<s>", "ids": [1], "tokens": ["<s>"]]],
    ]
  }()
}
