import ContentStore
import Text

// A SentencePiece BPE model in GGUF (`tokenizer.ggml.model` = "llama"): tokens with scores and kinds,
// without merges. llama.cpp and transformers (`GGUFLlamaConverter`) read it as Llama 2's: a space before
// the text and after special tokens, spaces as ▁, bytes for characters without a token.

extension GGUF {
  /// What `tokenizer.json` is made of. Throws where it would give other tokens than the scores do.
  func sentencePieces(_ tokens: [String]) throws(CheckpointError) -> SentencePieceFile {
    for key in ["precompiled_charsmap", "remove_extra_whitespaces"] {
      let value = metadata["tokenizer.ggml.\(key)"]
      if value != nil, value != .bool(false), value != .list([]) {
        throw CheckpointError(
          "\(file) has a tokenizer that changes texts (\(key)), which exp cannot do")
      }
    }
    let kinds = try kinds(tokens)
    try check(tokens, kinds)
    let merges = try merges(tokens, kinds)
    func token(_ name: String, _ isAdded: Bool) -> Int? {
      guard isAdded, let id = metadata["tokenizer.ggml.\(name)_token_id"]?.intValue else {
        return nil
      }
      return tokens.indices.contains(id) ? id : nil
    }
    let added = kinds.enumerated().filter { [.unknown, .control, .userDefined].contains($1) }
    return SentencePieceFile(
      spellings: tokens,
      merges: merges.map { .array([.string(tokens[$0.left]), .string(tokens[$0.right])]) },
      added: added.map { ($0.offset, isSpecial: $0.element != .userDefined) },
      unknown: kinds.firstIndex(of: .unknown).map { tokens[$0] },
      addsSpace: metadata["tokenizer.ggml.add_space_prefix"]?.boolValue ?? true,
      before: token("bos", addsBeginToken),
      after: token("eos", metadata["tokenizer.ggml.add_eos_token"]?.boolValue ?? false)
    )
  }

  private func kinds(_ tokens: [String]) throws(CheckpointError) -> [TokenKind] {
    let key = "tokenizer.ggml.token_type"
    let kinds = (metadata[key]?.listValue ?? []).compactMap { $0.intValue.flatMap(TokenKind.init) }
    guard kinds.count == tokens.count else {
      throw CheckpointError("\(file): \"\(key)\" does not say a kind from 1 to 6 for every token")
    }
    return kinds
  }

  private func check(_ tokens: [String], _ kinds: [TokenKind]) throws(CheckpointError) {
    var ids: [[UInt8]: Int] = [:]
    for (id, (token, kind)) in zip(tokens, kinds).enumerated() {
      guard !token.isEmpty, ids.updateValue(id, forKey: Array(token.utf8)) == nil else {
        throw CheckpointError("\(file) has the token \"\(token)\" twice, or an empty one")
      }
      if kind == .userDefined, token.unicodeScalars.contains("▁") {
        throw CheckpointError(
          "\(file) has the token \"\(token)\", which is cut out of texts whole and has spaces; "
            + "tokenizer.json cuts before spaces are marked")
      }
    }
    for byte in UInt8.min...UInt8.max {
      let spelling = CharacterAlphabet.spelling(byte)
      guard let id = ids[Array(spelling.utf8)], kinds[id] == .byte else {
        throw CheckpointError("\(file) has a tokenizer without the byte token \(spelling)")
      }
    }
  }

  private func merges(
    _ tokens: [String], _ kinds: [TokenKind]
  ) throws(CheckpointError) -> [SentencePieceMerges.Merge] {
    let key = "tokenizer.ggml.scores"
    let scores = (metadata[key]?.listValue ?? []).compactMap(\.doubleValue)
    guard scores.count == tokens.count, scores.allSatisfy({ !$0.isNaN }) else {
      throw CheckpointError("\(file): \"\(key)\" does not give every token a score")
    }
    var pieces: [Int: [UInt8]] = [:]
    for (id, token) in tokens.enumerated() where [.normal, .unused].contains(kinds[id]) {
      pieces[id] = Array(token.utf8)
      guard token.utf8.count <= Self.longestPiece else {
        throw CheckpointError("\(file): token \(id) has over \(Self.longestPiece) bytes")
      }
    }
    do throws(CheckpointError) {
      let merges = try SentencePieceMerges(pieces, scores: scores).merges()
      // SentencePiece passes through unused tokens, and takes them apart again.
      if let merge = merges.first(where: { kinds[$0.made] == .unused }) {
        throw CheckpointError("token \(merge.made) is unused, but text passes through it")
      }
      return merges
    } catch {
      throw CheckpointError("\(file) has a tokenizer that tokenizer.json cannot hold: \(error)")
    }
  }

  /// Bytes. A longer token is no word, and takes a time that grows with its square.
  private static let longestPiece = 4096
}
