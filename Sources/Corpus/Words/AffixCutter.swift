/// Cuts a text at white space and each stretch between at its affixes (spaCy's `_tokenize_affixes`).
struct AffixCutter: Sendable {
  /// Whether special cases are cut as their list says.
  let usesSpecials: Bool
  private let specials = SpecialCaseTable.shared
  private let affixes = AffixRules.shared

  init(usesSpecials: Bool) { self.usesSpecials = usesSpecials }

  /// Cuts at white space, then at affixes (`_tokenize_affixes`).
  func cut(
    _ text: Span<UInt32>, _ range: Range<Int>, into tokens: inout [Range<Int>]
  ) {
    var (start, position) = (range.lowerBound, range.lowerBound)
    guard position < range.upperBound else { return }
    var isSpace = PythonText.isSpace(text[position])
    while position < range.upperBound {
      if PythonText.isSpace(text[position]) != isSpace {
        if start < position { add(text, start..<position, isSpace, &tokens) }
        start = text[position] == 0x20 ? position + 1 : position
        isSpace.toggle()
      }
      position += 1
    }
    if start < position { add(text, start..<position, isSpace, &tokens) }
  }

  private func add(
    _ text: Span<UInt32>, _ range: Range<Int>, _ isSpace: Bool,
    _ tokens: inout [Range<Int>]
  ) {
    if isSpace { return tokens.append(range) }
    if usesSpecials, specials.append(text, range, to: &tokens) { return }
    if Self.isPlain(text, range) { return tokens.append(range) }
    addAffixed(text, range, &tokens)
  }

  /// Whether ASCII letters are all there is, which no rule splits.
  private static func isPlain(_ text: Span<UInt32>, _ range: Range<Int>) -> Bool {
    for index in range where (text[index] | 0x20) &- 0x61 >= 26 { return false }
    return true
  }

  /// `_split_affixes` and `_attach_tokens`.
  private func addAffixed(
    _ text: Span<UInt32>, _ range: Range<Int>, _ tokens: inout [Range<Int>]
  ) {
    var rest = range
    var suffixes: [Range<Int>] = []
    while !rest.isEmpty {
      if usesSpecials, specials.contains(text, rest) { break }
      let prefix = affixes.prefixLength(text, rest)
      let afterPrefix = rest.lowerBound + prefix..<rest.upperBound
      if prefix > 0, usesSpecials, specials.contains(text, afterPrefix) {
        tokens.append(rest.lowerBound..<afterPrefix.lowerBound)
        rest = afterPrefix
        break
      }
      let suffix = affixes.suffixLength(text, afterPrefix)
      let beforeSuffix = rest.lowerBound..<rest.upperBound - suffix
      if suffix > 0, usesSpecials, specials.contains(text, beforeSuffix) {
        suffixes.append(beforeSuffix.upperBound..<rest.upperBound)
        rest = beforeSuffix
        break
      }
      if prefix == 0, suffix == 0 { break }
      if prefix > 0 { tokens.append(rest.lowerBound..<afterPrefix.lowerBound) }
      if suffix > 0 { suffixes.append(beforeSuffix.upperBound..<rest.upperBound) }
      rest = afterPrefix.lowerBound..<beforeSuffix.upperBound
    }
    if !rest.isEmpty { addStem(text, rest, &tokens) }
    for suffix in suffixes.reversed() { tokens.append(suffix) }
  }

  /// What affixes left over.
  private func addStem(
    _ text: Span<UInt32>, _ range: Range<Int>, _ tokens: inout [Range<Int>]
  ) {
    if usesSpecials, specials.append(text, range, to: &tokens) { return }
    if AddressPattern.matches(text, range) { return tokens.append(range) }
    var (start, position) = (range.lowerBound, range.lowerBound)
    while let infix = affixes.nextInfix(text, range, from: position) {
      position = infix.upperBound
      if infix.lowerBound == range.lowerBound { continue }
      if infix.lowerBound != start { tokens.append(start..<infix.lowerBound) }
      tokens.append(infix)
      start = infix.upperBound
    }
    if start < range.upperBound { tokens.append(start..<range.upperBound) }
  }
}
