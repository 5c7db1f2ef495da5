import ContentStore
import Corpus
import Pipeline

/// The rules of the op `filter`, as experiment files name them.
enum FilterRule: String, CaseIterable {
  case gopherQuality = "gopher-quality"
  case gopherRepetition = "gopher-repetition"
  case c4
  case c4Paragraphs = "c4-paragraphs"
  case fineweb
  case ngramCoverage = "ngram-coverage"
  case dirtyWords = "dirty-words"
  case tokenDistribution = "token-distribution"
  case length
  case script
  case language
  case personalData = "personal-data"
  case classifier
  case perplexity

  /// Reads one element of `rules`. When only listing fields, those of every rule are listed.
  static func read(
    from reader: inout ParameterReader
  ) throws(ParameterError) -> any DocumentRule {
    let rule: FilterRule = try reader.choice("rule", "Which rule this is.")
    var result = try rule.settings(&reader)
    if reader.isListing {
      for other in allCases where other != rule { result = try other.settings(&reader) }
    }
    return result
  }

  private func settings(
    _ reader: inout ParameterReader
  ) throws(ParameterError) -> any DocumentRule {
    switch self {
    case .gopherQuality: try GopherQuality(from: &reader)
    case .gopherRepetition: try GopherRepetition(from: &reader)
    case .c4: try C4Quality(from: &reader)
    case .c4Paragraphs: try C4Paragraphs(from: &reader)
    case .fineweb: try FineWebQuality(from: &reader)
    case .ngramCoverage: try RepeatedGrams(from: &reader)
    case .dirtyWords: try DirtyWords(from: &reader)
    case .tokenDistribution: try TokenDistribution(from: &reader)
    case .length: try LengthRule(from: &reader)
    case .script: try ScriptRule(from: &reader)
    case .language: try LanguageRule(from: &reader)
    case .personalData: try PersonalData(from: &reader)
    case .classifier: try ClassifierRule(from: &reader)
    case .perplexity: try PerplexityRule(from: &reader)
    }
  }
}

extension GopherQuality {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    self.init()
    let about = "gopher-quality"
    minimumWords = try reader.integer(
      "minWords", default: minimumWords,
      "\(about): the fewest words; 0 for no bound, here and below.")
    maximumWords = try reader.integer(
      "maxWords", default: maximumWords, "\(about): the most words.")
    minimumWordLength = try reader.number(
      "minWordLength", default: minimumWordLength, in: 0...1e6, unit: "characters",
      "\(about): the least mean length of words.")
    maximumWordLength = try reader.number(
      "maxWordLength", default: maximumWordLength, in: 0...1e6, unit: "characters",
      "\(about): the greatest mean length of words.")
    maximumSymbolRatio = try reader.number(
      "maxSymbolRatio", default: maximumSymbolRatio, in: 0...1e6,
      "\(about): the most # a word, and the most ellipses a word.")
    maximumBulletLines = try reader.number(
      "maxBulletLines", default: maximumBulletLines, in: 0...1,
      "\(about): the greatest share of lines that begin with a bullet or a hyphen.")
    maximumEllipsisLines = try reader.number(
      "maxEllipsisLines", default: maximumEllipsisLines, in: 0...1,
      "\(about): the greatest share of lines that end with an ellipsis.")
    minimumAlphabeticWords = try reader.number(
      "minAlphabeticWords", default: minimumAlphabeticWords, in: 0...1,
      "\(about): the least share of words with a letter.")
    minimumStopWords = try reader.integer(
      "minStopWords", default: minimumStopWords,
      "\(about): how many different stop words must occur.")
    stopWords = try reader.strings("stopWords", default: stopWords, "\(about): the stop words.")
  }
}

