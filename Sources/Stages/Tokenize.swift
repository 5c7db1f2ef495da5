import ContentStore
import Corpus
import Ledger
import Numerics
package import Pipeline
import Text

/// Turns documents into arrays of token ids, some documents held out for validation.
package enum Tokenize: Stage {
  package struct Parameters: StageParameters {
    var validationShare: Double
    var endToken: String
    var minimumTokens: Int
    var parsesSpecialTokens: Bool

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      validationShare = try reader.number(
        "validationShare", default: 0.05, in: 0...0.9,
        "The share of documents held out. A document's id alone decides, so that documents stay where "
          + "they are when others are added.")
      endToken = try reader.string(
        "endToken", default: "<|endoftext|>",
        "The special token put after every document; empty for none.")
      minimumTokens = try reader.integer(
        "minimumTokens", default: 1, in: 1...1 << 40, unit: "tokens",
        "Documents with fewer tokens are left out.")
      parsesSpecialTokens = try reader.boolean(
        "parseSpecialTokens", default: false,
        "Whether special tokens written in a text count as such, not as the text they are.")
    }
  }

  package static let op = "tokenize"
  package static let revision = 1
  package static let summary = "Turn documents into arrays of token ids, some held out."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("documents", .documents, "The text."),
        Port("tokenizer", .tokenizer, "The tokenizer."),
      ],
      outputs: [Port("tokens", .tokens, "Token ids and where documents start, as .npy.")])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    try TokenizeRun(parameters, in: context).run()
  }

  /// Whether a document is held out: a draw by its id from 0 to 1, below the share.
  package static func isHeldOut(_ id: String, share: Double) -> Bool {
    let digest = SHA256.hash(Array("exp.validation\0\(id)".utf8))
    let word = digest.bytes.prefix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    return Double(word >> 11) * 0x1p-53 < share
  }
}

/// Documents becoming tokens.
private final class TokenizeRun {
  private let parameters: Tokenize.Parameters
  private let context: any StageContext
  private let tokenizer: Tokenizer
  private let endToken: Int?
  private let output: any OutputTree
  private var writers: [TokenFiles.Split: SplitWriter] = [:]
  private var tooShort = 0
  private var bytes = 0

  init(_ parameters: Tokenize.Parameters, in context: any StageContext) throws {
    self.parameters = parameters
    self.context = context
    tokenizer = try context.input("tokenizer").tokenizer()
    endToken = try Self.endToken(parameters.endToken, in: tokenizer)
    output = try context.makeTree("tokens")
    try FileSystem.createFolder(context.scratchFolder)
    for split in TokenFiles.Split.allCases {
      writers[split] = try SplitWriter(
        split, isWide: tokenizer.vocabularySize > 1 << 16, in: output,
        scratchFolder: context.scratchFolder)
    }
  }

  private static func endToken(_ content: String, in tokenizer: Tokenizer) throws -> Int? {
    if content.isEmpty { return nil }
    if let id = tokenizer.id(ofAdded: content) { return id }
    let names = tokenizer.addedTokens.map(\.content)
    throw StageError(
      "the tokenizer has no special token \"\(content)\"" + didYouMean(content, among: names)
        + "; set endToken to one of \(names.joined(separator: ", ")), or to \"\" for none")
  }

  func run() throws {
    let reader = try context.input("documents").documents()
    let compute = Compute(threads: context.threads)
    let (tokenizer, parsesSpecial) = (tokenizer, parameters.parsesSpecialTokens)
    let encoders = Pool { Encoder(tokenizer, parsingSpecial: parsesSpecial) }
    while true {
      let batch = try reader.nextBatch(bytes: documentBatchBytes)
      if batch.isEmpty { break }
      try context.checkCancellation()
      for (document, ids) in zip(batch, batch.encoded(by: encoders, compute)) {
        try add(document, ids)
      }
      context.progress(
        Progress(done: Double(reader.position), total: Double(reader.size), unit: "bytes"))
    }
    try finish()
  }

  private func add(_ document: Document, _ ids: [Int32]) throws {
    guard ids.count >= parameters.minimumTokens else {
      tooShort += 1
      return
    }
    bytes += document.text.utf8.count
    let heldOut = Tokenize.isHeldOut(document.id, share: parameters.validationShare)
    let tokens = ids + (endToken.map { [Int32($0)] } ?? [])
    try writers[heldOut ? .validation : .train]?.add(document, tokens)
  }

