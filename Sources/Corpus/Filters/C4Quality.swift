/// C4's rules (Raffel et al. 2020) as datatrove's `C4QualityFilter` has them: lines are dropped, and the
/// text rewritten; a few things drop the document. The order of the rules is part of them.
package struct C4Quality: DocumentRule {
  package static let name = "c4"

  package var removesCitations = true
  package var needsTerminalPunctuation = true
  /// Sentences in all lines that stay; -1 for no bound, here and below.
  package var minimumSentences = 5
  package var minimumWordsPerLine = 3
  package var maximumWordLength = 1000
  package var dropsLoremIpsum = true
  package var dropsJavaScript = true
  package var dropsCurlyBrackets = true
  package var dropsPolicies = true
  private let phrases = Phrases()
  private let tokenizer = WordTokenizer()

  package init() {}

  /// What is looked for in lines, in lower case.
  private struct Phrases: Sendable {
    let lorem = PythonText("lorem ipsum").scalars
    let script = PythonText("javascript").scalars
    let policies = [
      "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies",
      "use cookies",
    ].map { PythonText($0).scalars }
  }

  private enum Fate {
    case kept(PythonText, sentences: Int)
    case dropped(String)
    case dropsDocument(String)
  }

  package func judge(_ draft: inout Draft) -> String? {
    var (kept, sentences): ([UInt32], Int) = ([], 0)
    var isFirst = true
    for line in draft.lines() {
      switch fate(PythonText(scalars: Array(draft.text.scalars[draft.text.stripped(line)]))) {
      case .dropsDocument(let reason): return reason
      case .dropped(let reason): draft.count("c4/line-\(reason)")
      case .kept(let line, let count):
        if !isFirst { kept.append(0x0A) }
        isFirst = false
        kept += line.scalars
        sentences += count
      }
    }
    if sentences < minimumSentences { return "too_few_sentences" }
    let text = PythonText(scalars: kept)
    draft.rewrite(PythonText(scalars: Array(text.scalars[text.stripped(text.scalars.indices)])))
    return nil
  }

  private func fate(_ line: PythonText) -> Fate {
    let words = line.fields(in: line.scalars.indices)
    if maximumWordLength >= 0, words.contains(where: { $0.count > maximumWordLength }) {
      return .dropped("too_long_word")
    }
    let line = removesCitations ? Self.withoutCitations(line) : line
    if needsTerminalPunctuation, !Self.isTerminated(line) { return .dropped("no_terminal_punc") }
    if words.count < minimumWordsPerLine { return .dropped("too_few_words") }
    return phraseFate(line)
  }

  private func phraseFate(_ line: PythonText) -> Fate {
    let lower = line.lowercased()
    if dropsLoremIpsum, lower.firstIndex(of: phrases.lorem, from: 0) != nil {
      return .dropsDocument("lorem_ipsum")
    }
    if dropsJavaScript, lower.firstIndex(of: phrases.script, from: 0) != nil {
      return .dropped("javascript")
    }
    if dropsCurlyBrackets, line.scalars.contains(0x7B) { return .dropsDocument("curly_bracket") }
    if dropsPolicies, phrases.policies.contains(where: { lower.firstIndex(of: $0, from: 0) != nil })
    {
      return .dropped("policy")
    }
    return .kept(line, sentences: minimumSentences >= 0 ? tokenizer.sentenceCount(line) : 0)
  }

  private static func isTerminated(_ line: PythonText) -> Bool {
    guard let last = line.scalars.last, [0x2E, 0x3F, 0x21, 0x22, 0x27].contains(last) else {
      return false
    }
    return !line.ends(line.scalars.indices, with: [0x2E, 0x2E, 0x2E])
  }

  private static let marks = ["[edit]", "[citation needed]"].map { PythonText($0).scalars }

  /// Without `[1]`, `[]`, `[edit]` and `[citation needed]`.
  private static func withoutCitations(_ line: PythonText) -> PythonText {
    guard line.scalars.contains(0x5B) else { return line }
    var (result, position): ([UInt32], Int) = ([], 0)
    while position < line.count {
      if let end = citationEnd(line, position) {
        position = end
      } else {
        result.append(line.scalars[position])
        position += 1
      }
    }
    return PythonText(scalars: result)
  }

  private static func citationEnd(_ line: PythonText, _ start: Int) -> Int? {
    guard line.scalars[start] == 0x5B else { return nil }
    var end = start + 1
    while end < line.count, CharacterTable.shared.has(line.scalars[end], .decimal) { end += 1 }
    if end < line.count, line.scalars[end] == 0x5D { return end + 1 }
    for mark in marks where line.ends(start..<min(line.count, start + mark.count), with: mark) {
      return start + mark.count
    }
    return nil
  }
}

/// mC4's rule (`C4ParagraphFilter`): at least so many lines, the three longest of which are long.
package struct C4Paragraphs: DocumentRule {
  package static let name = "c4-paragraphs"

  package var minimumParagraphs = 3
  /// Characters.
  package var minimumLength = 200

  package init() {}

  package func judge(_ draft: inout Draft) -> String? {
    let lengths = draft.text.split(at: 0x0A).map(\.count).sorted(by: >)
    let isLong = lengths.prefix(3).allSatisfy { $0 >= minimumLength }
    return lengths.count < minimumParagraphs || !isLong ? "< \(minimumParagraphs) paragraphs" : nil
  }
}
