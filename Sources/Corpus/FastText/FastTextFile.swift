/// fastText's `.bin` files of version 12 (fasttext.cc, `saveModel`): all numbers little-endian.
extension FastTextModel {
  private static let magic: Int32 = 793_712_314
  private static let version: Int32 = 12
  /// The `model_name` of supervised models.
  private static let supervised: Int32 = 3

  /// Hands the file to `sink` in pieces.
  package func write(to sink: ([UInt8]) throws -> Void) throws {
    var writer = LittleEndianWriter()
    writeArguments(to: &writer)
    writeDictionary(to: &writer)
    writer.bytes.append(0)  // the input matrix is not quantised
    try sink(writer.bytes)
    try Self.write(input, to: sink)
    try sink([0])  // nor is the output matrix
    try Self.write(output, to: sink)
  }

  private func writeArguments(to writer: inout LittleEndianWriter) {
    let o = options
    writer.add(Self.magic)
    writer.add(Self.version)
    // Window of context: 5, of no use to classifiers.
    for value in [o.dimension, 5, o.epochs, o.minimumCount, o.negatives, o.wordNgrams] {
      writer.add(Int32(value))
    }
    writer.add(o.loss.rawValue)
    writer.add(Self.supervised)
    for value in [o.buckets, o.minimumCharacters, o.maximumCharacters, o.updateRate] {
      writer.add(Int32(value))
    }
    writer.add((1e-4).bitPattern)  // threshold of frequent words, of no use to classifiers
  }

  private func writeDictionary(to writer: inout LittleEndianWriter) {
    let d = dictionary
    for value in [d.size, d.wordCount, d.labelCount] { writer.add(Int32(value)) }
    writer.add(d.tokenCount)
    writer.add(-1 as Int64)  // nothing is pruned
    for entry in d.entries {
      writer.bytes += d.bytes[entry.start..<entry.start + entry.length]
      writer.bytes.append(0)
      writer.add(entry.count)
      writer.bytes.append(entry.isLabel ? 1 : 0)
    }
  }

  private static func write(_ rows: FastTextRows, to sink: ([UInt8]) throws -> Void) throws {
    var writer = LittleEndianWriter()
    writer.add(Int64(rows.rows))
    writer.add(Int64(rows.columns))
    for row in 0..<rows.rows {
      let values = rows.row(row)
      for column in 0..<rows.columns { writer.add(values[column / 4][column % 4].bitPattern) }
      if writer.bytes.count >= 1 << 20 {
        try sink(writer.bytes)
        writer.bytes.removeAll(keepingCapacity: true)
      }
    }
    try sink(writer.bytes)
  }

  /// Reads a file. Quantised models (`.ftz`) and word vectors are refused.
  package init(file bytes: [UInt8]) throws(CorpusError) {
    var reader = LittleEndianReader(bytes)
    let options = try Self.readArguments(&reader)
    let dictionary = try Self.readDictionary(&reader, options)
    guard try reader.byte() == 0 else { throw .fastText("it is quantised; use the .bin file") }
    let input = try Self.readRows(&reader, options)
    guard try reader.byte() == 0 else { throw .fastText("it is quantised; use the .bin file") }
    let output = try Self.readRows(&reader, options)
    guard input.rows == dictionary.wordCount + options.buckets,
      output.rows == dictionary.labelCount
    else { throw .fastText("its matrices do not fit its words and labels") }
    guard reader.isAtEnd else { throw .fastText("something follows its end") }
    self.init(dictionary: dictionary, input: input, output: output)
  }

