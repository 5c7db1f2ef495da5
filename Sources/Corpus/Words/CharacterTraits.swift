/// What Python, datatrove and spaCy can say of a scalar (see `CharacterTables`).
struct CharacterTraits: OptionSet, Sendable {
  let rawValue: UInt32

  /// Python's `str.isspace`.
  static let space = CharacterTraits(rawValue: 1 << 0)
  /// Python's `str.isalpha`.
  static let alphabetic = CharacterTraits(rawValue: 1 << 1)
  /// Python's `str.isalnum`.
  static let alphanumeric = CharacterTraits(rawValue: 1 << 2)
  /// General category Nd.
  static let decimal = CharacterTraits(rawValue: 1 << 3)
  /// General category Mn.
  static let nonspacingMark = CharacterTraits(rawValue: 1 << 4)
  /// General categories P….
  static let punctuation = CharacterTraits(rawValue: 1 << 5)
  /// datatrove's `PUNCTUATION_SET`: a word of these alone is no word to Gopher's rules.
  static let symbol = CharacterTraits(rawValue: 1 << 6)
  /// datatrove's `PUNCTUATION`: becomes a space in simplified text.
  static let blanked = CharacterTraits(rawValue: 1 << 7)
  /// datatrove's `TERMINAL_PUNCTUATION`.
  static let terminal = CharacterTraits(rawValue: 1 << 8)
  /// A token of this scalar may end a sentence (spaCy's sentencizer).
  static let sentenceEnd = CharacterTraits(rawValue: 1 << 9)
  /// Split from the beginning of a word, whatever follows.
  static let prefix = CharacterTraits(rawValue: 1 << 10)
  /// Split from the end of a word, whatever stands before.
  static let suffix = CharacterTraits(rawValue: 1 << 11)
  /// Split out of the middle of a word: `…` and symbols such as emoji.
  static let icon = CharacterTraits(rawValue: 1 << 12)
  /// spaCy's `ALPHA`.
  static let letter = CharacterTraits(rawValue: 1 << 13)
  /// spaCy's `ALPHA_LOWER`, which holds letters without case too.
  static let lowerLetter = CharacterTraits(rawValue: 1 << 14)
  /// spaCy's `ALPHA_UPPER`, which holds letters without case too.
  static let upperLetter = CharacterTraits(rawValue: 1 << 15)
  /// spaCy's `CONCAT_QUOTES`.
  static let quote = CharacterTraits(rawValue: 1 << 16)
  /// A period after it is split from the end of a word.
  static let beforePeriod = CharacterTraits(rawValue: 1 << 17)
}

/// Traits, lower case and decomposition of every scalar, in pages of 256.
struct CharacterTable: Sendable {
  static let shared = CharacterTable()

  /// By the upper bits of a scalar; page 0 is empty.
  private var index = [Int32](repeating: 0, count: 0x1100)
  private var traits = [UInt32](repeating: 0, count: 256)
  /// What turns a scalar into its lower case, added.
  private var lower = [Int32](repeating: 0, count: 256)
  private var decomposed: [UInt32: [UInt32]] = [:]

  private init() {
    fill(CharacterTables.space, .space)
    fill(CharacterTables.alphabetic, .alphabetic)
    fill(CharacterTables.alphanumeric, .alphanumeric)
    fill(CharacterTables.decimal, .decimal)
    fill(CharacterTables.nonspacingMark, .nonspacingMark)
    fill(CharacterTables.punctuation, .punctuation)
    fill(CharacterTables.symbol, .symbol)
    fill(CharacterTables.blanked, .blanked)
    fill(CharacterTables.terminal, .terminal)
    fill(CharacterTables.sentenceEnd, .sentenceEnd)
    fill(CharacterTables.prefix, .prefix)
    fill(CharacterTables.suffix, .suffix)
    fill(CharacterTables.icon, .icon)
    fill(CharacterTables.letter, .letter)
    fill(CharacterTables.lowerLetter, .lowerLetter)
    fill(CharacterTables.upperLetter, .upperLetter)
    fill(CharacterTables.quote, .quote)
    fill(CharacterTables.beforePeriod, .beforePeriod)
    fillLowerCase()
    for item in CharacterTables.decompositions.split(separator: " ") {
      let sides = item.split(separator: "=", omittingEmptySubsequences: false)
      decomposed[Self.scalar(sides[0])] = sides[1].split(separator: "+").map(Self.scalar)
    }
  }

  private static func scalar(_ text: Substring) -> UInt32 { UInt32(text, radix: 16) ?? 0 }

  private static func range(_ text: Substring) -> ClosedRange<UInt32> {
    let ends = text.split(separator: "-").map(scalar)
    return ends[0]...ends[ends.count - 1]
  }

  /// The place of a scalar in the pages, made when there is none yet.
  private mutating func place(_ scalar: UInt32) -> Int {
    let page = Int(scalar >> 8)
    if index[page] == 0 {
      index[page] = Int32(traits.count / 256)
      traits += [UInt32](repeating: 0, count: 256)
      lower += [Int32](repeating: 0, count: 256)
    }
    return Int(index[page]) << 8 | Int(scalar & 0xFF)
  }

  private mutating func fill(_ list: String, _ value: CharacterTraits) {
    for item in list.split(separator: " ") {
      for scalar in Self.range(item) { traits[place(scalar)] |= value.rawValue }
    }
  }

  private mutating func fillLowerCase() {
    for item in CharacterTables.lowerCase.split(separator: " ") {
      guard let slash = item.firstIndex(of: "/"),
        let sign = item[slash...].firstIndex(where: { $0 == "+" || $0 == "-" }),
        let difference = Int32(item[sign...], radix: 16)
      else { continue }
      let range = Self.range(item[..<slash])
      let step = Int(Self.scalar(item[item.index(after: slash)..<sign]))
      for scalar in stride(from: range.lowerBound, through: range.upperBound, by: step) {
        lower[place(scalar)] = difference
      }
    }
  }

  /// What is known of a scalar.
  func traits(of scalar: UInt32) -> CharacterTraits {
    let page = Int(scalar >> 8)
    guard page < 0x1100 else { return [] }
    return CharacterTraits(rawValue: traits[Int(index[page]) << 8 | Int(scalar & 0xFF)])
  }

  func has(_ scalar: UInt32, _ wanted: CharacterTraits) -> Bool {
    traits(of: scalar).rawValue & wanted.rawValue != 0
  }

  /// The lower case, where it is one scalar.
  func simpleLowerCase(_ scalar: UInt32) -> UInt32 {
    let page = Int(scalar >> 8)
    guard page < 0x1100 else { return scalar }
    return UInt32(
      bitPattern: Int32(bitPattern: scalar) + lower[Int(index[page]) << 8 | Int(scalar & 0xFF)])
  }

  /// What is left of a scalar after canonical decomposition without nonspacing marks; nil when it
  /// is the scalar itself.
  func decomposition(_ scalar: UInt32) -> [UInt32]? {
    if (0xAC00...0xD7A3).contains(scalar) { return Self.jamo(scalar - 0xAC00) }
    if let known = decomposed[scalar] { return known }
    return has(scalar, .nonspacingMark) ? [] : nil
  }

  /// The Unicode Standard, section 3.12: a Hangul syllable's letters.
  private static func jamo(_ syllable: UInt32) -> [UInt32] {
    let tail = syllable % 28
    let pair = [0x1100 + syllable / 588, 0x1161 + syllable % 588 / 28]
    return tail == 0 ? pair : pair + [0x11A7 + tail]
  }
}
