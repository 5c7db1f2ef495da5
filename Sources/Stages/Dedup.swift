import ContentStore
import Corpus
import Ledger
package import Pipeline

/// Removes documents, or lines, that occur more than once.
package enum Dedup: Stage {
  package enum Method: String, CaseIterable, Sendable {
    case url, exact, minhash, lines
  }

  package struct Parameters: StageParameters {
    let method: Method
    let hash: MinHash
    let urlField: String
    let dateField: String
    let maximum: Int
    let bucket: Int
    let isNormalized: Bool
    let truth: CorpusTruth

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      method = try reader.choice(
        "method", default: Method.minhash,
        "url: of documents with the same address the newest stays. exact: of equal texts the first "
          + "stays. minhash: of texts that MinHash finds alike one stays (datatrove's choice). lines: lines "
          + "that are frequent in a bucket of documents go (Llama 3).")
      hash = MinHash(
        length: try reader.integer(
          "gram", default: 5, in: 1...100, unit: "words", "minhash: the length of n-grams."),
        buckets: try reader.integer("buckets", default: 14, in: 1...1000, "minhash: buckets."),
        hashesPerBucket: try reader.integer(
          "hashesPerBucket", default: 8, in: 1...1000,
          "minhash: hashes that must all agree. Two texts that share a part s of their n-grams are found "
            + "alike with probability 1 − (1 − s^hashes)^buckets."),
        seed: UInt32(
          try reader.integer(
            "hashSeed", default: 1, in: 0...0xFFFF_FFFF, "minhash: the seed of the coefficients.")),
        hash: try reader.choice(
          "hash", default: MinHash.Hash.xxhash64, "minhash: the hash of n-grams."))
      urlField = try reader.string(
        "urlField", default: "url",
        "url: the member of the metadata, or of what import kept (fields), with the address.")
      dateField = try reader.string(
        "dateField", default: "date",
        "url: the member of the metadata, or of fields, with the date: a text that sorts (ISO 8601), or a "
          + "number. Of equal dates the last document stays.")
      maximum = try reader.integer(
        "maxOccurrences", default: 6, "lines: lines that occur more often in a bucket go.")
      bucket = try reader.integer(
        "bucket", default: 30_000_000, in: 1...1 << 40, unit: "documents",
        "lines: how many documents are counted together. Llama 3: 30 million.")
      isNormalized = try reader.boolean(
        "normalize", default: true,
        "lines: whether case, figures, punctuation and accents are disregarded (ccNet's way; not "
          + "reported by Llama 3).")
      truth = try CorpusTruth(from: &reader)
    }
  }

  package static let op = "dedup"
  package static let revision = 2
  package static let summary = "Remove documents or lines that occur more than once."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("documents", .documents, "The text.")], outputs: CorpusPorts.outputs)
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let run = DedupRun(parameters, context, try CorpusOutput(op, context))
    switch parameters.method {
    case .url: try run.byAddress()
    case .exact: try run.byText()
    case .minhash: try run.byMinHash()
    case .lines: try run.byLines()
    }
    try run.output.finish()
  }
}

/// Two hashes of a text, which stand for it in memory.
private struct Fingerprint: Hashable, Sendable {
  private let first: UInt64
  private let second: UInt64

  init(_ text: String) {
    let bytes = Array(text.utf8)
    (first, second) = (XXHash64.hash(bytes), XXHash64.hash(bytes, seed: 1))
  }
}

/// Documents being compared with one another.
private final class DedupRun {
  private let parameters: Dedup.Parameters
  private let context: any StageContext
  let output: CorpusOutput

  init(_ parameters: Dedup.Parameters, _ context: any StageContext, _ output: CorpusOutput) {
    (self.parameters, self.context, self.output) = (parameters, context, output)
  }

  /// - Parameter twin: the id of the document that stays in place of this one.
  private func emit(_ document: Document, _ reason: String?, twin: String? = nil) throws {
    try output.add(
      CorpusOutcome(
        document, kept: [document],
        removal: reason.map { Removal(rule: parameters.method.rawValue, reason: $0) },
        note: twin.map { ["duplicateOf": .string($0)] } ?? [:],
        isBad: parameters.truth.isBad(document)))
  }

  /// None, before a number, such as seconds since 1970, before a text that sorts as ISO 8601 does.
  private struct PageDate {
    let number: Double?
    let text: String

