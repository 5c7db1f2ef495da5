/// How text is cut into pieces before merging; no merge crosses a piece's edge.
package enum SplitPattern: String, CaseIterable, Sendable {
  /// GPT-2's: English contractions, letters, numbers, others, each with one leading space.
  case gpt2
  /// Llama-3's: numbers of at most three digits, line breaks with what precedes them.
  case llama3
  /// Qwen2's: Llama-3's with single digits, on text normalised to NFC.
  case qwen2
  /// SmolLM's: every digit alone, and what lies between digits by GPT-2's.
  case smollm
}

/// A token that is cut out of the text whole, before anything else happens to it.
package struct AddedToken: Hashable, Sendable {
  package var id: Int
  package var content: String
  /// Left out by `decode(_:skipSpecial:)`, as `<|endoftext|>` is.
  package var isSpecial: Bool

  package init(id: Int, content: String, isSpecial: Bool = true) {
    self.id = id
    self.content = content
    self.isSpecial = isSpecial
  }
}

/// Byte-level byte pair encoding (Sennrich et al. 2016; Radford et al. 2019), as Hugging Face
/// `tokenizers` does it. Immutable, so one tokenizer serves many threads.
package struct Tokenizer: Sendable {
  package let pattern: SplitPattern
  /// Tokens cut out of the text whole, by id.
  package let addedTokens: [AddedToken]
  /// Spellings of the model's own tokens, by id. An added token may be among them.
  let spellings: [String]
  /// Pairs of ids in the order they merge, and what each makes.
  let merges: [Merge]
  /// Whether a piece that is a token is taken whole, without merging (Llama-3).
  let ignoresMerges: Bool

  let mergeTable: MergeTable
  let specials: SpecialMatcher
  /// The token of each single byte; −1 for a byte that is left out of the text.
  let byteTokens: [Int32]
  /// The model's tokens by their bytes; empty unless `ignoresMerges`.
  let wholePieces: ByteTable
  /// The bytes of each id, joined, and where each ends.
  private let tokenBytes: [UInt8]
  private let tokenEnds: [Int]
  private let isSpecial: [Bool]

  struct Merge: Hashable, Sendable {
    var left: Int32
    var right: Int32
    var result: Int32
  }

  /// Fails when a byte has no token: then some text could not be encoded. SmolLM's vocabulary was
  /// published without some control bytes and rare lead bytes, which `tokenizers` leaves out of texts;
  /// so do we.
  init(
    pattern: SplitPattern, spellings: [String], merges: [Merge], addedTokens: [AddedToken],
    ignoresMerges: Bool = false
  ) throws(TextError) {
    self.pattern = pattern
    self.spellings = spellings
    self.merges = merges
    self.addedTokens = addedTokens.sorted { $0.id < $1.id }
    self.ignoresMerges = ignoresMerges
    mergeTable = MergeTable(merges)
    specials = SpecialMatcher(addedTokens)

    var bytes = spellings.map(ByteAlphabet.bytes)
    byteTokens = try Self.byteTokens(spellings, isStrict: pattern != .smollm)
    wholePieces = ignoresMerges ? Self.table(bytes) : ByteTable()
    let size = max(spellings.count, (addedTokens.map(\.id).max() ?? -1) + 1)
    bytes += Array(repeating: [], count: size - bytes.count)
    var special = Array(repeating: false, count: size)
    for token in addedTokens {
      bytes[token.id] = Array(token.content.utf8)
      special[token.id] = token.isSpecial
    }
    isSpecial = special
    tokenBytes = bytes.flatMap(\.self)
    tokenEnds = bytes.reduce(into: []) { $0.append(($0.last ?? 0) + $1.count) }
  }

  private static func byteTokens(
    _ spellings: [String], isStrict: Bool
  ) throws(TextError) -> [Int32] {
    var result = [Int32](repeating: -1, count: 256)
    for (id, spelling) in spellings.enumerated() where spelling.unicodeScalars.count == 1 {
      let bytes = ByteAlphabet.bytes(of: spelling)
      if bytes.count == 1, ByteAlphabet.spell(bytes) == spelling {
        result[Int(bytes[0])] = Int32(id)
      }
    }
    let needed = isStrict ? 0..<256 : 0x20..<0x7F
    if let missing = result[needed].firstIndex(of: -1) {
      throw TextError("the tokenizer has no token for byte \(missing), so it is not byte-level")
    }
    return result
  }

  private static func table(_ keys: [[UInt8]]) -> ByteTable {
    var table = ByteTable(minimumCapacity: keys.count)
    for key in keys { _ = table.insert(key) }
    return table
  }

  /// One more than the highest id: the number of rows an embedding needs.
  package var vocabularySize: Int { tokenEnds.count }

  /// How many merges there are.
  package var mergeCount: Int { merges.count }

  /// The id of an added token such as `<|endoftext|>`.
  package func id(ofAdded content: String) -> Int? {
    addedTokens.first { $0.content.utf8.elementsEqual(content.utf8) }?.id
  }

  /// A text's token ids. With `parsingSpecial` false, `<|endoftext|>` in the text is plain text.
  package func encode(_ text: String, parsingSpecial: Bool = true) -> [Int] {
    var encoder = Encoder(self, parsingSpecial: parsingSpecial)
    return encoder.encode(text).map(Int.init)
  }

  /// The text of some ids: their bytes joined, invalid UTF-8 replaced by U+FFFD. Unknown ids give
  /// nothing.
  package func decode(_ ids: some Sequence<Int>, skipSpecial: Bool = false) -> String {
    String(decoding: bytes(of: ids, skipSpecial: skipSpecial), as: UTF8.self)
  }

  /// The bytes of some ids joined, for text that may end inside a character.
  package func bytes(of ids: some Sequence<Int>, skipSpecial: Bool = false) -> [UInt8] {
    var result: [UInt8] = []
    for id in ids where tokenEnds.indices.contains(id) && !(skipSpecial && isSpecial[id]) {
      result += tokenBytes[(id == 0 ? 0 : tokenEnds[id - 1])..<tokenEnds[id]]
    }
    return result
  }
}
