package import ContentStore

/// Documents, and Unicode code points in them.
package struct Tally: Hashable, Sendable {
  package var documents = 0
  package var characters = 0

  package init() {}

  package mutating func add(_ characters: Int) {
    documents += 1
    self.characters += characters
  }

  package var json: JSON {
    ["documents": .integer(documents), "characters": .integer(characters)]
  }
}

/// What a step did to a corpus, by source and by rule, with a few examples of each rule: the artifact
/// `statistics` (`"type": "corpus-statistics/1"`).
package struct CorpusStatistics: Sendable {
  /// One document's fate.
  package struct Entry: Sendable {
    package var id: String
    package var source: String
    /// Before the step.
    package var text: String
    package var characters: Int
    /// After the step; nil for a document that was removed.
    package var keptCharacters: Int?
    package var removal: Removal?
    /// What else rules did, and how often.
    package var counts: [String: Int]
    /// Whether the document ought to be removed, where the truth is known.
    package var isBad: Bool?

    package init(
      _ document: Document, keptCharacters: Int?, removal: Removal? = nil,
      counts: [String: Int] = [:], isBad: Bool? = nil
    ) {
      (id, source, text) = (document.id, document.source, document.text)
      characters = document.text.unicodeScalars.count
      (self.keptCharacters, self.removal) = (keptCharacters, removal)
      (self.counts, self.isBad) = (counts, isBad)
    }
  }

  private struct Flow: Sendable {
    var input = Tally()
    var kept = Tally()
    var rewritten = Tally()
    var reasons: [Removal: Tally] = [:]
  }

  private struct Example: Sendable {
    var id: String
    var source: String
    var text: String
  }

  private static let exampleCount = 3
  private static let exampleLength = 200
  private var sources: [String: Flow] = [:]
  private var examples: [Removal: [Example]] = [:]
  private var counts: [String: Int] = [:]
  /// [ought to go][went], in documents.
  private var truth = [[0, 0], [0, 0]]
  private var hasTruth = false

  package init() {}

  package mutating func add(_ entry: Entry) {
    var flow = sources[entry.source] ?? Flow()
    flow.input.add(entry.characters)
    if let kept = entry.keptCharacters {
      flow.kept.add(kept)
      if kept != entry.characters { flow.rewritten.add(entry.characters - kept) }
    }
    if let removal = entry.removal {
      flow.reasons[removal, default: Tally()].add(entry.characters)
      addExample(entry, removal)
    }
    sources[entry.source] = flow
    counts.merge(entry.counts, uniquingKeysWith: +)
    if let isBad = entry.isBad {
      hasTruth = true
      truth[isBad ? 1 : 0][entry.removal == nil ? 0 : 1] += 1
    }
  }

  private mutating func addExample(_ entry: Entry, _ removal: Removal) {
    guard examples[removal, default: []].count < Self.exampleCount else { return }
    let beginning = String(
      String.UnicodeScalarView(entry.text.unicodeScalars.prefix(Self.exampleLength)))
    examples[removal, default: []].append(
      Example(id: entry.id, source: entry.source, text: beginning))
  }

  private func sum(_ part: KeyPath<Flow, Tally>) -> Tally {
    sources.values.reduce(into: Tally()) {
      $0.documents += $1[keyPath: part].documents
      $0.characters += $1[keyPath: part].characters
    }
  }

  package var input: Tally { sum(\.input) }
  package var kept: Tally { sum(\.kept) }

  /// By rule and reason, sorted.
  package var removals: [(removal: Removal, tally: Tally)] {
    var all: [Removal: Tally] = [:]
    for flow in sources.values {
      for (removal, tally) in flow.reasons {
        all[removal, default: Tally()].documents += tally.documents
        all[removal, default: Tally()].characters += tally.characters
      }
    }
    return all.sorted { ($0.key.rule, $0.key.reason) < ($1.key.rule, $1.key.reason) }
      .map { ($0.key, $0.value) }
  }

  /// Of the documents that were removed, the share that ought to have been; of those that ought to be,
  /// the share that was. Nil where nothing is known, or of nothing.
  package var precision: (value: Double, count: Int)? {
    let removed = truth[0][1] + truth[1][1]
    return hasTruth && removed > 0 ? (Double(truth[1][1]) / Double(removed), removed) : nil
  }

  package var recall: (value: Double, count: Int)? {
    let bad = truth[1][0] + truth[1][1]
    return hasTruth && bad > 0 ? (Double(truth[1][1]) / Double(bad), bad) : nil
  }

  /// - Parameter op: which op this is about.
  package func json(op: String) -> JSON {
    var members: [String: JSON] = [
      "type": "corpus-statistics/1", "op": .string(op), "input": input.json, "kept": kept.json,
      "rewritten": sum(\.rewritten).json, "rules": .array(removals.map(rule)),
      "sources": .object(sources.mapValues(Self.json)),
      "counts": .object(counts.mapValues(JSON.integer)),
    ]
    if let precision { members["precision"] = .number(precision.value) }
    if let recall { members["recall"] = .number(recall.value) }
    return .object(members)
  }

  private func rule(_ removal: Removal, _ tally: Tally) -> JSON {
    let shown = (examples[removal] ?? []).map { example -> JSON in
      [
        "id": .string(example.id), "source": .string(example.source),
        "text": .string(example.text),
      ]
    }
    return [
      "rule": .string(removal.rule), "reason": .string(removal.reason),
      "documents": .integer(tally.documents), "characters": .integer(tally.characters),
      "examples": .array(shown),
    ]
  }

  private static func json(_ flow: Flow) -> JSON {
    let reasons = flow.reasons.sorted {
      ($0.key.rule, $0.key.reason) < ($1.key.rule, $1.key.reason)
    }
    return [
      "input": flow.input.json, "kept": flow.kept.json, "rewritten": flow.rewritten.json,
      "rules": .array(
        reasons.map { removal, tally in
          [
            "rule": .string(removal.rule), "reason": .string(removal.reason),
            "documents": .integer(tally.documents), "characters": .integer(tally.characters),
          ]
        }),
    ]
  }
}
