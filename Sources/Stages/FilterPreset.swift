import Corpus

/// A paper's filters, as far as it reports them.
enum FilterPreset: String, CaseIterable {
  case none
  case llama = "llama-3.1"
  case qwen = "qwen2"
  case afm
  case gemma = "gemma2"
  case gopher
  case c4
  case fineweb

  /// The rules, in order.
  var rules: [any DocumentRule] {
    switch self {
    case .none: []
    case .llama:
      [
        RepeatedGrams(), DirtyWords(phrases: []),
        TokenDistribution(maximumDivergence: 7, minimumWords: 50),
      ]
    case .qwen: [GopherQuality(), GopherRepetition()]
    case .afm:
      [DirtyWords(phrases: []), GopherQuality(), GopherRepetition(), Self.personalData(.mask)]
    case .gemma: [DirtyWords(phrases: []), Self.personalData(.mask)]
    case .gopher: [GopherQuality(), GopherRepetition()]
    case .c4: [C4Quality(), DirtyWords(phrases: [])]
    case .fineweb:
      [GopherRepetition(), GopherQuality(), Self.c4OfFineWeb, FineWebQuality(), Self.fineWebData]
    }
  }

  private static func personalData(_ action: PersonalData.Action) -> PersonalData {
    PersonalData(kinds: Set(PersonalData.Kind.usual), action: action)
  }

  private static var c4OfFineWeb: C4Quality {
    var rule = C4Quality()
    rule.needsTerminalPunctuation = false
    return rule
  }

  private static var fineWebData: PersonalData {
    PersonalData(kinds: [.email, .ip], action: .mask)
  }

  /// What the paper says.
  var reported: String {
    switch self {
    case .none: ""
    case .llama:
      "duplicated n-gram coverage, dirty-word counts and token-distribution KL are named (section "
        + "3.1.1); no n, threshold or list"
    case .qwen: "heuristic and model-based filters (section 3.1), none of them named"
    case .afm:
      "safety and profanity filters, quality filters and removal of personal data; no rule or "
        + "threshold"
    case .gemma: "filters for unsafe content and personal data (section 3.1); no rule or threshold"
    case .gopher: "every rule and threshold (Rae et al. 2021, section A.1.1 and table A1)"
    case .c4:
      "every rule (Raffel et al. 2020, section 2.2) and its list of words, which is not shipped"
    case .fineweb: "every rule and threshold (Penedo et al. 2024), as in datatrove's fineweb.py"
    }
  }

  /// What we chose.
  var ours: String {
    switch self {
    case .none: ""
    case .llama:
      "3-grams over lines of 20 words or more, half of whose words repeat; 7 nats over words of "
        + "documents of 50 or more; the list of words is the files dirtyWords"
    case .qwen: "Gopher's quality and repetition rules stand for the heuristics"
    case .afm:
      "Gopher's rules for quality, masks for personal data, the files dirtyWords for profanity"
    case .gemma: "masks for personal data, the files dirtyWords for unsafe content"
    case .gopher: "datatrove's order and denominators"
    case .c4: "datatrove's order, spaCy's sentences; the list of words is the files dirtyWords"
    case .fineweb: "masks [EMAIL] and [IP]; without its URL, language and deduplication steps"
    }
  }
}
