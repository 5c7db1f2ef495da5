import ContentStore
import Text

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
        "tokenizer.json": try file(spellings).bytes() + [UInt8(ascii: "\n")],
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
      if id < 259, case let byte = CharacterAlphabet.spelling(UInt8(id - 3)), text != byte {
        throw CheckpointError(
          "the tokenizer's token \(id) is \"\(text)\" instead of the byte \(byte)")
      }
      spellings.append(String(text.unicodeScalars.map { $0 == " " ? "▁" : Character($0) }))
    }
    guard Set(spellings.map { Array($0.utf8) }).count == spellings.count else {
      throw CheckpointError("the tokenizer has a token twice")
    }
    return spellings
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

  private func file(_ spellings: [String]) -> SentencePieceFile {
    SentencePieceFile(
      spellings: spellings, merges: merges(spellings),
      added: (0..<3).map { ($0, isSpecial: true) }, unknown: "<unk>", addsSpace: true, before: 1,
      after: nil)
  }
}
