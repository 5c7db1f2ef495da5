import Text

/// A response by its code points, with what Python's regular expressions ask of them.
struct ResponseText {
  let scalars: [Unicode.Scalar]

  init(_ text: String) { scalars = Array(text.unicodeScalars) }
  init(_ scalars: some Sequence<Unicode.Scalar>) { self.scalars = Array(scalars) }

  var text: String { String(String.UnicodeScalarView(scalars)) }
  var isBlank: Bool { scalars.allSatisfy(\.isPythonSpace) }

  /// `str.strip()`, or of the given characters.
  func stripped(_ goes: (Unicode.Scalar) -> Bool = \.isPythonSpace) -> ResponseText {
    let start = scalars.firstIndex { !goes($0) } ?? scalars.count
    let end = scalars.lastIndex { !goes($0) }.map { $0 + 1 } ?? start
    return ResponseText(scalars[start..<end])
  }

  /// Whether a text stands at a place.
  func holds(_ part: ResponseText, at place: Int) -> Bool {
    place + part.scalars.count <= scalars.count
      && scalars[place..<place + part.scalars.count].elementsEqual(part.scalars)
  }

  /// Where a text occurs, from the left, without overlap.
  func places(of part: ResponseText) -> [Int] {
    guard !part.scalars.isEmpty else { return [] }
    var (found, place): ([Int], Int) = ([], 0)
    while place + part.scalars.count <= scalars.count {
      if holds(part, at: place) {
        found.append(place)
        place += part.scalars.count
      } else {
        place += 1
      }
    }
    return found
  }

  func contains(_ part: String) -> Bool {
    part.isEmpty || !places(of: ResponseText(part)).isEmpty
  }

  /// What lies between the occurrences of a text.
  func parts(between separator: String) -> [ResponseText] {
    var (parts, start): ([ResponseText], Int) = ([], 0)
    let separator = ResponseText(separator)
    for place in places(of: separator) {
      parts.append(ResponseText(scalars[start..<place]))
      start = place + separator.scalars.count
    }
    return parts + [ResponseText(scalars[start...])]
  }

  /// A place after a white space, if one is there (`\s?`).
  func afterSpace(_ place: Int) -> Int {
    place < scalars.count && scalars[place].isPythonSpace ? place + 1 : place
  }

  /// Runs of `\w+`.
  var wordCount: Int {
    var (count, isInside) = (0, false)
    for scalar in scalars {
      if scalar.isPythonWord && !isInside { count += 1 }
      isInside = scalar.isPythonWord
    }
    return count
  }

  /// Whether a text occurs as a whole word (`\bTEXT\b`).
  func containsWord(_ word: String) -> Bool {
    let part = ResponseText(word)
    func isWord(_ place: Int) -> Bool {
      scalars.indices.contains(place) && scalars[place].isPythonWord
    }
    return scalars.indices.contains { place in
      let end = place + part.scalars.count
      return !part.scalars.isEmpty && holds(part, at: place) && isWord(place - 1) != isWord(place)
        && isWord(end - 1) != isWord(end)
    }
  }

  /// Whether there is a letter, and none of the other case (`isupper`, `islower`).
  func isAll(upper: Bool) -> Bool {
    var isThere = false
    for scalar in scalars {
      let category = scalar.properties.generalCategory
      if category == .titlecaseLetter { return false }
      if category == (upper ? .lowercaseLetter : .uppercaseLetter) { return false }
      if category == (upper ? .uppercaseLetter : .lowercaseLetter) { isThere = true }
    }
    return isThere
  }

  /// Starts of lines.
  var lineStarts: [Int] {
    [0] + scalars.indices.filter { scalars[$0] == "\n" }.map { $0 + 1 }
  }

  /// The end of the line that a place is in.
  func lineEnd(_ place: Int) -> Int {
    scalars[min(place, scalars.count)...].firstIndex(of: "\n") ?? scalars.count
  }
}

extension Unicode.Scalar {
  /// `\w`: letters, numbers and `_`.
  var isPythonWord: Bool {
    if self == "_" { return true }
    return switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber:
      true
    default: false
    }
  }
}
