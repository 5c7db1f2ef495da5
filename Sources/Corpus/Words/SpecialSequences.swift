/// Special cases whose own text the affix rules cut, such as `:-)`: where their pieces come one after
/// the other, they are put together again (spaCy's `_apply_special_cases`).
struct SpecialSequences: Sendable {
  static let shared = SpecialSequences()

  private let specials = SpecialCaseTable.shared
  /// Numbers of the pieces' texts.
  private var pieces = ScalarTable(capacity: 1 << 12)
  /// A trie: where each piece leads from each node.
  private var steps: [Int64: Int32] = [:]
  private var isEnd: [Bool] = [false]

  private init() {
    let cutter = AffixCutter(usesSpecials: false)
    for text in specials.texts where Self.isCut(text.span) {
      var tokens: [Range<Int>] = []
      cutter.cut(text.span, text.indices, into: &tokens)
      add(tokens.map { Array(text[$0]) })
    }
  }

  private static func isCut(_ text: Span<UInt32>) -> Bool {
    let (rules, range) = (AffixRules.shared, 0..<text.count)
    return rules.prefixLength(text, range) > 0 || rules.suffixLength(text, range) > 0
      || rules.nextInfix(text, range, from: 0) != nil
  }

  private mutating func add(_ tokens: [[UInt32]]) {
    var node: Int32 = 0
    for token in tokens {
      let key = Self.key(node, pieces.add(token))
      if let next = steps[key] {
        node = next
      } else {
        node = Int32(isEnd.count)
        isEnd.append(false)
        steps[key] = node
      }
    }
    isEnd[Int(node)] = true
  }

  private static func key(_ node: Int32, _ piece: Int) -> Int64 {
    Int64(node) << 32 | Int64(piece)
  }

  /// The tokens with every sequence that is a special case cut as that says.
  func applied(to tokens: [Range<Int>], in text: Span<UInt32>) -> [Range<Int>] {
    let spans = filtered(matches(tokens, text))
    if spans.isEmpty { return tokens }
    var result: [Range<Int>] = []
    var position = 0
    for span in spans {
      result += tokens[position..<span.lowerBound]
      let whole = tokens[span.lowerBound].lowerBound..<tokens[span.upperBound - 1].upperBound
      if !isSeamless(tokens[span]) || !specials.append(text, whole, to: &result) {
        result += tokens[span]
      }
      position = span.upperBound
    }
    return result + tokens[position...]
  }

  private func isSeamless(_ tokens: ArraySlice<Range<Int>>) -> Bool {
    zip(tokens, tokens.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound }
  }

  /// Every stretch of tokens that spells a case.
  private func matches(_ tokens: [Range<Int>], _ text: Span<UInt32>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    // Every case begins with a piece, and few tokens are one.
    for (start, token) in tokens.enumerated() {
      guard let first = pieces.find(text, token), var node = steps[Self.key(0, first)] else {
        continue
      }
      var position = start + 1
      while true {
        if isEnd[Int(node)] { found.append(start..<position) }
        guard position < tokens.count, let piece = pieces.find(text, tokens[position]),
          let next = steps[Self.key(node, piece)]
        else { break }
        (node, position) = (next, position + 1)
      }
    }
    return found
  }

  /// The longest, and among equals the first, of those that overlap; spans that lost bar others
  /// too, as in spaCy.
  private func filtered(_ spans: [Range<Int>]) -> [Range<Int>] {
    if spans.count < 2 { return spans }
    let ordered = spans.sorted { ($1.count, $0.lowerBound) < ($0.count, $1.lowerBound) }
    var (seen, kept): (Set<Int>, [Range<Int>]) = ([], [])
    for span in ordered {
      if !seen.contains(span.lowerBound), !seen.contains(span.upperBound - 1) { kept.append(span) }
      seen.formUnion(span)
    }
    return kept.sorted { $0.lowerBound < $1.lowerBound }
  }
}
