import ContentStore

extension Instruction {
  /// Whether a response keeps the instruction. One that says nothing keeps none.
  package func isKept(by response: String) -> Bool {
    let text = ResponseText(response)
    return !text.isBlank && isKept(by: text)
  }

  /// Whether any of IFEval's eight readings of a response keeps it: without its first or last line, or
  /// both, and without asterisks (`test_instruction_following_loose`).
  package func isKeptLoosely(by response: String) -> Bool {
    let lines = ResponseText(response).parts(between: "\n").map(\.text)
    func joined(_ lines: ArraySlice<String>) -> String {
      lines.joined(separator: "\n").pythonStripped()
    }
    let readings = [
      response, joined(lines.dropFirst()), joined(lines.dropLast()),
      joined(lines.dropFirst().dropLast()),
    ]
    return readings.contains { isKept(by: $0) }
      || readings.contains { reading in
        isKept(by: String(String.UnicodeScalarView(reading.unicodeScalars.filter { $0 != "*" })))
      }
  }

  private func isKept(by text: ResponseText) -> Bool {
    let small = ResponseText(text.text.lowercased())
    switch self {
    case .keywords(let words): return words.allSatisfy { small.contains($0.lowercased()) }
    case .keywordCount(let word, let bound):
      return bound.holds(small.places(of: ResponseText(word.lowercased())).count)
    case .forbidden(let words): return !words.contains { small.containsWord($0.lowercased()) }
    case .letterCount(let letter, let bound):
      return bound.holds(small.places(of: ResponseText(letter)).count)
    case .words(let bound): return bound.holds(text.wordCount)
    case .postscript(let marker): return Self.hasPostscript(small, marker)
    case .oneOfThree:
      return ["yes", "no", "maybe"].contains { text.contains("My answer is \($0).") }
    case .json: return Self.isJSON(text)
    case .repeatsPrompt(let prompt):
      return small.stripped().holds(ResponseText(prompt.lowercased()).stripped(), at: 0)
    case .ends(let phrase): return Self.ends(small, ResponseText(phrase.lowercased()).stripped())
    case .capitals: return text.isAll(upper: true)
    case .smallLetters: return text.isAll(upper: false)
    case .noComma: return !text.contains(",")
    case .quotation:
      let inner = text.stripped().scalars
      return inner.count > 1 && inner.first == "\"" && inner.last == "\""
    default: return isKeptInShape(by: text)
    }
  }

  /// Instructions on paragraphs, lists and marks.
  private func isKeptInShape(by text: ResponseText) -> Bool {
    switch self {
    case .paragraphs(let count): return Self.hasParagraphs(text, count)
    case .paragraphBegins(let count, let place, let word):
      return Self.begins(text, paragraphs: count, place: place, word: word)
    case .placeholders(let least): return Self.placeholders(text) >= least
    case .bullets(let count): return Self.bullets(text) == count
    case .highlights(let least): return Self.highlights(text) >= least
    case .sections(let splitter, let least): return Self.sections(text, splitter) >= least
    case .title: return Self.hasTitle(text)
    case .twoResponses: return Self.hasTwoResponses(text)
    default: return false
    }
  }

  private static func hasPostscript(_ small: ResponseText, _ marker: String) -> Bool {
    /// Pieces with at most one white space between them.
    func holds(_ pieces: [String]) -> Bool {
      small.scalars.indices.contains { start in
        var place = start
        for (index, piece) in pieces.enumerated() {
          let part = ResponseText(piece)
          if index > 0, !small.holds(part, at: place) { place = small.afterSpace(place) }
          guard small.holds(part, at: place) else { return false }
          place += part.scalars.count
        }
        return true
      }
    }
    switch marker {
    case "P.P.S": return holds(["p.", "p.", "s"])
    case "P.S.": return holds(["p.", "s."])
    default: return small.contains(marker.lowercased())
    }
  }

  private static func isJSON(_ text: ResponseText) -> Bool {
    var inner = text.stripped()
    for fence in ["```json", "```Json", "```JSON", "```"] {
      let part = ResponseText(fence)
      if inner.holds(part, at: 0) {
        inner = ResponseText(inner.scalars.dropFirst(part.scalars.count))
      }
    }
    let fence = ResponseText("```")
    if inner.scalars.count >= 3, inner.holds(fence, at: inner.scalars.count - 3) {
      inner = ResponseText(inner.scalars.dropLast(3))
    }
    return (try? JSON(parsing: Array(inner.stripped().text.utf8))) != nil
  }

  private static func ends(_ small: ResponseText, _ phrase: ResponseText) -> Bool {
    let inner = small.stripped().stripped { $0 == "\"" }
    let start = inner.scalars.count - phrase.scalars.count
    return start >= 0 && inner.holds(phrase, at: start)
  }

