import ContentStore
import Corpus
import Ledger
package import Pipeline

/// Lays documents into rows of equal length.
package enum Pack: Stage {
  package struct Parameters: StageParameters {
    var length: Int
    var strategy: PackingStrategy
    var attention: TokenFiles.Attention

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      length = try reader.integer(
        "length", in: 2...(1 << 24), unit: "tokens",
        "Tokens per row; the trainer's sequence must be the same.")
      strategy = try reader.choice(
        "strategy", default: .bfd,
        "bfd: best fit decreasing, long documents cut off. bfd-split: the same, long documents cut into "
          + "rows first. wrapped: one after another, cut where rows end.")
      attention = try reader.choice(
        "attention", default: .documents,
        "How far a token sees: its document, or all before it in its row.")
    }
  }

  package static let op = "pack"
  package static let revision = 1
  package static let summary = "Lay tokenized documents into rows of equal length."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("tokens", .tokens, "What tokenize made.")],
      outputs: [Port("tokens", .tokens, "The same documents in rows.")])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let input = try context.input("tokens")
    var description = try input.tokenDescription()
    guard description.packing == nil else {
      throw StageError("the tokens are in rows already; connect what tokenize made")
    }
    let output = try context.makeTree("tokens")
    for split in TokenFiles.Split.allCases {
      try context.checkCancellation()
      let packed = try PackedSplit(split, input, description, parameters)
      try packed.write(to: output, context)
      packed.report(to: context)
      description.tokenCounts[split] = packed.packing.rows.count * parameters.length
      description.documentCounts[split] = packed.pieceCount
    }
    guard description.tokenCounts[.train] != 0 else {
      throw StageError("the tokens hold no training documents to pack")
    }
    description.packing = TokenFiles.Packing(
      rowLength: parameters.length, strategy: parameters.strategy, attention: parameters.attention)
    try output.add(TokenFiles.description, description.json.canonical())
    try output.finish()
  }
}

/// One part of the tokens, being packed.
private struct PackedSplit {
  private let split: TokenFiles.Split
  private let tokens: [Int32]
  private let starts: [Int]
  private let origins: OriginLines
  private let description: TokenFiles
  private let isWrapped: Bool
  let packing: Packing

  init(
    _ split: TokenFiles.Split, _ input: InputArtifact, _ description: TokenFiles,
    _ parameters: Pack.Parameters
  ) throws {
    self.split = split
    self.description = description
    tokens = try NPY.decodeIntegers(input.read(path: split.tokensPath), as: Int32.self)
    let starts: [Int] = try NPY.decodeIntegers(input.read(path: split.documentsPath))
    self.starts = starts
    origins = OriginLines(try input.read(path: split.originsPath))
    guard origins.count == starts.count,
      starts.first ?? tokens.count == (starts.isEmpty ? tokens.count : 0)
    else { throw StageError("\(split.originsPath) and \(split.documentsPath) do not fit together") }
    let ends = starts.dropFirst() + [tokens.count]
    let lengths = zip(starts, ends).map { $1 - $0 }
    guard lengths.allSatisfy({ $0 >= 0 }) else {
      throw StageError("\(split.documentsPath) does not ascend")
    }
    isWrapped = parameters.strategy == .wrapped
    packing = Packing(
      lengths: lengths, rowLength: parameters.length, strategy: parameters.strategy)
  }

  /// The pieces as documents of the result, with where each begins. Of a wrapped document the pieces
  /// follow each other, so they stay one.
  private var documents: [(start: Int, length: Int, piece: Packing.Piece)] {
    var result: [(start: Int, length: Int, piece: Packing.Piece)] = []
    for (row, pieces) in packing.rows.enumerated() {
      var start = row * packing.length
      for piece in pieces {
        if isWrapped, piece.tokens.lowerBound > 0 {
          result[result.count - 1].length += piece.tokens.count
        } else {
          result.append((start, piece.tokens.count, piece))
        }
        start += piece.tokens.count
      }
    }
    return result
  }

  var pieceCount: Int { documents.count }

  func write(to output: any OutputTree, _ context: any StageContext) throws {
    try writeTokens(to: output, context)
    let documents = documents
    try output.add(split.documentsPath, TokenFiles.encode(documentStarts: documents.map(\.start)))
    try output.add(split.lengthsPath, TokenFiles.encode(documentStarts: documents.map(\.length)))
    let file = try output.makeFile(split.originsPath)
    var lines: [UInt8] = []
    for (_, _, piece) in documents {
      var origin = try origins.origin(of: piece.document)
      origin.token = piece.tokens.lowerBound
      lines += try origin.line()
      if lines.count > 1 << 20 {
        try file.write(lines)
        lines = []
      }
    }
    try file.write(lines)
    try file.finish()
  }

  private func writeTokens(to output: any OutputTree, _ context: any StageContext) throws {
    let isWide = description.vocabularySize > 1 << 16
    let file = try output.makeFile(split.tokensPath)
    let shape = [packing.rows.count * packing.length]
    try file.write(
      isWide ? NPY.header(UInt32.self, shape: shape) : NPY.header(UInt16.self, shape: shape))
    var buffer = TokenBytes(isWide: isWide)
    for (index, pieces) in packing.rows.enumerated() {
      var left = packing.length
      for piece in pieces {
        let start = starts[piece.document]
        for token in tokens[start + piece.tokens.lowerBound..<start + piece.tokens.upperBound] {
          buffer.append(UInt32(bitPattern: token))
        }
        left -= piece.tokens.count
      }
      for _ in 0..<left { buffer.append(UInt32(description.endToken ?? 0)) }
      if buffer.bytes.count > 1 << 20 {
        try file.write(buffer.take())
        try context.checkCancellation()
        context.progress(
          Progress(done: Double(index), total: Double(packing.rows.count), unit: "rows"))
      }
    }
    try file.write(buffer.take())
    try file.finish()
  }

  func report(to context: any StageContext) {
    let rows = packing.rows.count
    let places = rows * packing.length
    let padding = places - packing.tokens
    let share = places == 0 ? 0 : Double(padding) / Double(places)
    context.score("\(split.rawValue)/rows", Score(Double(rows)))
    context.score("\(split.rawValue)/tokens", Score(Double(packing.tokens)))
    context.score("\(split.rawValue)/documents", Score(Double(starts.count)))
    context.score(
      "\(split.rawValue)/paddingShare", Score(share, count: places, higherIsBetter: false))
    context.score("\(split.rawValue)/truncatedTokens", Score(Double(packing.truncated)))
    context.log(
      "\(split.rawValue): \(starts.count) documents in \(rows) rows of \(packing.length), "
        + "\(padding) tokens of padding, \(packing.truncated) tokens cut off")
  }
}