extension GopherRepetition {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    self.init()
    let about = "gopher-repetition"
    maximumLines = try reader.number(
      "maxDuplicateLines", default: maximumLines, in: 0...1,
      "\(about): the greatest share of lines that occurred before; 0 for no bound, here and below.")
    maximumParagraphs = try reader.number(
      "maxDuplicateParagraphs", default: maximumParagraphs, in: 0...1,
      "\(about): the greatest share of paragraphs that occurred before.")
    maximumLineCharacters = try reader.number(
      "maxDuplicateLineCharacters", default: maximumLineCharacters, in: 0...1,
      "\(about): the greatest share of characters in such lines.")
    maximumParagraphCharacters = try reader.number(
      "maxDuplicateParagraphCharacters", default: maximumParagraphCharacters, in: 0...1,
      "\(about): the greatest share of characters in such paragraphs.")
    top = Self.bounds(
      try reader.numbers(
        "topGrams", default: top.map(\.share), in: 0...1,
        "\(about): the greatest share of characters in the most frequent 2-gram, 3-gram, and so on."
      ),
      from: 2)
    repeated = Self.bounds(
      try reader.numbers(
        "duplicateGrams", default: repeated.map(\.share), in: 0...1,
        "\(about): the greatest share of characters in 5-grams, 6-grams, and so on that occurred "
          + "before."), from: 5)
  }

  private static func bounds(_ shares: [Double], from length: Int) -> [Bound] {
    shares.enumerated().filter { $0.element > 0 }
      .map { Bound(length: $0.offset + length, share: $0.element) }
  }
}

extension C4Quality {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    self.init()
    removesCitations = try reader.boolean(
      "removeCitations", default: true, "c4: whether [1], [edit] and [citation needed] are cut out."
    )
    needsTerminalPunctuation = try reader.boolean(
      "terminalPunctuation", default: true, "c4: whether lines that end in none of . ? ! \" ' go.")
    minimumSentences = try reader.integer(
      "minSentences", default: minimumSentences, in: -1...1 << 40,
      "c4: the fewest sentences in the lines that stay; -1 for no bound, here and below.")
    minimumWordsPerLine = try reader.integer(
      "minWordsPerLine", default: minimumWordsPerLine, in: -1...1 << 40,
      "c4: lines with fewer words go.")
    maximumWordLength = try reader.integer(
      "maxWordCharacters", default: maximumWordLength, in: -1...1 << 40,
      "c4: lines with a longer word go.")
    dropsLoremIpsum = try reader.boolean(
      "dropLoremIpsum", default: true, "c4: whether a document with lorem ipsum goes.")
    dropsJavaScript = try reader.boolean(
      "dropJavaScript", default: true, "c4: whether lines that name JavaScript go.")
    dropsCurlyBrackets = try reader.boolean(
      "dropCurlyBrackets", default: true, "c4: whether a document with { goes.")
    dropsPolicies = try reader.boolean(
      "dropPolicies", default: true, "c4: whether lines about cookies, privacy and terms of use go."
    )
  }
}

extension C4Paragraphs {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    self.init()
    minimumParagraphs = try reader.integer(
      "minParagraphs", default: minimumParagraphs, "c4-paragraphs: the fewest lines.")
    minimumLength = try reader.integer(
      "minParagraphCharacters", default: minimumLength, unit: "characters",
      "c4-paragraphs: how long the three longest lines must be.")
  }
}

extension FineWebQuality {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    self.init()
    minimumTerminatedLines = try reader.number(
      "minTerminatedLines", default: minimumTerminatedLines, in: 0...1,
      "fineweb: the least share of lines that end in terminal punctuation.")
    allowsUnterminated = try reader.boolean(
      "allowUnterminated", default: false, "fineweb: whether a text without any such line passes.")
    maximumShortLines = try reader.number(
      "maxShortLines", default: maximumShortLines, in: 0...1,
      "fineweb: the greatest share of short lines.")
    shortLineLength = try reader.integer(
      "shortLine", default: shortLineLength, unit: "characters",
      "fineweb: the greatest length of a short line.")
    maximumRepeatedCharacters = try reader.number(
      "maxDuplicateCharacters", default: maximumRepeatedCharacters, in: 0...1,
      "fineweb: the greatest share of characters in lines that occurred before.")
    maximumLineFeeds = try reader.number(
      "maxLineFeeds", default: maximumLineFeeds, in: 0...1e6, "fineweb: the most line feeds a word."
    )
  }
}

