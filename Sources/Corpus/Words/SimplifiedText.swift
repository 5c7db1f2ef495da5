extension PythonText {
  /// datatrove's `simplify_text`: lower case; numbers become 0; punctuation becomes spaces; runs of white
  /// space one space; canonical decomposition without nonspacing marks; in that order.
  package func simplified() -> PythonText {
    let table = CharacterTable.shared
    let spaced = lowercased().withoutNumbers().spaced()
    var result: [UInt32] = []
    result.reserveCapacity(spaced.count)
    for scalar in spaced.scalars {
      if scalar < 0x80 {
        result.append(scalar)
      } else if let parts = table.decomposition(scalar) {
        result += parts
      } else {
        result.append(scalar)
      }
    }
    let text = PythonText(scalars: result)
    return PythonText(scalars: Array(result[text.stripped(result.indices)]))
  }

  /// `\p{Nd}+([.,،٫⎖⎗⎘]\p{Nd}+)?` becomes `0`.
  private func withoutNumbers() -> PythonText {
    let (scalars, table) = (scalars.span, CharacterTable.shared)
    func isDigit(_ index: Int) -> Bool {
      guard index < scalars.count else { return false }
      let scalar = scalars[index]
      return scalar < 0x80 ? scalar &- 0x30 < 10 : table.has(scalar, .decimal)
    }
    var (result, position): ([UInt32], Int) = ([], 0)
    result.reserveCapacity(scalars.count)
    while position < scalars.count {
      guard isDigit(position) else {
        result.append(scalars[position])
        position += 1
        continue
      }
      result.append(0x30)
      while isDigit(position) { position += 1 }
      guard position < scalars.count, Self.isDecimalSign(scalars[position]), isDigit(position + 1)
      else { continue }
      position += 1
      while isDigit(position) { position += 1 }
    }
    return PythonText(scalars: result)
  }

  private static func isDecimalSign(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x2E, 0x2C, 0x60C, 0x66B, 0x2396...0x2398: true
    default: false
    }
  }

  /// Punctuation as spaces, runs of white space as one space, none at the ends.
  private func spaced() -> PythonText {
    let table = CharacterTable.shared
    var (result, isPending): ([UInt32], Bool) = ([], false)
    result.reserveCapacity(scalars.count)
    for scalar in scalars {
      if scalar | 0x20 &- 0x61 < 26 {
        if isPending { result.append(0x20) }
        isPending = false
        result.append(scalar)
      } else if table.has(scalar, [.blanked, .space]) {
        isPending = !result.isEmpty
      } else {
        if isPending { result.append(0x20) }
        isPending = false
        result.append(scalar)
      }
    }
    return PythonText(scalars: result)
  }
}

/// The simplified words of a text one after the other with spaces between, in UTF-8, so that an n-gram
/// is a stretch of bytes: what datatrove hashes for MinHash and for decontamination.
package struct SimplifiedWords: Sendable {
  package private(set) var bytes: [UInt8] = []
  /// Where each word stands in the bytes.
  package private(set) var words: [Range<Int>] = []

  package init(_ text: PythonText) {
    let simple = text.simplified()
    let words = WordTokenizer().words(simple)
    bytes.reserveCapacity(simple.count + words.count)
    self.words.reserveCapacity(words.count)
    for word in words {
      if !bytes.isEmpty { bytes.append(0x20) }
      let start = bytes.count
      simple.appendUTF8(word, to: &bytes)
      self.words.append(start..<bytes.count)
    }
  }

  package init(_ text: String) { self.init(PythonText(text)) }

  /// How many n-grams there are.
  package func count(ofLength length: Int) -> Int { max(0, words.count - length + 1) }

  /// The hash of the n-gram that begins at a word.
  package func hash(_ first: Int, _ length: Int) -> UInt64 {
    XXHash64.hash(bytes.span, words[first].lowerBound..<words[first + length - 1].upperBound)
  }

  /// The words' hashes, in order.
  package var hashes: [UInt64] { words.map { XXHash64.hash(bytes.span, $0) } }

  /// The n-gram as text.
  package func text(_ first: Int, _ length: Int) -> String {
    let range = words[first].lowerBound..<words[first + length - 1].upperBound
    return String(decoding: bytes[range], as: UTF8.self)
  }
}
