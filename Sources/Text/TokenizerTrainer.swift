/// Learns merges from text by the rule of Hugging Face `tokenizers` (`BpeTrainer`): the most frequent
/// pair of neighbours merges next; of equals, the one with the smallest (left id, right id). Ids:
/// special tokens first, then the 256 bytes in the order of their characters, then merges.
package struct TokenizerTrainer: Sendable {
  /// How many tokens there are to be at most, special tokens and bytes included.
  package let vocabularySize: Int
  package let pattern: SplitPattern
  package let specialTokens: [String]
  /// A pair seen fewer times does not merge.
  package let minimumFrequency: Int

  private var pieces = ByteTable()
  private var counts: [Int] = []

  package init(
    vocabularySize: Int, pattern: SplitPattern, specialTokens: [String] = ["<|endoftext|>"],
    minimumFrequency: Int = 2
  ) {
    self.vocabularySize = vocabularySize
    self.pattern = pattern
    self.specialTokens = specialTokens
    self.minimumFrequency = minimumFrequency
  }

  /// How many different pieces were seen.
  package var pieceCount: Int { pieces.count }

  /// Counts a text's pieces. As in `tokenizers`, special tokens in it are text like any other.
  package mutating func add(_ text: String) {
    var text = text
    text.makeContiguousUTF8()
    if pattern.normalizes, Normalizer.nfc.mayChange(text.utf8.span) {
      return add(normalized: Normalizer.nfc.apply(Array(text.utf8)).span)
    }
    add(normalized: text.utf8.span)
  }

  private mutating func add(normalized bytes: Span<UInt8>) {
    var start = 0
    while start < bytes.count {
      let end = pattern.pieceEnd(in: bytes, from: start)
      count(bytes.extracting(start..<end), 1)
      start = end
    }
  }

  /// Adds what another trainer counted, so that texts can be shared out among threads.
  package mutating func add(countsOf other: TokenizerTrainer) {
    for index in 0..<other.pieces.count {
      count(Array(other.pieces[index]).span, other.counts[index])
    }
  }

  private mutating func count(_ piece: Span<UInt8>, _ times: Int) {
    let (index, isNew) = pieces.insert(piece)
    if isNew { counts.append(0) }
    counts[index] += times
  }

  /// The tokenizer learnt from all texts added. `progress` is told how many of the tokens there are,
  /// now and then; what it throws ends the training.
  package func train(progress: (Int) throws -> Void = { _ in }) throws -> Tokenizer {
    var learner = MergeLearner(specialTokens, vocabularySize, minimumFrequency)
    // In an order of their own, so that the order of the texts cannot matter.
    let order = (0..<pieces.count).sorted { pieces[$0].lexicographicallyPrecedes(pieces[$1]) }
    for index in order { learner.add(word: pieces[index], count: counts[index]) }
    try learner.learn(progress: progress)
    var added: [AddedToken] = []
    for token in specialTokens where !added.contains(where: { $0.content == token }) {
      added.append(AddedToken(id: learner.id(of: token)!, content: token))
    }
    return try Tokenizer(
      pattern: pattern, spellings: learner.spellings, merges: learner.distinctMerges,
      addedTokens: added)
  }

  /// How many bytes of the texts added make a token, on average; 0 without any text.
  package func bytesPerToken(_ tokenizer: Tokenizer) -> Double {
    var merger = PieceMerger(tokenizer)
    var (bytes, tokens) = (0, 0)
    for index in 0..<pieces.count {
      var ids: [Int32] = []
      merger.encode(Array(pieces[index]).span, into: &ids)
      bytes += pieces[index].count * counts[index]
      tokens += ids.count * counts[index]
    }
    return tokens == 0 ? 0 : Double(bytes) / Double(tokens)
  }
}