  private func finish() throws {
    if tooShort > 0 {
      context.log(
        "left out \(tooShort) documents of fewer than \(parameters.minimumTokens) tokens")
    }
    var description = TokenFiles(
      vocabularySize: tokenizer.vocabularySize, endToken: endToken, tokenCounts: [:],
      documentCounts: [:])
    for split in TokenFiles.Split.allCases {
      guard let writer = writers[split] else { continue }
      try writer.finish()
      description.tokenCounts[split] = writer.tokenCount
      description.documentCounts[split] = writer.documentCount
    }
    try check(description)
    try output.add(TokenFiles.description, description.json.canonical())
    try output.finish()
    report(description)
  }

  private func check(_ description: TokenFiles) throws {
    let documents = description.documentCounts
    if documents[.train] == 0 {
      throw StageError(
        documents[.validation] == 0
          ? "the documents hold no text to tokenize"
          : "every document fell to validation and none to training; cut the text into more "
            + "documents (import's separator) or lower validationShare")
    }
    if parameters.validationShare > 0, documents[.validation] == 0 {
      context.log(
        "no document fell to validation; cut the text into more documents (import's separator) or "
          + "raise validationShare")
    }
  }

  private func report(_ description: TokenFiles) {
    var total = 0
    for split in TokenFiles.Split.allCases {
      let count = description.tokenCounts[split] ?? 0
      total += count
      context.score("\(split.rawValue)/tokens", Score(Double(count)))
      context.score(
        "\(split.rawValue)/documents", Score(Double(description.documentCounts[split] ?? 0)))
    }
    context.score("bytesPerToken", Score(Double(bytes) / Double(max(1, total)), count: total))
  }
}

extension [Document] {
  /// The ids of each document, in order, worked out by several threads.
  fileprivate func encoded(by encoders: Pool<Encoder>, _ compute: Compute) -> [[Int32]] {
    let parts = Pool<[(first: Int, ids: [[Int32]])]> { [] }
    compute.split(count) { part in
      let ids = encoders.borrow { encoder in part.map { encoder.encode(self[$0].text) } }
      parts.borrow { $0.append((part.lowerBound, ids)) }
    }
    return parts.all.joined().sorted { $0.first < $1.first }.flatMap(\.ids)
  }
}

/// One part's files. Tokens and document starts wait in scratch files, because an `.npy` begins with
/// how many there are; nothing grows with the corpus.
private final class SplitWriter {
  private let output: any OutputTree
  private let tokens: ScratchColumn
  private let starts: ScratchColumn
  private let origins: any OutputFile
  private var tokenBytes: TokenBytes
  private var startBytes: [UInt8] = []
  private(set) var tokenCount = 0
  private(set) var documentCount = 0

  init(
    _ split: TokenFiles.Split, isWide: Bool, in output: any OutputTree, scratchFolder: String
  ) throws {
    self.output = output
    tokenBytes = TokenBytes(isWide: isWide)
    tokens = try ScratchColumn(split.tokensPath, in: scratchFolder)
    starts = try ScratchColumn(split.documentsPath, in: scratchFolder)
    origins = try output.makeFile(split.originsPath)
  }

  func add(_ document: Document, _ ids: [Int32]) throws {
    withUnsafeBytes(of: UInt64(tokenCount).littleEndian) { startBytes += $0 }
    for id in ids { tokenBytes.append(UInt32(id)) }
    documentCount += 1
    tokenCount += ids.count
    if tokenBytes.bytes.count >= 1 << 20 { try flush() }
    try origins.write(TokenFiles.Origin(document).line())
  }

  private func flush() throws {
    try tokens.write(tokenBytes.take())
    try starts.write(startBytes)
    startBytes.removeAll(keepingCapacity: true)
  }

  func finish() throws {
    try flush()
    try tokens.finish(
      tokenBytes.isWide
        ? NPY.header(UInt32.self, shape: [tokenCount])
        : NPY.header(UInt16.self, shape: [tokenCount]), into: output)
    try starts.finish(NPY.header(UInt64.self, shape: [documentCount]), into: output)
    try origins.finish()
  }
}