    init(_ json: JSON?) {
      (number, text) = (json?.doubleValue, json?.stringValue ?? "")
    }

    private var rank: Int { number != nil ? 1 : text.isEmpty ? 0 : 2 }

    func precedes(_ other: PageDate) -> Bool {
      if rank != other.rank { return rank < other.rank }
      if let number, let other = other.number { return number < other }
      return text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }
  }

  private struct Newest {
    var date: PageDate
    var index: Int
    var id: String
  }

  func byAddress() throws {
    let (urlField, dateField) = (parameters.urlField, parameters.dateField)
    let address: @Sendable (Document) -> Fingerprint? = { document in
      let url = document.metadata.memberOrField(at: urlField)?.stringValue
      return url.map { Fingerprint(PageAddress($0)?.normalized ?? $0) }
    }
    var newest: [Fingerprint: Newest] = [:]
    var index = 0
    try context.forEachDocument("documents", "reading addresses", address) { document, address in
      defer { index += 1 }
      guard let address else { return }
      let date = PageDate(document.metadata.memberOrField(at: dateField))
      if let known = newest[address], date.precedes(known.date) { return }
      newest[address] = Newest(date: date, index: index, id: document.id)
    }
    if newest.isEmpty, index > 0 {
      context.log("warning: no document has the member \(urlField), so all stay; set urlField")
    }
    index = 0
    try context.forEachDocument("documents", "writing", address) { document, address in
      let kept = address.flatMap { newest[$0] }
      let isOld = kept != nil && kept?.index != index
      try emit(document, isOld ? "older copy" : nil, twin: kept?.id)
      index += 1
    }
  }

  func byText() throws {
    var seen: [Fingerprint: String] = [:]
    try context.forEachDocument("documents", "", { Fingerprint($0.text) }) { document, key in
      let twin = seen[key]
      if twin == nil { seen[key] = document.id }
      try emit(document, twin == nil ? nil : "equal text", twin: twin)
    }
  }

  func byMinHash() throws {
    let hash = parameters.hash
    var (clusters, ids): (DuplicateClusters, [String]) = (DuplicateClusters(hash), [])
    try context.forEachDocument(
      "documents", "signatures", { hash.signature(PythonText($0.text)) }
    ) { document, signature in
      if let signature { clusters.add(ids.count, signature) }
      ids.append(document.id)
    }
    try clusters.join { try context.checkCancellation() }
    let counts = clusters.counts
    context.score("clusters", Score(Double(counts.clusters)))
    context.score("clustered/documents", Score(Double(counts.documents)))
    var index = 0
    try context.forEachDocument("documents", "writing", { _ in }) { document, _ in
      let kept = clusters.kept(for: index)
      try emit(document, kept == index ? nil : "near duplicate", twin: ids[kept])
      index += 1
    }
  }

  /// Bucket after bucket: its lines are counted, then its documents read again and written.
  func byLines() throws {
    let reading = try context.input("documents").documents()
    let writing = try context.input("documents").documents()
    while true {
      var lines = RepeatedLines(
        maximum: parameters.maximum, isNormalized: parameters.isNormalized)
      var count = 0
      while count < parameters.bucket, let document = try reading.next() {
        lines.add(lines.hashes(PythonText(document.text)))
        count += 1
        if count.isMultiple(of: 64) { try report(reading, "counting lines") }
      }
      if count == 0 { return }
      for position in 0..<count {
        guard let document = try writing.next() else { break }
        try clean(document, lines)
        if position.isMultiple(of: 64) { try report(writing, "writing") }
      }
    }
  }

  private func report(_ reader: DocumentReader, _ note: String) throws {
    try context.checkCancellation()
    context.progress(
      Progress(
        done: Double(reader.position), total: Double(reader.size), unit: "bytes", note: note))
  }

  private func clean(_ document: Document, _ lines: RepeatedLines) throws {
    let text = PythonText(document.text)
    let (cleaned, removed) = lines.cleaned(text, lines.hashes(text))
    var kept = document
    if removed > 0 { kept.text = cleaned.string }
    let isEmpty = cleaned.stripped(cleaned.scalars.indices).isEmpty && removed > 0
    try output.add(
      CorpusOutcome(
        document, kept: [kept],
        removal: isEmpty ? Removal(rule: "lines", reason: "every line is frequent") : nil,
        counts: removed > 0 ? ["lines/line": removed] : [:],
        isBad: parameters.truth.isBad(document)))
  }
}
