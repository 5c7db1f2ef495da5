package import ContentStore

/// A Parquet file (parquet-format 2.11) in memory: flat columns, PLAIN and dictionary encodings,
/// uncompressed or snappy pages. What else there is, is refused by name.
package struct ParquetFile {
  struct Column {
    var name: String
    var type: Int
    /// Whether the column may hold nulls.
    var isOptional: Bool
    /// Whether byte arrays are texts.
    var isText: Bool
  }

  let file: String
  let bytes: [UInt8]
  let columns: [Column]
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
      guard element[5]?.int ?? 0 == 0, element[3]?.int ?? 0 < 2, let type = element[1]?.int else {
        throw CorpusError(
          "\(file): the column \"\(name)\" is nested or repeated, which exp does not read; write the "
            + "file as JSON Lines, for example with pandas.read_parquet(…).to_json(…, "
            + "orient=\"records\", lines=True)")
      }
      // ConvertedType 0 is UTF8, 4 ENUM, 19 JSON; LogicalType 1 is STRING.
      let isText = [0, 4, 19].contains(element[6]?.int ?? -1) || element[10]?[1] != nil
      columns.append(
        Column(name: name, type: type, isOptional: element[3]?.int == 1, isText: isText))
    }
    return columns
  }

  package var groupCount: Int { groups.count }

  /// The rows of a row group, each an object with the columns that are not null.
  package func rows(ofGroup index: Int) throws(CorpusError) -> [[String: JSON]] {
    let count = groups[index][3]?.int ?? 0
    guard count >= 0, count <= rowCount, let chunks = groups[index][1]?.list,
      chunks.count == columns.count
    else { throw CorpusError("\(file): row group \(index) is damaged") }
    var rows = [[String: JSON]](repeating: [:], count: count)
    for (column, chunk) in zip(columns, chunks) {
      let reader = try ParquetColumn(self, column, chunk, rows: count)
      for (row, value) in try reader.values().enumerated() {
        if let value { rows[row][column.name] = value }
      }
    }
    return rows
  }
}
