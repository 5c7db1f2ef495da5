import ContentStore
import Corpus
import Ledger
package import Pipeline

/// Removes training text that holds items of test sets, and says which items a corpus holds.
package enum Decontaminate: Stage {
  package enum Method: String, CaseIterable, Sendable {
    case afm, qwen2, gpt3
    case llama = "llama-3.1"
    case ngram
  }

  package struct Parameters: StageParameters {
    let method: Method
    let least: Int
    let most: Int
    let gram: Int
    let commonUsage: Int
    let subsequence: Int
    let subsequenceShare: Double
    let cutter: PieceCutter
    let threshold: Double
    let thresholds: [String: Double]
    let options: TestSetOptions
    let truth: CorpusTruth

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      method = try reader.choice(
        "method", default: Method.ngram,
        "afm: a document goes when it shares an n-gram of any length from minGram to maxGram, unless that "
          + "n-gram occurs commonUsage times in the corpus. qwen2: when it shares an n-gram with an item and "
          + "their longest common subsequence is long. gpt3: matches are cut out with their surroundings. "
          + "llama-3.1: nothing goes; an item is contaminated when n-grams of the corpus cover enough of it. "
          + "ngram: a document goes when it shares an n-gram (datatrove; Qwen2's check of tests).")
      least = try reader.integer(
        "minGram", default: 4, in: 1...100, unit: "words", "afm: the shortest n-gram.")
      most = try reader.integer(
        "maxGram", default: 13, in: 1...100, unit: "words", "afm: the longest n-gram.")
      commonUsage = try reader.integer(
        "commonUsage", default: 1000, in: 1...1 << 40, unit: "occurrences",
        "afm: how often an n-gram must occur in the corpus to count as common usage.")
      gram = try reader.integer(
        "gram", default: reader.isListing ? 13 : Self.gram(method), in: 1...100, unit: "words",
        "qwen2, gpt3, llama-3.1, ngram: the length of n-grams; by default 13, and 8 for llama-3.1. Qwen2 "
          + "reports none for training data and 13 for its check of tests.")
      subsequence = try reader.integer(
        "minSubsequence", default: 13, unit: "words",
        "qwen2: the shortest common subsequence that counts.")
      subsequenceShare = try reader.number(
        "minSubsequenceShare", default: 0.6, in: 0...1,
        "qwen2: its least share of the shorter text.")
      cutter = try Self.cutter(&reader, gram)
      threshold = try reader.number(
        "threshold", default: 0.8, in: 0...1,
        "llama-3.1: the share of an item's words that must be covered. The paper chooses one for each test "
          + "and reports none.")
      thresholds = try Self.thresholds(&reader)
      options = try TestSetOptions(from: &reader)
      truth = try CorpusTruth(from: &reader)
      if least > most {
        throw ParameterError(path: "minGram", message: "must be at most maxGram, \(most)")
      }
    }

    private static func gram(_ method: Method) -> Int { method == .llama ? 8 : 13 }

    private static func cutter(
      _ reader: inout ParameterReader, _ gram: Int
    ) throws(ParameterError) -> PieceCutter {
      var cutter = PieceCutter()
      cutter.length = gram
      cutter.margin = try reader.integer(
        "margin", default: cutter.margin, unit: "characters",
        "gpt3: what is cut on each side of a match.")
      cutter.minimumPiece = try reader.integer(
        "minPiece", default: cutter.minimumPiece, unit: "characters", "gpt3: shorter pieces go.")
      cutter.maximumPieces = try reader.integer(
        "maxPieces", default: cutter.maximumPieces, in: 1...1 << 40,
        "gpt3: documents cut into more pieces go.")
      return cutter
    }

    private static func thresholds(
      _ reader: inout ParameterReader
    ) throws(ParameterError) -> [String: Double] {
      let json = try reader.json(
        "thresholds", default: [:],
        "llama-3.1: another threshold for some tests, by their input's name.")
      guard let members = json.objectValue else {
        if reader.isListing { return [:] }
        throw ParameterError(path: "thresholds", message: "must be an object of numbers by input")
      }
      var result: [String: Double] = [:]
      for (name, value) in members.sorted(by: { $0.key < $1.key }) {
        guard let number = value.doubleValue, (0...1).contains(number) else {
          throw ParameterError(path: "thresholds.\(name)", message: "must be a number from 0 to 1")
        }
        result[name] = number
      }
      return result
    }
  }

  package static let op = "decontaminate"
  package static let revision = 2
  package static let summary =
    "Remove training text that holds test items; say which items a corpus holds."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("documents", .documents, "The training text.")],
      outputs: CorpusPorts.outputs + [
        Port("report", .statistics, "Items found, by test set: one JSON object."),
        Port(
          "contamination", .contamination,
          "A line for every test item: whether it is contaminated, and by which documents."),
      ],
      // Every other input is a test set: questions in MMLU's layout, or items in JSON Lines.
      otherInputs: .any)
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    var items: [TestItem] = []
    for port in context.inputPorts where port != "documents" {
      for input in context.inputs(port) { items += try parameters.options.items(input, set: port) }
    }
    guard !items.isEmpty else {
      let sets = context.inputPorts.filter { $0 != "documents" }
      throw StageError(
        sets.isEmpty
          ? "there is no test set; connect one, under any name, as in inputs: { documents: …, mmlu: … }"
          : "no test set holds an item of the parts that count: \(sets.joined(separator: ", "))")
    }
    let run = try DecontaminateRun(parameters, items, context)
    switch parameters.method {
    case .gpt3: try run.cutMatches()
    case .afm: try run.removeUncommon()
    case .qwen2, .ngram: try run.removeMatches()
    case .llama: try run.measureCoverage()
    }
    try run.finish()
  }
}

