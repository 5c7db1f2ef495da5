/// The words of a text as spaCy's blank English pipeline cuts them, which datatrove's filters count
/// (`split_into_words`): the same tokens for every text, tested against spaCy 3.8. A token is a
/// stretch of the text.
package struct WordTokenizer: Sendable {
  private let cutter = AffixCutter(usesSpecials: true)
  private let sequences = SpecialSequences.shared

  package init() {}

  /// The tokens that are no white space: datatrove's words.
  package func words(_ text: PythonText) -> [Range<Int>] {
    let scalars = text.scalars.span
    return tokens(text).filter { !PythonText.isSpace(scalars[$0.lowerBound]) }
  }

  /// All tokens, white space other than a single space between two others included.
  package func tokens(_ text: PythonText) -> [Range<Int>] {
    let scalars = text.scalars.span
    var tokens: [Range<Int>] = []
    tokens.reserveCapacity(scalars.count / 4)
    cutter.cut(scalars, 0..<scalars.count, into: &tokens)
    return sequences.applied(to: tokens, in: scalars)
  }

  /// How many sentences spaCy's sentencizer finds: one begins after a period or its like, at the
  /// next token that is no punctuation. A text without tokens counts as one, as in datatrove.
  package func sentenceCount(_ text: PythonText) -> Int {
    let (scalars, table) = (text.scalars.span, CharacterTable.shared)
    var (count, hasEnded) = (1, false)
    for token in tokens(text) {
      let isEnd = token.count == 1 && table.has(scalars[token.lowerBound], .sentenceEnd)
      if hasEnded, !isEnd, !token.allSatisfy({ table.has(scalars[$0], .punctuation) }) {
        count += 1
        hasEnded = false
      } else if isEnd {
        hasEnded = true
      }
    }
    return count
  }
}
