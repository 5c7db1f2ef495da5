// Tokenizers in the forms in which GPT-2 and tiktoken publish them.

extension Tokenizer {
  /// GPT-2's `encoder.json` (id by spelling) and `vocab.bpe` (a version line, then a merge a line).
  /// Tokens that neither are a byte nor are made by a merge, such as `<|endoftext|>`, are special.
  package init(gpt2Encoder encoder: [UInt8], merges: [UInt8]) throws(TextError) {
    let vocabulary = try OrderedJSON(parsing: encoder, file: "encoder.json").members ?? []
    var spellings = [String?](repeating: nil, count: vocabulary.count)
    for (spelling, id) in vocabulary {
      guard let id = id.intValue, spellings.indices.contains(id), spellings[id] == nil else {
        throw TextError("encoder.json: the ids are not 0 to \(vocabulary.count - 1)")
      }
      spellings[id] = spelling
    }
    let found = spellings.map { $0! }
    let made = try Self.merges(merges, found)
    var isPlain = found.map { $0.unicodeScalars.count == 1 }
    for merge in made { isPlain[Int(merge.result)] = true }
    let added = found.indices.filter { !isPlain[$0] }.map { AddedToken(id: $0, content: found[$0]) }
    try self.init(pattern: .gpt2, spellings: found, merges: made, addedTokens: added)
  }

  private static func merges(
    _ bytes: [UInt8], _ spellings: [String]
  ) throws(TextError) -> [Merge] {
    let finder = MergeFinder(spellings)
    var result: [Merge] = []
    for (index, line) in bytes.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
      let line = line.last == 13 ? line.dropLast() : line
      if line.isEmpty || index == 0 && line.starts(with: Array("#version".utf8)) { continue }
      guard let text = String(validating: line, as: UTF8.self),
        let (left, right) = MergeFinder.pair(text), let merge = finder.merge(left, right)
      else { throw TextError("vocab.bpe, line \(index + 1): not a pair of tokens of encoder.json") }
      result.append(merge)
    }
    return result
  }

  /// A `.tiktoken` file: on each line a token's bytes in Base64 and its rank, which is its id. Whole
  /// pieces are looked up first, as tiktoken does; merges are the pair that each token was made of.
  ///
  /// - Parameters:
  ///   - normalizes: whether text becomes NFC first (Qwen's own code does that, tiktoken does not).
  ///   - specialTokens: their ids follow the last rank.
  package init(
    tiktoken bytes: [UInt8], file: String, pattern: SplitPattern, normalizes: Bool,
    specialTokens: [String]
  ) throws(TextError) {
    let ranks = try TiktokenRanks(bytes, file: file)
    let added = specialTokens.enumerated().map {
      AddedToken(id: ranks.tokens.count + $0, content: $1)
    }
    try self.init(
      pattern: pattern, normalizes: normalizes, spellings: ranks.tokens.map(ByteAlphabet.spell),
      merges: try ranks.merges(), addedTokens: added, ignoresMerges: true)
  }
}

/// Tokens by rank.
struct TiktokenRanks {
  let file: String
  private(set) var tokens: [[UInt8]]
  private var table: VocabularyTable

  init(_ bytes: [UInt8], file: String) throws(TextError) {
    self.file = file
    var tokens: [[UInt8]] = []
    for (index, line) in bytes.split(separator: 10).enumerated() {
      let parts = line.split { $0 == 0x20 || $0 == 0x0D }
      guard parts.count == 2, let token = Base64.decode(parts[0]), !token.isEmpty,
        Int(String(decoding: parts[1], as: UTF8.self)) == index
      else {
        throw TextError(
          "\(file), line \(index + 1): not a token in Base64 and the rank \(index)")
      }
      tokens.append(token)
    }
    table = VocabularyTable(minimumCapacity: tokens.count)
    for (id, token) in tokens.enumerated() { table.add(token, id) }
    self.tokens = tokens
  }

  private func rank(_ bytes: ArraySlice<UInt8>) -> Int? {
    bytes.span.withUnsafeBufferPointer { table.find($0.span) }.map(Int.init)
  }

  /// For every token of several bytes the two tokens that merging by lower ranks leaves of it. A token
  /// that merging cannot make has no merge: it is found as a whole piece only.
  func merges() throws(TextError) -> [Tokenizer.Merge] {
    var result: [Tokenizer.Merge] = []
    for (id, token) in tokens.enumerated() where token.count > 1 {
      let parts = parts(of: token, below: id)
      guard parts.count == 2, let left = rank(parts[0]), let right = rank(parts[1]) else {
        continue
      }
      result.append(
        Tokenizer.Merge(left: Int32(left), right: Int32(right), result: Int32(id)))
    }
    return result
  }

  private func parts(of token: [UInt8], below limit: Int) -> [ArraySlice<UInt8>] {
    var parts = token.indices.map { token[$0...$0] }
    while parts.count > 1 {
      var best: (rank: Int, index: Int)?
      for index in 0..<parts.count - 1 {
        let joined = token[parts[index].startIndex..<parts[index + 1].endIndex]
        if let rank = rank(joined), rank < min(limit, best?.rank ?? .max) { best = (rank, index) }
      }
      guard let (_, index) = best else { break }
      parts[index] = token[parts[index].startIndex..<parts[index + 1].endIndex]
      parts.remove(at: index + 1)
    }
    return parts
  }
}

/// Base64 (RFC 4648, §4), padded.
enum Base64 {
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (value, character) in alphabet.utf8.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  /// Nil when the text is no Base64.
  static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var digits = text
    while digits.last == UInt8(ascii: "="), text.count - digits.count < 2 { digits.removeLast() }
    guard text.count % 4 == 0, digits.count % 4 != 1 else { return nil }
    var result: [UInt8] = []
    var (word, bits) = (UInt32(0), 0)
    for digit in digits {
      let value = values[Int(digit)]
      if value == 0xFF { return nil }
      (word, bits) = (word << 6 | UInt32(value), bits + 6)
      if bits >= 8 {
        bits -= 8
        result.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
      }
    }
    return result
  }
}