extension PortType {
  /// JSON Lines with a line for every test item: `{id, set, contaminated, coverage, count, documents}`.
  package static let contamination: PortType = "contamination"
}

/// A corpus held against test items.
private final class DecontaminateRun {
  private let parameters: Decontaminate.Parameters
  private let context: any StageContext
  private let output: CorpusOutput
  private let items: [TestItem]
  private var report: ContaminationReport

  init(
    _ parameters: Decontaminate.Parameters, _ items: [TestItem], _ context: any StageContext
  ) throws {
    (self.parameters, self.items, self.context) = (parameters, items, context)
    output = try CorpusOutput(Decontaminate.op, context)
    report = ContaminationReport(items)
  }

  private func index(_ lengths: ClosedRange<Int>) throws -> GramIndex {
    var index = GramIndex(lengths: Array(lengths))
    var short = 0
    for (number, item) in items.enumerated() {
      if number.isMultiple(of: 256) { try context.checkCancellation() }
      let words = SimplifiedWords(item.text)
      if words.words.count < parameters.fewestWords { short += 1 }
      index.add(words)
    }
    report(short: short)
    return index
  }

  /// Items with fewer words than a match has can never be found.
  private func report(short: Int) {
    guard short > 0 else { return }
    context.log(
      "\(2 * short > items.count ? "warning: " : "")\(short) of \(items.count) test items have fewer than the "
        + "\(parameters.fewestWords) words of the shortest match, and cannot be found")
  }

  /// - Parameter found: items that the document holds, ascending.
  private func emit(
    _ document: Document, _ kept: [Document], found: [Int], reason: String?,
    counts: [String: Int] = [:]
  ) throws {
    report.note(document.id, holds: found)
    let note: [String: JSON] =
      found.isEmpty
      ? [:]
      : [
        "set": .string(items[found[0]].set),
        "items": .array(found.prefix(5).map { .string(items[$0].id) }),
      ]
    try output.add(
      CorpusOutcome(
        document, kept: kept,
        removal: reason.map { Removal(rule: parameters.method.rawValue, reason: $0) },
        counts: counts, note: note, isBad: parameters.truth.isBad(document)))
  }

  // MARK: The methods

  func removeUncommon() throws {
    let index = try index(parameters.least...parameters.most)
    var counts = [Int](repeating: 0, count: index.gramCount)
    var coverage = GramCoverage(index)
    let hits: @Sendable (Document) -> [GramIndex.Hit] = {
      index.hits(in: SimplifiedWords($0.text))
    }
    try context.forEachDocument("documents", "counting n-grams", hits) { _, hits in
      for hit in hits { counts[Int(hit.gram)] += 1 }
      coverage.note(hits)
    }
    try context.forEachDocument("documents", "writing", hits) { document, hits in
      let uncommon = hits.filter { counts[Int($0.gram)] < parameters.commonUsage }
      let found = Set(uncommon.flatMap { index.items(of: $0.gram) }).sorted()
      let longest = uncommon.map(\.length).max()
      try emit(document, [document], found: found, reason: longest.map { "\($0)-gram" })
    }
    setCoverages(coverage)
    markFound()
  }

