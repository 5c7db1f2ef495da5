package import ContentStore

/// A Parquet file (parquet-format 2.11) in memory: flat columns, PLAIN and dictionary encodings,
/// uncompressed or snappy pages. What else there is, is refused by name.
///
/// Integers beyond 2^53 and decimals become texts with all digits; dates and times are the integers that they
/// are stored as. Byte arrays that are not said to be text are texts where all of a column's are valid UTF-8,
/// as some writers do not say it; else the column is binary and left out.
package struct ParquetFile {
  struct Column {
    var name: String
    var kind: ParquetKind
    /// Whether the column may hold nulls.
    var isOptional: Bool
    /// Whether the column is binary.
    var isLeftOut = false
  }

  let file: String
  let bytes: [UInt8]
  private(set) var columns: [Column]
  private let groups: [ThriftValue]
  /// Rows in all row groups.
  package let rowCount: Int

  package init(_ bytes: [UInt8], file: String) throws(CorpusError) {
    self.bytes = bytes
    self.file = file
    let magic = Array("PAR1".utf8)
    guard bytes.count >= 12, bytes.starts(with: magic), bytes.suffix(4) == magic[...] else {
      throw CorpusError("\(file) is no Parquet file: \"PAR1\" is not at its beginning and end")
    }
    let length = (0..<4).reduce(0) { $0 | Int(bytes[bytes.count - 8 + $1]) << (8 * $1) }
    let end = bytes.count - 8
    var reader = ThriftReader(bytes, in: max(4, end - length)..<end)
    guard length <= end - 4, let footer = reader.structure(), let schema = footer[2]?.list,
      let groups = footer[4]?.list, let rows = footer[3]?.int
    else { throw CorpusError("\(file): the Parquet footer is damaged") }
    self.groups = groups
    rowCount = rows
    columns = try Self.columns(schema, bytes, file)
    for index in columns.indices { columns[index].isLeftOut = try isBinary(index) }
  }

  /// The names of the columns whose values are binary, which no row has.
  package var leftOut: [String] { columns.filter(\.isLeftOut).map(\.name) }

  private func isBinary(_ column: Int) throws(CorpusError) -> Bool {
    guard case .bare = columns[column].kind else { return false }
    for group in groups.indices where try values(column, inGroup: group).contains(.null) {
      return true
    }
    return false
  }

  private static func columns(
    _ schema: [ThriftValue], _ bytes: [UInt8], _ file: String
  ) throws(CorpusError) -> [Column] {
    var columns: [Column] = []
    for element in schema.dropFirst() {
      var name = "?"
      if case .bytes(let range)? = element[4] {
        name = String(decoding: bytes[range], as: UTF8.self)
      }
      guard element[5]?.int ?? 0 == 0, element[3]?.int ?? 0 < 2, element[1]?.int != nil else {
        throw CorpusError(
          "\(file): the column \"\(name)\" is nested or repeated, which exp does not read; write the "
            + "file as JSON Lines, for example with pandas.read_parquet(…).to_json(…, "
            + "orient=\"records\", lines=True)")
      }
      columns.append(
        Column(name: name, kind: ParquetKind(element), isOptional: element[3]?.int == 1))
    }
    return columns
  }

  package var groupCount: Int { groups.count }

  /// The rows of a row group, each an object with the columns that are not null and not left out.
  package func rows(ofGroup index: Int) throws(CorpusError) -> [[String: JSON]] {
    var rows = [[String: JSON]](repeating: [:], count: try chunks(ofGroup: index).rows)
    for (number, column) in columns.enumerated() where !column.isLeftOut {
      for (row, value) in try values(number, inGroup: index).enumerated() {
        if let value { rows[row][column.name] = value }
      }
    }
    return rows
  }

  private func chunks(
    ofGroup index: Int
  ) throws(CorpusError) -> (rows: Int, columns: [ThriftValue]) {
    let count = groups[index][3]?.int ?? 0
    guard count >= 0, count <= rowCount, let chunks = groups[index][1]?.list,
      chunks.count == columns.count
    else { throw CorpusError("\(file): row group \(index) is damaged") }
    return (count, chunks)
  }

  /// A group without rows has no pages, and where they would lie says nothing.
  private func values(_ column: Int, inGroup index: Int) throws(CorpusError) -> [JSON?] {
    let (rows, chunks) = try chunks(ofGroup: index)
    if rows == 0 { return [] }
    return try ParquetColumn(self, columns[column], chunks[column], rows: rows).values()
  }
}
