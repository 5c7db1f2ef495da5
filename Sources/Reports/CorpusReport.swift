package import ContentStore

/// The artifact `statistics` of an op on documents (`"type": "corpus-statistics/1"`), as tables.
package struct CorpusReport: Sendable {
  /// Documents, and Unicode code points in them.
  package struct Tally: Hashable, Sendable {
    package var documents: Int
    package var characters: Int

    init(_ json: JSON?) {
      documents = json?["documents"]?.intValue ?? 0
      characters = json?["characters"]?.intValue ?? 0
    }
  }

  /// What one rule removed for one reason.
  package struct Rule: Sendable {
    package var name: String
    package var reason: String
    package var tally: Tally
    /// Beginnings of some documents, with their ids.
    package var examples: [(id: String, text: String)]
  }

  package let op: String
  package let input: Tally
  package let kept: Tally
  package let rewritten: Tally
  package let rules: [Rule]
  package let counts: [String: Int]
  package let precision: Double?
  package let recall: Double?
  private let sources: [String: JSON]

  /// Nil for any other JSON.
  package init?(_ json: JSON) {
    guard json["type"] == "corpus-statistics/1", let op = json["op"]?.stringValue else {
      return nil
    }
    self.op = op
    (input, kept) = (Tally(json["input"]), Tally(json["kept"]))
    rewritten = Tally(json["rewritten"])
    rules = (json["rules"]?.arrayValue ?? []).map(Self.rule)
    counts = (json["counts"]?.objectValue ?? [:]).compactMapValues(\.intValue)
    (precision, recall) = (json["precision"]?.doubleValue, json["recall"]?.doubleValue)
    sources = json["sources"]?.objectValue ?? [:]
  }

  private static func rule(_ json: JSON) -> Rule {
    Rule(
      name: json["rule"]?.stringValue ?? "", reason: json["reason"]?.stringValue ?? "",
      tally: Tally(json),
      examples: (json["examples"]?.arrayValue ?? []).map {
        ($0["id"]?.stringValue ?? "", $0["text"]?.stringValue ?? "")
      })
  }

  private static func share(_ part: Int, of whole: Int) -> String {
    whole == 0 ? "" : Format.fixed(100 * Double(part) / Double(whole), decimals: 1) + " %"
  }

  private func row(_ name: String, _ reason: String, _ tally: Tally) -> [String] {
    [
      name, reason, String(tally.documents), Self.share(tally.documents, of: input.documents),
      String(tally.characters), Self.share(tally.characters, of: input.characters),
    ]
  }

  /// What came in, what stayed, and what each rule removed.
  package var table: Table {
    var table = Table([
      .init("rule"), .init("reason"), .init("documents", .right), .init("", .right),
      .init("characters", .right), .init("", .right),
    ])
    table.add(row("in", "", input))
    for rule in rules { table.add(row(rule.name, rule.reason, rule.tally)) }
    table.add(row("kept", "", kept))
    if rewritten.documents > 0 { table.add(row("of these rewritten", "", rewritten)) }
    return table
  }

  /// What stayed of each source.
  package var sourceTable: Table {
    var table = Table([
      .init("source"), .init("in", .right), .init("kept", .right), .init("", .right),
      .init("characters in", .right), .init("kept", .right), .init("", .right),
    ])
    for (name, json) in sources.sorted(by: { $0.key < $1.key }) {
      let (input, kept) = (Tally(json["input"]), Tally(json["kept"]))
      table.add([
        name, String(input.documents), String(kept.documents),
        Self.share(kept.documents, of: input.documents), String(input.characters),
        String(kept.characters), Self.share(kept.characters, of: input.characters),
      ])
    }
    return table
  }

  /// What rules did short of removing a document, such as dropping a line.
  package var countTable: Table {
    var table = Table([.init("also"), .init("times", .right)])
    for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
      table.add([name, String(count)])
    }
    return table
  }

  /// The documents of two reports side by side, by rule.
  package static func comparison(_ a: CorpusReport?, _ b: CorpusReport?) -> Table {
    var table = Table([
      .init("rule"), .init("reason"), .init("a", .right), .init("b", .right),
      .init("b − a", .right),
    ])
    func add(_ name: String, _ reason: String, _ left: Int, _ right: Int) {
      table.add([name, reason, String(left), String(right), Format.signed(Double(right - left))])
    }
    add("in", "", a?.input.documents ?? 0, b?.input.documents ?? 0)
    let keys = Set(((a?.rules ?? []) + (b?.rules ?? [])).map { [$0.name, $0.reason] })
    for key in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      let sides = [a, b].map { report in
        report?.rules.first { [$0.name, $0.reason] == key }?.tally.documents ?? 0
      }
      add(key[0], key[1], sides[0], sides[1])
    }
    add("kept", "", a?.kept.documents ?? 0, b?.kept.documents ?? 0)
    add("kept", "characters", a?.kept.characters ?? 0, b?.kept.characters ?? 0)
    return table
  }
}

/// The artifact `report` of `decontaminate` (`"type": "contamination-report/1"`) as a table; nil for any
/// other JSON.
package func contaminationTable(_ json: JSON) -> Table? {
  guard json["type"] == "contamination-report/1", let sets = json["sets"]?.objectValue else {
    return nil
  }
  var table = Table([
    .init("test set"), .init("items", .right), .init("contaminated", .right), .init("", .right),
    .init("mean coverage", .right),
  ])
  for (name, set) in sets.sorted(by: { $0.key < $1.key }) {
    let (items, held) = (set["items"]?.intValue ?? 0, set["contaminated"]?.intValue ?? 0)
    table.add([
      name, String(items), String(held),
      items == 0 ? "" : Format.fixed(100 * Double(held) / Double(items), decimals: 1) + " %",
      Format.fixed(100 * (set["coverage"]?.doubleValue ?? 0), decimals: 1) + " %",
    ])
  }
  return table
}
