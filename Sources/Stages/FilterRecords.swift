import ContentStore
import Corpus
package import Pipeline

/// Keeps, rewrites and removes records by rules on what the assistant says in them: the way in which synthetic answers
/// are gone through before anything is tuned on them (Gemma 2 §4 drops those with personal data, those that are unsafe
/// or wrong about who speaks, and duplicates).
package enum FilterRecords: Stage {
  package struct Parameters: StageParameters {
    let rules: [any DocumentRule]
    let dropsDuplicates: Bool

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      rules = try reader.objects(
        "rules",
        "The rules of the op filter, asked of every response by itself, in order; the first that removes "
          + "one removes the record, and names the reason."
      ) { (reader) throws(ParameterError) in
        let rule = try FilterRule.read(from: &reader)
        if !reader.isListing, let problem = rule.problem {
          throw ParameterError(path: reader.at("rule"), message: "is \(rule.name), \(problem)")
        }
        return rule
      }
      dropsDuplicates = try reader.boolean(
        "dropDuplicates", default: true,
        "Whether a record goes that says what one before it says, to the letter.")
    }
  }

  package static let op = "filter-records"
  package static let revision = 1
  package static let summary =
    "Keep, rewrite and remove conversations and preferences by rules on their responses."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port(
          "records", .records,
          "Conversations and preferences; of prompts, which hold no responses, only repetitions go.",
          list: true)
      ],
      outputs: [
        Port("kept", .records, "The records that stay."),
        Port(
          "removed", .records,
          "The records that go, as they came in; metadata.removed says by which rule, and why."),
        CorpusPorts.statistics,
      ])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let output = try CorpusOutput(op, context)
    var seen: Set<Digest> = []
    for input in context.inputs("records") {
      for record in try input.records("records") {
        try context.checkCancellation()
        try output.add(parameters.judge(record, &seen))
      }
    }
    try output.finish()
  }
}

extension FilterRecords.Parameters {
  /// - Parameter seen: digests of what records said that were kept so far.
  fileprivate func judge(
    _ record: TrainingRecord, _ seen: inout Set<Digest>
  ) throws -> CorpusOutcome {
    var kept = record
    var counts: [String: Int] = [:]
    var removal: Removal?
    kept.mapResponses { response in
      guard removal == nil else { return response }
      var draft = Draft(response)
      removal = rules.judge(&draft)
      counts.merge(draft.counts, uniquingKeysWith: +)
      return draft.isRewritten ? draft.text.string : response
    }
    if removal == nil, dropsDuplicates, try !seen.insert(kept.spoken).inserted {
      removal = Removal(rule: "duplicate", reason: "exact")
    }
    return try CorpusOutcome(record, kept: kept, removal: removal, counts: counts)
  }
}

extension TrainingRecord {
  /// What is said, whoever recorded it.
  fileprivate var spoken: Digest {
    get throws {
      var bare = self
      (bare.id, bare.source, bare.metadata) = ("", "", [:])
      return SHA256.hash(try bare.line())
    }
  }

  /// The record in the shape that statistics count: its responses as a text.
  fileprivate var document: Document {
    Document(id: id, text: responses.joined(separator: "\n"), source: source, metadata: metadata)
  }
}

extension CorpusOutcome {
  fileprivate init(
    _ record: TrainingRecord, kept: TrainingRecord, removal: Removal?, counts: [String: Int]
  ) throws {
    entry = CorpusStatistics.Entry(
      record.document,
      keptCharacters: removal == nil ? kept.document.text.unicodeScalars.count : nil,
      removal: removal, counts: counts)
    guard let removal else {
      self.kept = try kept.line()
      return
    }
    var gone = record
    gone.metadata = record.metadata.marked(removal)
    removed = try gone.line()
  }
}

extension DocumentRule {
  /// Why the rule cannot judge records; nil when it can.
  fileprivate var problem: String? {
    switch self {
    case is TokenDistribution, is LanguageRule, is ClassifierRule, is PerplexityRule:
      "which needs a whole corpus; records are judged one by one"
    case let rule as DirtyWords where rule.isEmpty: "which has no words; name them with words"
    default: nil
    }
  }
}