  func removeMatches() throws {
    let (index, items, parameters) = (
      try index(parameters.gram...parameters.gram), items, parameters
    )
    var coverage = GramCoverage(index)
    let test: @Sendable (Document) -> ([GramIndex.Hit], [Int]) = { document in
      let words = SimplifiedWords(document.text)
      let hits = index.hits(in: words)
      let found = Set(hits.flatMap { index.items(of: $0.gram) }).sorted()
      if parameters.method == .ngram || found.isEmpty { return (hits, found) }
      let sequence = words.hashes
      return (
        hits,
        found.filter {
          parameters.isSame(sequence, SimplifiedWords(items[$0].text).hashes)
        }
      )
    }
    try context.forEachDocument("documents", "", test) { document, result in
      coverage.note(result.0)
      let reason = parameters.method == .ngram ? "\(parameters.gram)-gram" : "common subsequence"
      try emit(document, [document], found: result.1, reason: result.1.isEmpty ? nil : reason)
    }
    setCoverages(coverage)
    markFound()
  }

  func cutMatches() throws {
    let cutter = parameters.cutter
    let index = cutter.index(items)
    report(short: items.count { PieceCutter.wordCount($0.text) < parameters.fewestWords })
    let cut: @Sendable (Document) -> PieceCutter.Cut = {
      cutter.cut(PythonText($0.text), index)
    }
    try context.forEachDocument("documents", "", cut) { document, cut in
      let isClean = cut.items.isEmpty
      let pieces = isClean ? [document] : document.pieces(cut.pieces)
      try emit(
        document, pieces, found: cut.items, reason: cut.reason,
        counts: isClean || cut.reason != nil ? [:] : ["gpt3/cut": 1, "gpt3/piece": pieces.count])
    }
    markFound()
  }

  func measureCoverage() throws {
    let index = try index(parameters.gram...parameters.gram)
    var coverage = GramCoverage(index)
    let hits: @Sendable (Document) -> [GramIndex.Hit] = {
      index.hits(in: SimplifiedWords($0.text))
    }
    try context.forEachDocument("documents", "", hits) { document, hits in
      coverage.note(hits)
      let found = Set(hits.flatMap { index.items(of: $0.gram) }).sorted()
      try emit(document, [document], found: found, reason: nil)
    }
    setCoverages(coverage)
    for (item, finding) in report.findings.enumerated() {
      let threshold = parameters.thresholds[items[item].set] ?? parameters.threshold
      if finding.coverage > 0, finding.coverage >= threshold { report.setContaminated(item) }
    }
  }

  private func setCoverages(_ coverage: GramCoverage) {
    for item in items.indices { report.setCoverage(coverage.coverage(of: item), of: item) }
  }

  private func markFound() {
    for (item, finding) in report.findings.enumerated() where finding.count > 0 {
      report.setContaminated(item)
    }
  }

  func finish() throws {
    try output.finish()
    let file = try context.makeFile("report")
    try file.write(report.json(method: parameters.method.rawValue).canonicalText() + "\n")
    try file.finish()
    let lines = try context.makeFile("contamination")
    for item in items.indices { try lines.write(report.line(item).canonicalText() + "\n") }
    try lines.finish()
    for (set, summary) in report.summaries.sorted(by: { $0.key < $1.key }) {
      context.score(
        "contaminated/\(set)",
        Score(Double(summary.contaminated) / Double(summary.items), count: summary.items))
      context.log("\(set): \(summary.contaminated) of \(summary.items) items are contaminated")
    }
  }
}

extension Decontaminate.Parameters {
  /// Of the shortest item that can match.
  fileprivate var fewestWords: Int {
    switch method {
    case .afm: least
    case .qwen2: max(gram, subsequence)
    case .gpt3, .llama, .ngram: gram
    }
  }

  /// Qwen2's test (section 5.2.6): the common subsequence has at least so many words and at least so much
  /// of the shorter text.
  fileprivate func isSame(_ a: [UInt64], _ b: [UInt64]) -> Bool {
    let length = CommonSubsequence.length(a, b)
    return length >= subsequence
      && Double(length) >= subsequenceShare * Double(min(a.count, b.count))
  }
}

extension Document {
  /// Parts of the text as documents: `ID/0`, `ID/1`, …, whose metadata says at which byte of the text they
  /// began.
  fileprivate func pieces(_ ranges: [Range<Int>]) -> [Document] {
    let whole = PythonText(text)
    return ranges.enumerated().map { number, range in
      var piece = self
      piece.id = "\(id)/\(number)"
      piece.text = whole.string(range)
      var members = metadata.objectValue ?? [:]
      members["piece"] = .integer(whole.string(0..<range.lowerBound).utf8.count)
      piece.metadata = .object(members)
      return piece
    }
  }
}
