/// A token that is cut out of the text whole, before anything else happens to it.
package struct AddedToken: Hashable, Sendable {
  package var id: Int
  package var content: String
  /// Left out by `decode(_:skipSpecial:)`, as `<|endoftext|>` is.
  package var isSpecial: Bool
  /// Whether it counts only where no word goes on at either side.
  package var isSingleWord = false
  /// Whether white space before it, or after it, goes with it.
  package var stripsLeft = false
  package var stripsRight = false
  /// Whether it is looked for in the normalised text, itself normalised.
  package var isNormalized = false

  package init(id: Int, content: String, isSpecial: Bool = true) {
    self.id = id
    self.content = content
    self.isSpecial = isSpecial
  }
}

/// Finds added tokens in a text: the leftmost, and of those the longest (`find_matches` of
/// `tokenizers`, added_vocabulary.rs).
struct AddedTokenMatcher: Sendable {
  private struct Candidate: Sendable {
    var bytes: [UInt8]
    var token: AddedToken
  }

  /// By first byte; longest first.
  private var candidates: [[Candidate]] = Array(repeating: [], count: 256)
  private var begins: [Bool] = Array(repeating: false, count: 256)
  let isEmpty: Bool

  /// - Parameter spelling: what to look for in place of a token's content.
  init(_ tokens: [AddedToken], spelling: (AddedToken) -> [UInt8]) {
    isEmpty = tokens.isEmpty
    for token in tokens {
      let bytes = spelling(token)
      guard let first = bytes.first else { continue }
      begins[Int(first)] = true
      candidates[Int(first)].append(Candidate(bytes: bytes, token: token))
    }
    for index in candidates.indices {
      candidates[index].sort { ($0.bytes.count, $1.token.id) > ($1.bytes.count, $0.token.id) }
    }
  }

  /// Cuts a text into added tokens (with their ids) and what lies between.
  func split(
    _ text: Span<UInt8>, skippingSpecial: Bool, _ body: (Range<Int>, Int32?) -> Void
  ) {
    var (searched, done) = (0, 0)
    while !isEmpty, let (match, token) = next(in: text, from: searched) {
      searched = match.upperBound
      if skippingSpecial && token.isSpecial || token.isSingleWord && !Self.isWord(match, text) {
        continue
      }
      var (start, end) = (match.lowerBound, match.upperBound)
      if token.stripsLeft { start = max(Self.spaceStart(before: start, text), done) }
      if token.stripsRight { end = Self.spaceEnd(after: end, text) }
      if done < start { body(done..<start, nil) }
      body(start..<max(start, end), Int32(token.id))
      done = end
    }
    if done < text.count { body(done..<text.count, nil) }
  }

  private func next(
    in text: Span<UInt8>, from start: Int
  ) -> (range: Range<Int>, token: AddedToken)? {
    for offset in start..<max(start, text.count) {
      let byte = Int(text[offset])
      if !begins[byte] { continue }
      if let found = candidates[byte].first(where: { Self.matches($0.bytes, text, offset) }) {
        return (offset..<offset + found.bytes.count, found.token)
      }
    }
    return nil
  }

  private static func matches(_ bytes: [UInt8], _ text: Span<UInt8>, _ start: Int) -> Bool {
    guard text.count - start >= bytes.count else { return false }
    return bytes.indices.allSatisfy { text[start + $0] == bytes[$0] }
  }

  // MARK: What surrounds a match

  private static func isWord(_ match: Range<Int>, _ text: Span<UInt8>) -> Bool {
    let before = match.lowerBound == 0 ? nil : scalar(before: match.lowerBound, text)
    let after = match.upperBound == text.count ? nil : scalar(at: match.upperBound, text)
    return before.map(WordCharacter.contains) != true && after.map(WordCharacter.contains) != true
  }

  private static func scalar(at offset: Int, _ text: Span<UInt8>) -> UInt32 {
    let end = SplitPattern.scalar(text, offset).next
    let character = text.extracting(offset..<end).withUnsafeBufferPointer {
      String(decoding: $0, as: UTF8.self)
    }
    return character.unicodeScalars.first?.value ?? 0
  }

  private static func start(ofScalarBefore offset: Int, _ text: Span<UInt8>) -> Int {
    var start = offset - 1
    while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
    return start
  }

  private static func scalar(before offset: Int, _ text: Span<UInt8>) -> UInt32 {
    scalar(at: start(ofScalarBefore: offset, text), text)
  }

  private static func spaceStart(before offset: Int, _ text: Span<UInt8>) -> Int {
    var start = offset
    while start > 0, case let previous = Self.start(ofScalarBefore: start, text),
      SplitPattern.scalar(text, previous).0.isSpace
    {
      start = previous
    }
    return start
  }

  private static func spaceEnd(after offset: Int, _ text: Span<UInt8>) -> Int {
    var end = offset
    while end < text.count, case let (kind, next) = SplitPattern.scalar(text, end), kind.isSpace {
      end = next
    }
    return end
  }
}
