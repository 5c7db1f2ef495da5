import ContentStore

/// One column of one row group: a dictionary page, if any, and data pages.
struct ParquetColumn {
  private let parquet: ParquetFile
  private let column: ParquetFile.Column
  private let rows: Int
  private let codec: Int
  private let range: Range<Int>

  init(
    _ parquet: ParquetFile, _ column: ParquetFile.Column, _ chunk: ThriftValue, rows: Int
  ) throws(CorpusError) {
    (self.parquet, self.column, self.rows) = (parquet, column, rows)
    guard let metadata = chunk[3], let size = metadata[7]?.int, let data = metadata[9]?.int else {
      throw CorpusError("\(parquet.file): the column \"\(column.name)\" has no metadata")
    }
    // Some writers give 0 for no dictionary page.
    let first = metadata[11]?.int.flatMap { $0 > 0 ? $0 : nil } ?? data
    let start = min(first, data)
    guard start >= 4, size >= 0, start <= parquet.bytes.count - size else {
      throw CorpusError("\(parquet.file): the column \"\(column.name)\" lies outside of the file")
    }
    range = start..<start + size
    codec = metadata[4]?.int ?? 0
    let names = [
      2: "gzip", 3: "LZO", 4: "Brotli", 5: "LZ4", 6: "zstd", 7: "LZ4",
    ]
    guard codec == 0 || codec == 1 else {
      throw CorpusError(
        "\(parquet.file): the column \"\(column.name)\" is compressed with "
          + "\(names[codec] ?? "codec \(codec)"), which exp does not read; write the file uncompressed or "
          + "with snappy")
    }
  }

  private func fault(_ message: String) -> CorpusError {
    CorpusError("\(parquet.file), column \"\(column.name)\": \(message)")
  }

  private func unreadable(_ part: String) -> CorpusError {
    guard case .unread(let type) = column.kind else {
      return fault("\(part) is damaged or holds invalid UTF-8")
    }
    return fault(
      "the values are of the type \(type), which exp does not read; write the file without the "
        + "column")
  }

  /// Each row's value, nil for null. Bare byte arrays that are invalid UTF-8 are JSON's null.
  func values() throws(CorpusError) -> [JSON?] {
    var (result, position): ([JSON?], Int) = ([], range.lowerBound)
    var dictionary: [JSON] = []
    while result.count < rows, position < range.upperBound {
      var reader = ThriftReader(parquet.bytes, in: position..<range.upperBound)
      guard let header = reader.structure(), let size = header[3]?.int, let full = header[2]?.int,
        size >= 0, full >= 0, full <= 1 << 31, size <= range.upperBound - reader.position
      else { throw fault("a page's header is damaged") }
      let page = parquet.bytes[reader.position..<reader.position + size]
      position = reader.position + size
      switch header[1]?.int {
      case 2:
        let bytes = try decompress(page, full)
        var plain = ParquetPlain(bytes, column.kind)
        guard let values = plain.values(header[7]?[1]?.int ?? 0) else {
          throw unreadable("the dictionary")
        }
        dictionary = values
      case 0: result += try data(decompress(page, full), header[5], dictionary)
      case 3: result += try dataV2(page, full, header[8], dictionary)
      default: continue
      }
    }
    guard result.count == rows else {
      throw fault("there are \(result.count) values for \(rows) rows")
    }
    return result
  }

  private func decompress(_ page: ArraySlice<UInt8>, _ size: Int) throws(CorpusError) -> [UInt8] {
    if codec == 0 { return Array(page) }
    guard let bytes = Snappy.decompress(page, limit: size) else {
      throw fault("a snappy page is damaged")
    }
    return bytes
  }

  /// Version 1: levels and values compressed together.
  private func data(
    _ bytes: [UInt8], _ header: ThriftValue?, _ dictionary: [JSON]
  ) throws(CorpusError) -> [JSON?] {
    guard let count = header?[1]?.int, let encoding = header?[2]?.int else {
      throw fault("a data page's header is damaged")
    }
    var start = 0
    var present = [Bool](repeating: true, count: max(0, min(count, rows)))
    if column.isOptional {
      guard bytes.count >= 4 else { throw fault("a data page is cut off") }
      let size = (0..<4).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
      guard size <= bytes.count - 4 else { throw fault("a data page is cut off") }
      start = 4 + size
      present = try levels(bytes[4..<start], present.count)
    }
    return try join(bytes[start...], encoding, present, dictionary)
  }

  /// Version 2: levels stand uncompressed before the values.
  private func dataV2(
    _ page: ArraySlice<UInt8>, _ size: Int, _ header: ThriftValue?, _ dictionary: [JSON]
  ) throws(CorpusError) -> [JSON?] {
    guard let count = header?[1]?.int, let encoding = header?[4]?.int,
      let levelSize = header?[5]?.int, (0...page.count).contains(levelSize),
      header?[6]?.int ?? 0 == 0
    else { throw fault("a data page's header is damaged") }
    let split = page.startIndex + levelSize
    var present = [Bool](repeating: true, count: max(0, min(count, rows)))
    if column.isOptional { present = try levels(page[..<split], present.count) }
    let isCompressed = header?[7]?.bool ?? true
    let rest = page[split...]
    // Of nulls alone there may be no bytes, not even a compressed length.
    let values =
      isCompressed && !rest.isEmpty ? try decompress(rest, size - levelSize) : Array(rest)
    return try join(values[...], encoding, present, dictionary)
  }

  private func levels(_ bytes: ArraySlice<UInt8>, _ count: Int) throws(CorpusError) -> [Bool] {
    guard let levels = ParquetRuns.decode(bytes, bitWidth: 1, count: count) else {
      throw fault("a page's definition levels are damaged")
    }
    return levels.map { $0 == 1 }
  }

  private func join(
    _ bytes: ArraySlice<UInt8>, _ encoding: Int, _ present: [Bool], _ dictionary: [JSON]
  ) throws(CorpusError) -> [JSON?] {
    let count = present.count { $0 }
    var values = try decode(bytes, encoding, count, dictionary)[...]
    return present.map { $0 ? values.popFirst() : nil }
  }

  private func decode(
    _ bytes: ArraySlice<UInt8>, _ encoding: Int, _ count: Int, _ dictionary: [JSON]
  ) throws(CorpusError) -> [JSON] {
    switch encoding {
    case 0:
      var plain = ParquetPlain(Array(bytes), column.kind)
      guard let values = plain.values(count) else {
        throw unreadable("a page")
      }
      return values
    case 2, 8:
      if count == 0 { return [] }
      guard let width = bytes.first, width <= 32,
        let indices = ParquetRuns.decode(bytes.dropFirst(), bitWidth: Int(width), count: count),
        indices.allSatisfy({ dictionary.indices.contains($0) })
      else { throw fault("a page's indices are damaged") }
      return indices.map { dictionary[$0] }
    case 3 where column.kind == .bool:
      guard let bits = ParquetRuns.decode(bytes.dropFirst(4), bitWidth: 1, count: count) else {
        throw fault("a page is damaged")
      }
      return bits.map { .bool($0 == 1) }
    default:
      throw fault(
        "the values are written in encoding \(encoding), which exp does not read; write the file with "
          + "plain or dictionary encoding")
    }
  }
}
