/// A vocabulary and the merges that make its tokens of smaller ones.
struct BytePairModel: Sendable {
  /// Spellings of the model's own tokens, by id. An added token may be among them.
  let spellings: [String]
  /// Pairs of ids in the order they merge, and what each makes.
  let merges: [Tokenizer.Merge]
  let options: Options

  let mergeTable: MergeTable
  let alphabet: Alphabet
  /// The model's tokens by their bytes in a text; empty unless whole pieces are looked up.
  let wholePieces: VocabularyTable

  struct Options: Hashable, Sendable {
    /// Whether a piece that is a token is taken whole, without merging (Llama-3).
    var ignoresMerges = false
    /// Whether a character without a token becomes its bytes (`<0x0A>`).
    var fallsBackToBytes = false
    var unknownToken: String?
    var fusesUnknown = false
  }

  /// Fails when a byte has no token: then some text could not be encoded. SmolLM's vocabulary was
  /// published without some control bytes and rare lead bytes, which `tokenizers` leaves out of texts;
  /// so do we.
  init(
    spellings: [String], merges: [Tokenizer.Merge], preTokenizer: PreTokenizer,
    options: Options = Options()
  ) throws(TextError) {
    self.spellings = spellings
    self.merges = merges
    self.options = options
    mergeTable = MergeTable(merges)
    if case .byteLevel(let pattern, _) = preTokenizer {
      alphabet = .bytes(try Self.byteTokens(spellings, isStrict: pattern != .smollm))
    } else {
      alphabet = .characters(try Self.characters(spellings, options))
    }
    wholePieces =
      options.ignoresMerges
      ? Self.table(spellings, isByteLevel: preTokenizer.isByteLevel) : VocabularyTable()
  }

  private static func byteTokens(
    _ spellings: [String], isStrict: Bool
  ) throws(TextError) -> [Int32] {
    var result = [Int32](repeating: -1, count: 256)
    for (id, spelling) in spellings.enumerated() where spelling.unicodeScalars.count == 1 {
      let bytes = ByteAlphabet.bytes(of: spelling)
      if bytes.count == 1, ByteAlphabet.isSpelt(spelling) { result[Int(bytes[0])] = Int32(id) }
    }
    let needed = isStrict ? 0..<256 : 0x20..<0x7F
    if let missing = result[needed].firstIndex(of: -1) {
      throw TextError("the tokenizer has no token for byte \(missing), so it is not byte-level")
    }
    return result
  }

  private static func characters(
    _ spellings: [String], _ options: Options
  ) throws(TextError) -> CharacterAlphabet {
    let table = table(spellings, isByteLevel: false)
    var unknown: Int32?
    if let token = options.unknownToken {
      unknown = table.find(Array(token.utf8).span)
      guard unknown != nil else {
        throw TextError("tokenizer.json: model.unk_token \"\(token)\" is not in the vocabulary")
      }
    }
    return CharacterAlphabet(
      table, fallsBackToBytes: options.fallsBackToBytes, unknown: unknown,
      fusesUnknown: options.fusesUnknown)
  }

  private static func table(_ spellings: [String], isByteLevel: Bool) -> VocabularyTable {
    var table = VocabularyTable(minimumCapacity: spellings.count)
    for (id, spelling) in spellings.enumerated() {
      if !isByteLevel {
        table.add(Array(spelling.utf8), id)
      } else if ByteAlphabet.isSpelt(spelling) {
        table.add(ByteAlphabet.bytes(of: spelling), id)
      }
    }
    return table
  }
}
