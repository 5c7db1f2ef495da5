/// Byte pair encoding (Sennrich et al. 2016; Radford et al. 2019) as Hugging Face `tokenizers` does it:
/// on bytes, or on characters with bytes for those without a token (SentencePiece). Immutable, so one
/// tokenizer serves many threads.
package struct Tokenizer: Sendable {
  /// Tokens cut out of the text whole, by id.
  package let addedTokens: [AddedToken]
  /// What `tokenizer.json` says of everything but the model, as it is written back.
  let sections: TokenizerSections
  let model: BytePairModel

  let normalizers: [Normalizer]
  let preTokenizer: PreTokenizer
  let decoder: TokenDecoder
  /// The tokens put before and after every text when special tokens are asked for.
  package let prefixTokens: [Int]
  package let suffixTokens: [Int]

  let rawMatcher: AddedTokenMatcher
  let normalizedMatcher: AddedTokenMatcher
  /// What the decoder makes text of: for byte-level tokenizers each token's bytes, else its spelling.
  private let tokenBytes: [UInt8]
  private let tokenEnds: [Int]
  private let isSpecial: [Bool]

  struct Merge: Hashable, Sendable {
    var left: Int32
    var right: Int32
    var result: Int32
  }

  init(
    sections: TokenizerSections, model: BytePairModel, addedTokens: [AddedToken]
  ) throws(TextError) {
    self.sections = sections
    self.model = model
    self.addedTokens = addedTokens.sorted { $0.id < $1.id }
    normalizers = try sections.normalizers()
    preTokenizer = try sections.preTokenizer()
    decoder = try sections.decoder()
    (prefixTokens, suffixTokens) = try sections.template()
    let steps = normalizers
    rawMatcher = AddedTokenMatcher(addedTokens.filter { !$0.isNormalized }) {
      Array($0.content.utf8)
    }
    normalizedMatcher = AddedTokenMatcher(addedTokens.filter(\.isNormalized)) { token in
      steps.reduce(Array(token.content.utf8)) { $1.apply($0) }
    }
    // As in `tokenizers`, a token that is looked for in normalised text is shown in that form, and is
    // not left out as special when it differs.
    let shown = addedTokens.map { token in
      var shown = token
      if token.isNormalized {
        let content = steps.reduce(Array(token.content.utf8)) { $1.apply($0) }
        shown.content = String(decoding: content, as: UTF8.self)
        shown.isSpecial = token.isSpecial && content == Array(token.content.utf8)
      }
      return shown
    }
    let table = TokenTable(model.spellings, shown, isByteLevel: decoder == .byteLevel)
    (tokenBytes, tokenEnds, isSpecial) = (table.bytes, table.ends, table.isSpecial)
  }

  /// One more than the highest id: the number of rows an embedding needs.
  package var vocabularySize: Int { tokenEnds.count }

  /// How many merges there are.
  package var mergeCount: Int { model.merges.count }

  /// The id of an added token such as `<|endoftext|>`.
  package func id(ofAdded content: String) -> Int? {
    addedTokens.first { $0.content.utf8.elementsEqual(content.utf8) }?.id
  }

  /// A text's token ids.
  ///
  /// - Parameters:
  ///   - parsingSpecial: when false, `<|endoftext|>` in the text is plain text.
  ///   - addingSpecial: whether the tokens that the tokenizer puts around every text (`<s>` for
  ///     Llama) are added.
  package func encode(
    _ text: String, parsingSpecial: Bool = true, addingSpecial: Bool = false
  ) -> [Int] {
    var encoder = Encoder(self, parsingSpecial: parsingSpecial)
    let ids = encoder.encode(text).map(Int.init)
    return addingSpecial ? prefixTokens + ids + suffixTokens : ids
  }

  /// The text of some ids, invalid UTF-8 replaced by U+FFFD. Unknown ids give nothing.
  package func decode(_ ids: some Sequence<Int>, skipSpecial: Bool = false) -> String {
    String(decoding: bytes(of: ids, skipSpecial: skipSpecial), as: UTF8.self)
  }

  /// What some ids add to the text of the ids before them, special tokens left out: SentencePiece's
  /// tokenizers drop the space before a text's first word, but not between a prompt and what follows.
  package func continuation(_ ids: [Int], of prompt: [Int]) -> String {
    let before = bytes(of: prompt, skipSpecial: true)
    let whole = bytes(of: prompt + ids, skipSpecial: true)
    guard whole.starts(with: before) else { return decode(ids, skipSpecial: true) }
    return String(decoding: whole[before.count...], as: UTF8.self)
  }

  /// The bytes of some ids joined, for text that may end inside a character.
  package func bytes(of ids: some Sequence<Int>, skipSpecial: Bool = false) -> [UInt8] {
    let known = ids.filter { tokenEnds.indices.contains($0) && !(skipSpecial && isSpecial[$0]) }
    guard decoder == .byteLevel else { return decoder.text(known.map { Array(stored($0)) }) }
    return known.reduce(into: []) { $0 += stored($1) }
  }

  /// The first id that stands for other bytes in another tokenizer; nil where all that both have are alike.
  package func firstDifference(from other: Tokenizer) -> Int? {
    (0..<min(vocabularySize, other.vocabularySize)).first { stored($0) != other.stored($0) }
  }

  private func stored(_ id: Int) -> ArraySlice<UInt8> {
    tokenBytes[(id == 0 ? 0 : tokenEnds[id - 1])..<tokenEnds[id]]
  }
}

/// What each id stands for, one after another.
private struct TokenTable {
  var bytes: [UInt8] = []
  var ends: [Int] = []
  var isSpecial: [Bool]

  init(_ spellings: [String], _ added: [AddedToken], isByteLevel: Bool) {
    let size = max(spellings.count, (added.map(\.id).max() ?? -1) + 1)
    isSpecial = Array(repeating: false, count: size)
    var contents: [Int: String] = [:]
    for token in added {
      contents[token.id] = token.content
      isSpecial[token.id] = token.isSpecial
    }
    for id in 0..<size {
      let spelling = contents[id] ?? (id < spellings.count ? spellings[id] : "")
      // As in `tokenizers`, an added token too is read as spelt bytes where it can be.
      if isByteLevel { bytes += ByteAlphabet.bytes(of: spelling) } else { bytes += spelling.utf8 }
      ends.append(bytes.count)
    }
  }
}