  private static func readArguments(
    _ reader: inout LittleEndianReader
  ) throws(CorpusError) -> FastTextOptions {
    guard try reader.int32() == magic else { throw .fastText("it does not begin as one does") }
    let version = try reader.int32()
    guard version == 11 || version == 12 else {
      throw .fastText("its version is \(version), and 11 and 12 are known")
    }
    var first: [Int] = []
    for _ in 0..<6 { first.append(Int(try reader.int32())) }
    let (loss, model) = (try reader.int32(), try reader.int32())
    guard model == supervised, let loss = FastTextOptions.Loss(rawValue: loss) else {
      throw .fastText("it holds word vectors, no classifier")
    }
    var rest: [Int] = []
    for _ in 0..<4 { rest.append(Int(try reader.int32())) }
    _ = try reader.int64()
    let hasCharacters = version > 11 && rest[2] > 0
    guard (1...1 << 20).contains(first[0]), (0...1 << 30).contains(rest[0]),
      rest[0] > 0 || !(hasCharacters || first[5] > 1)
    else { throw .fastText("its dimension or number of buckets makes no sense") }
    var options = FastTextOptions(
      dimension: first[0], epochs: first[2], minimumCount: first[3], wordNgrams: first[5],
      minimumCharacters: rest[1], maximumCharacters: hasCharacters ? rest[2] : 0, loss: loss,
      negatives: first[4], updateRate: rest[3])
    options.buckets = rest[0]
    return options
  }

  private static func readDictionary(
    _ reader: inout LittleEndianReader, _ options: FastTextOptions
  ) throws(CorpusError) -> FastTextDictionary {
    let size = Int(try reader.int32())
    let (wordCount, labelCount) = (Int(try reader.int32()), Int(try reader.int32()))
    let tokens = try reader.int64()
    guard try reader.int64() == -1 else { throw .fastText("it is pruned; use the .bin file") }
    var words: [(bytes: [UInt8], count: Int64, isLabel: Bool)] = []
    for _ in 0..<max(0, size) {
      words.append((try reader.text(), try reader.int64(), try reader.byte() == 1))
    }
    let split = words.prefix { !$0.isLabel }.count
    guard split == wordCount, words.count - split == labelCount, labelCount > 0,
      words[split...].allSatisfy(\.isLabel)
    else { throw .fastText("its words and labels are not as many as it says") }
    return FastTextDictionary(options: options, words: words, tokenCount: tokens)
  }

  private static func readRows(
    _ reader: inout LittleEndianReader, _ options: FastTextOptions
  ) throws(CorpusError) -> FastTextRows {
    let (rows, columns) = (Int(try reader.int64()), Int(try reader.int64()))
    guard columns == options.dimension, rows >= 0, rows <= reader.left / (4 * columns) else {
      throw .fastText("a matrix is not of its dimension, or is cut off")
    }
    let result = FastTextRows(rows: rows, columns: columns)
    for row in 0..<rows {
      for column in 0..<columns {
        let value = Float(bitPattern: UInt32(bitPattern: try reader.int32()))
        guard value.isFinite else { throw .fastText("a weight is \(value)") }
        result[row, column] = value
      }
    }
    return result
  }
}

extension CorpusError {
  fileprivate static func fastText(_ what: String) -> CorpusError {
    CorpusError("this is no fastText model that can be used: \(what)")
  }
}

private struct LittleEndianWriter {
  var bytes: [UInt8] = []

  mutating func add(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}

private struct LittleEndianReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var left: Int { bytes.count - position }
  var isAtEnd: Bool { left == 0 }

  private mutating func integer<Value: FixedWidthInteger>() throws(CorpusError) -> Value {
    let size = MemoryLayout<Value>.size
    guard left >= size else { throw .fastText("it is cut off") }
    let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Value.self) }
    position += size
    return Value(littleEndian: value)
  }

  mutating func byte() throws(CorpusError) -> UInt8 { try integer() }
  mutating func int32() throws(CorpusError) -> Int32 { try integer() }
  mutating func int64() throws(CorpusError) -> Int64 { try integer() }

  /// Bytes before a NUL.
  mutating func text() throws(CorpusError) -> [UInt8] {
    guard let end = bytes[position...].firstIndex(of: 0) else { throw .fastText("it is cut off") }
    defer { position = end + 1 }
    return Array(bytes[position..<end])
  }
}
