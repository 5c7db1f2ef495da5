/// Finds added tokens in a text: the leftmost, and of those the longest.
struct SpecialMatcher: Sendable {
  private struct Candidate: Sendable {
    var bytes: [UInt8]
    var id: Int32
  }

  /// By first byte; longest first.
  private var candidates: [[Candidate]] = Array(repeating: [], count: 256)
  private let isEmpty: Bool

  init(_ tokens: [AddedToken]) {
    isEmpty = tokens.isEmpty
    for token in tokens {
      let bytes = Array(token.content.utf8)
      candidates[Int(bytes[0])].append(Candidate(bytes: bytes, id: Int32(token.id)))
    }
    for index in candidates.indices {
      candidates[index].sort { ($0.bytes.count, $1.id) > ($1.bytes.count, $0.id) }
    }
  }

  /// The next added token at or after an offset.
  func next(in text: Span<UInt8>, from start: Int) -> (range: Range<Int>, id: Int32)? {
    if isEmpty { return nil }
    for offset in start..<text.count {
      let byte = Int(text[offset])
      if candidates[byte].isEmpty { continue }
      if let found = candidates[byte].first(where: { Self.matches($0.bytes, text, offset) }) {
        return (offset..<offset + found.bytes.count, found.id)
      }
    }
    return nil
  }

  private static func matches(_ bytes: [UInt8], _ text: Span<UInt8>, _ start: Int) -> Bool {
    guard text.count - start >= bytes.count else { return false }
    return bytes.indices.allSatisfy { text[start + $0] == bytes[$0] }
  }
}