  /// Paragraphs between lines of `***` (`\s?\*\*\*\s?`).
  private static func hasParagraphs(_ text: ResponseText, _ wanted: Int) -> Bool {
    let divider = ResponseText("***")
    var (parts, start, place): ([ResponseText], Int, Int) = ([], 0, 0)
    while place < text.scalars.count {
      let mark = text.holds(divider, at: text.afterSpace(place)) ? text.afterSpace(place) : place
      guard text.holds(divider, at: mark) else {
        place += 1
        continue
      }
      parts.append(ResponseText(text.scalars[start..<place]))
      place = text.afterSpace(mark + 3)
      start = place
    }
    parts.append(ResponseText(text.scalars[start...]))
    let empty = parts.indices.filter { parts[$0].isBlank }
    guard empty.allSatisfy({ $0 == 0 || $0 == parts.count - 1 }) else { return false }
    return parts.count - empty.count == wanted
  }

  private static func begins(
    _ text: ResponseText, paragraphs wanted: Int, place: Int, word: String
  ) -> Bool {
    let paragraphs = text.parts(between: "\n\n")
    let count = paragraphs.count { !$0.isBlank }
    guard place >= 1, place <= count, !paragraphs[place - 1].isBlank else { return false }
    let first = paragraphs[place - 1].stripped().scalars.prefix { !$0.isPythonSpace }
    let begun = first.drop { $0 == "'" }.drop { $0 == "\"" }
    let letters = begun.prefix { !".,?!'\"".unicodeScalars.contains($0) }
    return count == wanted
      && ResponseText(letters).text.lowercased().utf8.elementsEqual(word.utf8)
  }

  /// `\[.*?\]`.
  private static func placeholders(_ text: ResponseText) -> Int {
    var (count, place) = (0, 0)
    while let start = text.scalars[place...].firstIndex(of: "[") {
      place = start + 1
      guard let end = text.scalars[start...].firstIndex(where: { $0 == "]" || $0 == "\n" }),
        text.scalars[end] == "]"
      else { continue }
      count += 1
      place = end + 1
    }
    return count
  }

  /// `^\s*\*[^\*].*$` and `^\s*-.*$`, over lines.
  private static func bullets(_ text: ResponseText) -> Int {
    func count(_ mark: Unicode.Scalar, notTwice: Bool) -> Int {
      var (count, from) = (0, 0)
      for start in text.lineStarts where start >= from {
        var place = start
        while place < text.scalars.count, text.scalars[place].isPythonSpace { place += 1 }
        guard place < text.scalars.count, text.scalars[place] == mark else { continue }
        if notTwice {
          place += 1
          guard place < text.scalars.count, text.scalars[place] != mark else { continue }
        }
        count += 1
        from = text.lineEnd(place + 1)
      }
      return count
    }
    return count("*", notTwice: true) + count("-", notTwice: false)
  }

  /// `\*[^\n\*]*\*` and `\*\*[^\n\*]*\*\*` with something in them.
  private static func highlights(_ text: ResponseText) -> Int {
    func count(_ mark: ResponseText) -> Int {
      var (count, place) = (0, 0)
      let width = mark.scalars.count
      while place + 2 * width <= text.scalars.count {
        guard text.holds(mark, at: place) else {
          place += 1
          continue
        }
        let inner = text.scalars[(place + width)...].prefix { $0 != "*" && $0 != "\n" }
        guard text.holds(mark, at: inner.endIndex) else {
          place += 1
          continue
        }
        if !ResponseText(inner).isBlank { count += 1 }
        place = inner.endIndex + width
      }
      return count
    }
    return count(ResponseText("*")) + count(ResponseText("**"))
  }

  /// `\s?SPLITTER\s?\d+\s?`.
  private static func sections(_ text: ResponseText, _ splitter: String) -> Int {
    let part = ResponseText(splitter)
    var (count, place) = (0, 0)
    while place < text.scalars.count {
      guard text.holds(part, at: place) else {
        place += 1
        continue
      }
      let number = text.afterSpace(place + part.scalars.count)
      let digits = text.scalars[number...].prefix { $0.properties.numericType == .decimal }
      guard !digits.isEmpty else {
        place += 1
        continue
      }
      count += 1
      place = digits.endIndex
    }
    return count
  }

  /// `<<[^\n]+>>` with something in it.
  private static func hasTitle(_ text: ResponseText) -> Bool {
    let (open, close) = (ResponseText("<<"), ResponseText(">>"))
    return text.parts(between: "\n").contains { line in
      guard let start = line.scalars.indices.first(where: { line.holds(open, at: $0) }),
        let end = line.scalars.indices.last(where: { line.holds(close, at: $0) }), end >= start + 3
      else { return false }
      return !ResponseText(line.scalars[start..<end + 2].drop { $0 == "<" })
        .stripped { $0 == ">" }.isBlank
    }
  }

  private static func hasTwoResponses(_ text: ResponseText) -> Bool {
    let parts = text.parts(between: "******")
    let empty = parts.indices.filter { parts[$0].isBlank }
    guard empty.allSatisfy({ $0 == 0 || $0 == parts.count - 1 }) else { return false }
    let valid = parts.filter { !$0.isBlank }.map { $0.stripped().scalars }
    return valid.count == 2 && valid[0] != valid[1]
  }
}
