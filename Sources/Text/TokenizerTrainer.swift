/// Learns merges from text by the rule of Hugging Face `tokenizers` (`BpeTrainer`): the most frequent
/// pair of neighbours merges next; of equals, the one with the smallest (left id, right id). Ids:
/// special tokens first, then the alphabet, then merges.
package struct TokenizerTrainer: Sendable {
  /// How text becomes the symbols that merge.
  package enum Form: Hashable, Sendable {
    /// Pieces of a pattern as bytes, in the order of their characters.
    case byteLevel(SplitPattern)
    /// Words with ▁ for spaces as characters, and bytes for those that are left out.
    case sentencePiece(SentencePieceForm)
  }

  /// How many tokens there are to be at most, special tokens and the alphabet included.
  package let vocabularySize: Int
  package let form: Form
  package let specialTokens: [String]
  /// A pair seen fewer times does not merge.
  package let minimumFrequency: Int

  private var pieces = ByteTable()
  private var counts: [Int] = []
  private var textBytes = 0

  package init(
    vocabularySize: Int, form: Form, specialTokens: [String] = ["<|endoftext|>"],
    minimumFrequency: Int = 2
  ) {
    self.vocabularySize = vocabularySize
    self.form = form
    self.specialTokens = specialTokens
    self.minimumFrequency = minimumFrequency
  }

  package init(
    vocabularySize: Int, pattern: SplitPattern, specialTokens: [String] = ["<|endoftext|>"],
    minimumFrequency: Int = 2
  ) {
    self.init(
      vocabularySize: vocabularySize, form: .byteLevel(pattern), specialTokens: specialTokens,
      minimumFrequency: minimumFrequency)
  }

  /// How many different pieces were seen.
  package var pieceCount: Int { pieces.count }

  /// Counts a text's pieces. As in `tokenizers`, special tokens in it are text like any other.
  package mutating func add(_ text: String) {
    var text = text
    text.makeContiguousUTF8()
    switch form {
    case .byteLevel(let pattern):
      if pattern.normalizes, Normalizer.nfc.mayChange(text.utf8.span) {
        add(Normalizer.nfc.apply(Array(text.utf8)).span, cutBy: pattern)
      } else {
        add(text.utf8.span, cutBy: pattern)
      }
    case .sentencePiece(let form):
      textBytes += text.utf8.count
      form.metaspace.forEachPiece(of: text.utf8.span, isFirst: true) { count($0, 1) }
    }
  }

  private mutating func add(_ bytes: Span<UInt8>, cutBy pattern: SplitPattern) {
    textBytes += bytes.count
    var start = 0
    while start < bytes.count {
      let end = pattern.pieceEnd(in: bytes, from: start)
      count(bytes.extracting(start..<end), 1)
      start = end
    }
  }

  /// Adds what another trainer counted, so that texts can be shared out among threads.
  package mutating func add(countsOf other: TokenizerTrainer) {
    textBytes += other.textBytes
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
    switch form {
    case .byteLevel(let pattern): try trainBytes(pattern, progress)
    case .sentencePiece(let form): try trainCharacters(form, progress)
    }
  }

  private func trainBytes(
    _ pattern: SplitPattern, _ progress: (Int) throws -> Void
  ) throws -> Tokenizer {
    let specials = specialTokens.map { Array($0.utf8) }
    let bytes = ByteAlphabet.sortedBytes
    let alphabet = bytes.map { Array(ByteAlphabet.spell([$0]).utf8) }
    var learner = MergeLearner(specials + alphabet, reserved: 0, vocabularySize, minimumFrequency)
    var ids = [Int32](repeating: 0, count: 256)
    for (byte, spelling) in zip(bytes, alphabet) { ids[Int(byte)] = learner.id(of: spelling) }
    // In an order of their own, so that the order of the texts cannot matter.
    let order = (0..<pieces.count).sorted { pieces[$0].lexicographicallyPrecedes(pieces[$1]) }
    for index in order {
      learner.add(word: pieces[index].map { ids[Int($0)] }, count: counts[index])
    }
    try learner.learn(progress: progress)
    return try Tokenizer(
      pattern: pattern, spellings: learner.spellings, merges: learner.distinctMerges,
      addedTokens: addedTokens(learner))
  }

  private func trainCharacters(
    _ form: SentencePieceForm, _ progress: (Int) throws -> Void
  ) throws -> Tokenizer {
    var characters = CharacterCounts()
    for index in 0..<pieces.count { characters.add(pieces[index], counts[index]) }
    let alphabet = characters.alphabet(covering: form.coverage)
    let specials = specialTokens.map { Array($0.utf8) }
    let fixed = specials + CharacterAlphabet.byteSpellings
    guard fixed.count + alphabet.count <= vocabularySize else {
      throw TextError(
        "\(vocabularySize) tokens have no room for the text's alphabet of \(alphabet.count) characters "
          + "beside 256 bytes and \(specials.count) special tokens; lower the coverage or allow more"
      )
    }
    var learner = MergeLearner(
      fixed + alphabet, reserved: fixed.count, vocabularySize, minimumFrequency)
    var words = CharacterWords(alphabet.map { ($0, learner.id(of: $0)) })
    for index in 0..<pieces.count { words.add(pieces[index], counts[index]) }
    words.forEach { learner.add(word: $0, count: $1) }
    try learner.learn(progress: progress)
    return try Tokenizer(
      form: form, spellings: learner.spellings, merges: learner.distinctMerges,
      addedTokens: addedTokens(learner))
  }

  private func addedTokens(_ learner: MergeLearner) -> [AddedToken] {
    var added: [AddedToken] = []
    for token in specialTokens where !added.contains(where: { $0.content == token }) {
      added.append(AddedToken(id: Int(learner.id(of: Array(token.utf8))), content: token))
    }
    return added
  }

  /// How many bytes of the texts added make a token, on average; 0 without any text.
  package func bytesPerToken(_ tokenizer: Tokenizer) -> Double {
    var merger = PieceMerger(tokenizer)
    var tokens = 0
    for index in 0..<pieces.count {
      var ids: [Int32] = []
      merger.encode(Array(pieces[index]).span, into: &ids)
      tokens += ids.count * counts[index]
    }
    return tokens == 0 ? 0 : Double(textBytes) / Double(tokens)
  }
}
