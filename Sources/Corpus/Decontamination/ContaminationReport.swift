package import ContentStore

/// What a corpus holds of test sets: by item, and summed up by set.
package struct ContaminationReport: Sendable {
  /// What was found of one item.
  package struct Finding: Sendable {
    package var isContaminated = false
    /// The share of the item's words in n-grams that the corpus holds.
    package var coverage = 0.0
    /// How many documents hold some of it, and the first of them.
    package var count = 0
    package var documents: [String] = []
  }

  private static let exampleCount = 3
  package let items: [TestItem]
  package private(set) var findings: [Finding]

  package init(_ items: [TestItem]) {
    self.items = items
    findings = [Finding](repeating: Finding(), count: items.count)
  }

  /// Notes that a document holds some of these items.
  package mutating func note(_ document: String, holds items: some Sequence<Int>) {
    for item in items {
      findings[item].count += 1
      if findings[item].documents.count < Self.exampleCount {
        findings[item].documents.append(document)
      }
    }
  }

  package mutating func setCoverage(_ coverage: Double, of item: Int) {
    findings[item].coverage = coverage
  }

  package mutating func setContaminated(_ item: Int) { findings[item].isContaminated = true }

  /// An item's line: `{"id", "set", "contaminated", "coverage", "count", "documents"}`.
  package func line(_ item: Int) -> JSON {
    let finding = findings[item]
    return [
      "id": .string(items[item].id), "set": .string(items[item].set),
      "contaminated": .bool(finding.isContaminated), "coverage": .number(finding.coverage),
      "count": .integer(finding.count), "documents": .array(finding.documents.map(JSON.string)),
    ]
  }

  /// One test set summed up.
  package struct Summary: Sendable {
    package var items = 0
    package var contaminated = 0
    package var coverage = 0.0
  }

  /// By set; `coverage` is the mean over items.
  package var summaries: [String: Summary] {
    var sets: [String: Summary] = [:]
    for (item, finding) in zip(items, findings) {
      sets[item.set, default: Summary()].items += 1
      sets[item.set]!.contaminated += finding.isContaminated ? 1 : 0
      sets[item.set]!.coverage += finding.coverage
    }
    return sets.mapValues { set in
      Summary(
        items: set.items, contaminated: set.contaminated,
        coverage: set.coverage / Double(set.items))
    }
  }

  /// The artifact `report` (`"type": "contamination-report/1"`).
  package func json(method: String) -> JSON {
    [
      "type": "contamination-report/1", "method": .string(method),
      "sets": .object(
        summaries.mapValues { set in
          [
            "items": .integer(set.items), "contaminated": .integer(set.contaminated),
            "coverage": .number(set.coverage),
          ]
        }),
    ]
  }
}
