package import ContentStore

/// An instruction whose keeping a program can see: those of IFEval (Zhou et al. 2023), by its names and
/// arguments, checked as lm-evaluation-harness 0.4.13 does (`tasks/ifeval/instructions.py`).
package enum Instruction: Hashable, Sendable {
  /// Fewer than a number, or at least it.
  package struct Bound: Hashable, Sendable {
    var isLess: Bool
    var number: Int

    func holds(_ count: Int) -> Bool { isLess ? count < number : count >= number }
  }

  case keywords([String])
  case keywordCount(String, Bound)
  case forbidden([String])
  case letterCount(String, Bound)
  case paragraphs(Int)
  case words(Bound)
  case paragraphBegins(paragraphs: Int, place: Int, word: String)
  case placeholders(Int)
  case postscript(String)
  case bullets(Int)
  case oneOfThree
  case highlights(Int)
  case sections(String, Int)
  case json
  case title
  case twoResponses
  case repeatsPrompt(String)
  case ends(String)
  /// The language itself is not checked, where the harness asks langdetect whether it is English.
  case capitals
  case smallLetters
  case noComma
  case quotation

  /// Instructions of IFEval that need a language detector or NLTK's models, which are not here.
  package static let unsupported: Set<String> = [
    "language:response_language", "length_constraints:number_sentences",
    "change_case:capital_word_frequency",
  ]

  /// By IFEval's name, such as `length_constraints:number_words`, and arguments.
  package init(id: String, arguments: [String: JSON]) throws(QuestionError) {
    let reader = Arguments(id: id, members: arguments)
    switch id {
    case "keywords:existence": self = .keywords(try reader.texts("keywords"))
    case "keywords:frequency":
      self = .keywordCount(
        try reader.text("keyword").pythonStripped(), try reader.bound("frequency", "relation"))
    case "keywords:forbidden_words": self = .forbidden(try reader.texts("forbidden_words"))
    case "keywords:letter_frequency":
      self = .letterCount(
        try reader.text("letter").lowercased(),
        try reader.bound("let_frequency", "let_relation"))
    case "length_constraints:number_paragraphs":
      self = .paragraphs(try reader.integer("num_paragraphs"))
    case "length_constraints:number_words":
      self = .words(try reader.bound("num_words", "relation"))
    case "length_constraints:nth_paragraph_first_word":
      self = .paragraphBegins(
        paragraphs: try reader.integer("num_paragraphs"),
        place: try reader.integer("nth_paragraph"),
        word: try reader.text("first_word").lowercased())
    case "detectable_content:number_placeholders":
      self = .placeholders(try reader.integer("num_placeholders"))
    case "detectable_content:postscript":
      self = .postscript(try reader.text("postscript_marker").pythonStripped())
    case "detectable_format:number_bullet_lists":
      self = .bullets(try reader.integer("num_bullets"))
    default: self = try Self.other(id, reader)
    }
  }

  private static func other(
    _ id: String, _ reader: Arguments
  ) throws(QuestionError) -> Instruction {
    switch id {
    case "detectable_format:constrained_response": return .oneOfThree
    case "detectable_format:number_highlighted_sections":
      return .highlights(try reader.integer("num_highlights"))
    case "detectable_format:multiple_sections":
      return .sections(
        try reader.text("section_spliter").pythonStripped(), try reader.integer("num_sections"))
    case "detectable_format:json_format": return .json
    case "detectable_format:title": return .title
    case "combination:two_responses": return .twoResponses
    case "combination:repeat_prompt": return .repeatsPrompt(try reader.text("prompt_to_repeat"))
    case "startend:end_checker": return .ends(try reader.text("end_phrase"))
    case "startend:quotation": return .quotation
    case "change_case:english_capital": return .capitals
    case "change_case:english_lowercase": return .smallLetters
    case "punctuation:no_comma": return .noComma
    default: throw QuestionError("there is no instruction \"\(id)\"")
    }
  }

  /// Reads an instruction's arguments.
  private struct Arguments {
    let id: String
    let members: [String: JSON]

    func integer(_ name: String) throws(QuestionError) -> Int {
      guard let value = members[name]?.intValue else { throw missing(name, "integer") }
      return value
    }

    func text(_ name: String) throws(QuestionError) -> String {
      guard let value = members[name]?.stringValue else { throw missing(name, "text") }
      return value
    }

    func texts(_ name: String) throws(QuestionError) -> [String] {
      guard let list = members[name]?.arrayValue, !list.isEmpty else {
        throw missing(name, "list")
      }
      let texts = list.compactMap(\.stringValue)
      guard texts.count == list.count else { throw missing(name, "list of texts") }
      return texts
    }

    func bound(_ number: String, _ relation: String) throws(QuestionError) -> Bound {
      let word = try text(relation)
      guard ["less than", "at least"].contains(word) else {
        throw QuestionError(
          "\(id): \(relation) is \"\(word)\", expected \"less than\" or \"at least\"")
      }
      return Bound(isLess: word == "less than", number: try integer(number))
    }

    private func missing(_ name: String, _ kind: String) -> QuestionError {
      QuestionError("\(id): the argument \"\(name)\" is missing or no \(kind)")
    }
  }
}