extension RepeatedGrams {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    self.init()
    unit = try reader.choice(
      "unit", default: unit, "ngram-coverage: whether lines or whole documents are judged and go.")
    length = try reader.integer(
      "gram", default: length, in: 1...100, unit: "words", "ngram-coverage: the length of n-grams.")
    maximumCoverage = try reader.number(
      "maxCoverage", default: maximumCoverage, in: 0...1,
      "ngram-coverage: the greatest share of words in n-grams that occur more than once.")
    minimumWords = try reader.integer(
      "coverageFrom", default: minimumWords, unit: "words",
      "ngram-coverage: lines or documents with fewer words pass.")
  }
}

extension DirtyWords {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    self.init(
      phrases: try reader.strings(
        "words", default: [],
        "dirty-words: words and phrases, beside those of the files dirtyWords. None is built in."))
    maximum = try reader.integer(
      "maxDirtyWords", default: 0, "dirty-words: how many occurrences pass.")
    maximumShare = try reader.number(
      "maxDirtyShare", default: 0, in: 0...1,
      "dirty-words: how many occurrences a word pass; a document goes when it exceeds both bounds.")
  }
}

extension TokenDistribution {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    self.init(
      maximumDivergence: try reader.number(
        "maxDivergence", default: 7, in: 0...100, unit: "nats",
        "token-distribution: the greatest Kullback–Leibler divergence of a document's words from "
          + "the corpus that enters the stage."),
      minimumWords: try reader.integer(
        "divergenceFrom", default: 50, unit: "words",
        "token-distribution: documents with fewer words pass."))
  }
}

extension LengthRule {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    let least = try reader.integer(
      "leastCharacters", default: 0, unit: "characters", "length: the fewest characters.")
    let most = try reader.optionalInteger(
      "mostCharacters", in: 0...1 << 53, unit: "characters", "length: the most characters.")
    let leastWords = try reader.integer(
      "leastWords", default: 0, unit: "words", "length: the fewest words.")
    let mostWords = try reader.optionalInteger(
      "mostWords", in: 0...1 << 53, unit: "words", "length: the most words.")
    guard least <= most ?? .max, leastWords <= mostWords ?? .max else {
      throw ParameterError(path: "rules", message: "length: the least is more than the most")
    }
    self.init(characters: least...(most ?? .max), words: leastWords...(mostWords ?? .max))
  }
}

extension ScriptRule {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    let names = try reader.strings(
      "scripts", default: ["latin"],
      "script: writing systems, by Unicode's blocks: "
        + Script.allCases.map(\.rawValue).joined(separator: ", ") + ".")
    let share = try reader.number(
      "minScriptShare", default: 0.5, in: 0...1,
      "script: the least share of letters that must be of these.")
    var scripts: Set<Script> = []
    for name in names {
      guard let script = Script(rawValue: name) else {
        throw ParameterError(
          path: "rules.scripts",
          message: "there is no script \"\(name)\""
            + didYouMean(name, among: Script.allCases.map(\.rawValue)))
      }
      scripts.insert(script)
    }
    self.init(scripts: scripts, minimumShare: share)
  }
}

extension LanguageRule {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    let wanted = try reader.strings(
      "languages", default: [],
      "language: the languages that stay, as the sources of the input languages name them.")
    if wanted.isEmpty, !reader.isListing {
      throw ParameterError(
        path: "languages", message: "must name one at least, or nothing would stay")
    }
    self.init(
      wanted: Set(wanted),
      minimumLead: try reader.number(
        "minLead", default: 0, in: 0...100, unit: "nats a trigram",
        "language: by how much the language must be likelier than any other."))
  }
}

extension PersonalData {
  fileprivate init(from reader: inout ParameterReader) throws(ParameterError) {
    let kinds = try reader.choices(
      "kinds", default: Kind.usual,
      "personal-data: what is looked for: email, card, iban, ip, phone, and ssn (US social security "
        + "numbers).")
    self.init(
      kinds: Set(kinds),
      action: try reader.choice(
        "action", default: .mask,
        "personal-data: finds are counted and kept, masked by [EMAIL] and the like, or drop the "
          + "document."),
      maximum: try reader.integer(
        "maxFinds", default: 0, "personal-data: with drop, how many finds pass."))
  }
}
