import ContentStore
import Corpus
package import Pipeline

/// Keeps, rewrites and removes documents by rules.
package enum Filter: Stage {
  package struct Parameters: StageParameters {
    let preset: FilterPreset
    let rules: [any DocumentRule]
    let truth: CorpusTruth

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      preset = try reader.choice(
        "preset", default: FilterPreset.none,
        "A paper's rules, which stand before those of rules; the log says what the paper reports and "
          + "what is ours.")
      let own = try reader.objects(
        "rules",
        "The rules, asked in order; the first that removes a document names the reason. Each is an "
          + "object with the rule's name and its settings."
      ) { (reader) throws(ParameterError) in try FilterRule.read(from: &reader) }
      try reader.files(
        "dirtyWords", optional: true,
        "Files of words and phrases for the rule dirty-words, one a line; # begins a comment.")
      truth = try CorpusTruth(from: &reader)
      rules = preset.rules + own
      if rules.isEmpty, !reader.isListing {
        throw ParameterError(
          path: "rules", message: "is empty; name a rule, or a preset with preset")
      }
    }
  }

  package static let op = "filter"
  package static let revision = 2
  package static let summary = "Keep, rewrite and remove documents by rules of quality and content."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("documents", .documents, "The text."),
        Port(
          "languages", .documents,
          "For the rule language: documents whose source names their language.", optional: true),
        Port("classifier", .classifier, "For the rule classifier.", optional: true),
        Port(
          "checkpoint", .checkpoint, "For the rule perplexity: the model that judges.",
          optional: true),
      ], outputs: CorpusPorts.outputs)
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    if parameters.preset != .none {
      context.log("\(parameters.preset.rawValue): the paper reports \(parameters.preset.reported)")
      context.log("\(parameters.preset.rawValue): ours: \(parameters.preset.ours)")
    }
    let rules = try parameters.rules.map { try prepared($0, in: context) }
    let truth = parameters.truth
    let output = try CorpusOutput(op, context)
    try context.forEachDocument(
      "documents", "",
      { document in
        var draft = Draft(document.text)
        let removal = rules.judge(&draft)
        var kept = document
        if draft.isRewritten { kept.text = draft.text.string }
        return try CorpusOutcome(
          document, kept: [kept], removal: removal, counts: draft.counts,
          isBad: truth.isBad(document))
      }, consume: { _, outcome in try output.add(outcome) })
    try output.finish()
  }

  /// A rule with what it needs to know of the inputs.
  private static func prepared(
    _ rule: any DocumentRule, in context: any StageContext
  ) throws -> any DocumentRule {
    switch rule {
    case var rule as TokenDistribution:
      rule.corpus = try distribution(in: context)
      return rule
    case var rule as DirtyWords:
      rule.add(phrases: try phrases(in: context))
      if rule.isEmpty { context.log("dirty-words has no words; give the files dirtyWords") }
      return rule
    case var rule as LanguageRule:
      rule.model = try languages(in: context, wanted: rule.wanted)
      return rule
    case let rule as ClassifierRule: return try rule.prepared(in: context)
    case let rule as PerplexityRule: return try rule.prepared(in: context)
    default: return rule
    }
  }

  private static func distribution(in context: any StageContext) throws -> WordDistribution {
    var corpus = WordDistribution()
    try context.forEachDocument(
      "documents", "counting words", { WordDistribution.counts(PythonText($0.text)) },
      consume: { _, counts in corpus.add(counts) })
    return corpus
  }

  private static func phrases(in context: any StageContext) throws -> [String] {
    guard let input = context.inputs("dirtyWords").first else { return [] }
    return try input.tree().entries.keys.sorted().flatMap { path in
      String(decoding: try input.read(path: path), as: UTF8.self)
        .split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.map(String.init)
    }
  }

  private static func languages(
    in context: any StageContext, wanted: Set<String>
  ) throws -> LanguageModelOfTrigrams {
    guard !context.inputs("languages").isEmpty else {
      throw StageError(
        "the rule language learns from documents whose source names their language; connect them to "
          + "the input \"languages\"")
    }
    var model = LanguageModelOfTrigrams()
    let reader = try context.input("languages").documents(named: "languages")
    while let document = try reader.next() {
      model.add(document.text, language: document.source)
      try context.checkCancellation()
    }
    model.finish()
    for name in wanted.sorted() where !model.languages.contains(name) {
      throw StageError(
        "no document of the input \"languages\" has the source \"\(name)\""
          + didYouMean(name, among: model.languages))
    }
    return model
  }
}
