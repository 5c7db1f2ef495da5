package import ContentStore

/// Makes documents of one user's file, whose bytes arrive in chunks. Holds no more than the document
/// under way. Every document's metadata says in which `file` and at which byte `offset` it lay.
package struct DocumentImporter {
  private enum Form {
    case text(TextSplitter)
    case jsonl(TextSplitter)
    case json(JSONElementSplitter)
    case csv(CSVParser)
  }

  private let file: String
  private let options: ImportOptions
  private var form: Form
  private var check = UTF8Check()
  /// The first bytes, until it is known whether they are a byte order mark.
  private var head: [UInt8]? = []
  private var hasMark = false
  private var documents: [Document] = []
  /// Counts documents, empty ones too, so that an id stays when an empty one is filled.
  private var index = 0
  private var line = 0
  private var columns: [String]?
  /// How many documents were left out because they hold nothing.
  package private(set) var emptyCount = 0

  package init(file: String, options: ImportOptions) throws(CorpusError) {
    self.file = file
    self.options = options
    switch try options.format.resolved(for: file) {
    case .jsonl: form = .jsonl(TextSplitter(separator: [UInt8(ascii: "\n")], exactly: true))
    case .json: form = .json(JSONElementSplitter(file: file))
    case .csv: form = .csv(CSVParser(file: file))
    case .parquet, .text, .auto:
      form = .text(TextSplitter(separator: Array(options.separator.utf8)))
    }
  }

  /// The documents that end in this chunk.
  package mutating func feed(_ chunk: [UInt8]) throws(CorpusError) -> [Document] {
    if let bad = check.feed(chunk) { throw .invalidUTF8(file, offset: bad) }
    if let known = head {
      let joined = known + chunk
      head = joined.count < Self.mark.count ? joined : nil
      if head == nil { try begin(joined) }
    } else {
      try take(chunk[...])
    }
    return takeDocuments()
  }

  /// The documents that are left.
  package mutating func finish() throws(CorpusError) -> [Document] {
    if let bad = check.unfinished { throw .invalidUTF8(file, offset: bad) }
    if let head { try begin(head) }
    switch form {
    case .text(var splitter): for piece in splitter.finish() { addText(piece) }
    case .jsonl(var splitter): for piece in splitter.finish() { try addLine(piece) }
    case .json(var splitter): for piece in try splitter.finish() { try addLine(piece) }
    case .csv(var parser): for row in try parser.finish() { try addRow(row) }
    }
    return takeDocuments()
  }

  private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

  private mutating func takeDocuments() -> [Document] {
    defer { documents = [] }
    return documents
  }

  /// Takes the first bytes: a byte order mark is dropped, and its place counted.
  private mutating func begin(_ bytes: [UInt8]) throws(CorpusError) {
    head = nil
    hasMark = bytes.starts(with: Self.mark)
    guard hasMark else { return try take(bytes[...]) }
    switch form {
    case .text:
      form = .text(TextSplitter(separator: Array(options.separator.utf8), offset: 3))
      try take(bytes.dropFirst(3))
    case .jsonl:
      form = .jsonl(TextSplitter(separator: [UInt8(ascii: "\n")], exactly: true, offset: 3))
      try take(bytes.dropFirst(3))
    case .json:
      form = .json(JSONElementSplitter(file: file, offset: 3))
      try take(bytes.dropFirst(3))
    case .csv: try take(bytes[...])
    }
  }

  private mutating func take(_ chunk: ArraySlice<UInt8>) throws(CorpusError) {
    // The form is taken out while it changes, so that its buffer is not copied.
    switch form {
    case .text(var splitter):
      form = .text(TextSplitter(separator: []))
      let pieces = splitter.feed(chunk)
      form = .text(splitter)
      for piece in pieces { addText(piece) }
    case .jsonl(var splitter):
      form = .text(TextSplitter(separator: []))
      let pieces = splitter.feed(chunk)
      form = .jsonl(splitter)
      for piece in pieces { try addLine(piece) }
    case .json(var splitter):
      form = .text(TextSplitter(separator: []))
      let pieces = try splitter.feed(chunk)
      form = .json(splitter)
      for piece in pieces { try addLine(piece) }
    case .csv(var parser):
      form = .text(TextSplitter(separator: []))
      let rows = try parser.feed(Array(chunk))
      form = .csv(parser)
      for row in rows { try addRow(row) }
    }
  }

  // MARK: One document

  private mutating func addText(_ piece: TextSplitter.Piece) {
    var (bytes, offset) = (piece.bytes, piece.offset)
    if options.trims, !options.separator.isEmpty {
      bytes = bytes.drop(while: Self.isSpace)
      offset += bytes.startIndex - piece.bytes.startIndex
      while let last = bytes.last, Self.isSpace(last) { bytes.removeLast() }
    }
    add(String(decoding: bytes, as: UTF8.self), id: nil, source: nil, offset: offset, fields: [:])
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }

  private mutating func addLine(_ piece: TextSplitter.Piece) throws(CorpusError) {
    line += 1
    if piece.bytes.allSatisfy(Self.isSpace) { return }
    guard case .object(let fields) = try parse(piece.bytes) else {
      throw error(isJSON ? "the element is no JSON object" : "the line holds no JSON object")
    }
    try add(fields, offset: piece.offset)
  }

  /// Adds a row of a column store as a document; `line` is its number from 1.
  package mutating func add(row: [String: JSON]) throws(CorpusError) -> [Document] {
    line += 1
    try add(row, offset: nil)
    return takeDocuments()
  }

  private mutating func add(
    _ members: [String: JSON], offset: Int?
  ) throws(CorpusError) {
    var fields = members
    let text = try textMember(&fields)
    let id = try idMember(&fields)
    add(text, id: id, source: fields["source"]?.stringValue, offset: offset, fields: fields)
  }

  private var isJSON: Bool { if case .json = form { true } else { false } }

  /// Where an object lies: elements and rows are counted from 1, as lines are.
  private var place: String { isJSON ? "element \(line)" : "line \(line)" }

  private func error(_ message: String) -> CorpusError {
    CorpusError("\(file), \(place): \(message)")
  }

  private func parse(_ bytes: ArraySlice<UInt8>) throws(CorpusError) -> JSON {
    do throws(JSONError) {
      return try JSON(parsing: Array(bytes))
    } catch {
      let line = isJSON ? ", its line \(error.line)" : ""
      throw CorpusError("\(file), \(place)\(line), column \(error.column): \(error.message)")
    }
  }

  private func textMember(_ fields: inout [String: JSON]) throws(CorpusError) -> String {
    let name = options.textField
    guard let value = fields.removeValue(forKey: name) else {
      throw error(
        "there is no \"\(name)\"" + didYouMean(name, among: fields.keys.sorted())
          + "; set textField to the member that holds the text")
    }
    guard let text = value.stringValue else { throw error("\"\(name)\" is not a text") }
    return text
  }

  private func idMember(_ fields: inout [String: JSON]) throws(CorpusError) -> String? {
    let name = options.idField
    if name.isEmpty { return nil }
    switch fields.removeValue(forKey: name) {
    case .string(let id) where !id.isEmpty: return id
    case .number(let id) where id.magnitude <= JSON.greatestExactInteger:
      return JSON.ecmaScript(id)
    case .number: throw error("\"\(name)\" \(JSON.inexactID)")
    default: throw error("\"\(name)\" is not an id; it must be a text or a number on every line")
    }
  }

  private mutating func addRow(_ row: CSVRow) throws(CorpusError) {
    line = row.line
    if options.hasHeader, columns == nil {
      columns = row.fields
      return
    }
    let text = try cell(options.textField, "textField", of: row)
    let id = try options.idField.isEmpty ? nil : cell(options.idField, "idField", of: row)
    var fields: [String: JSON] = [:]
    for (index, value) in row.fields.enumerated() where index != text.index && index != id?.index {
      fields[name(ofColumn: index)] = .string(value)
    }
    add(text.value, id: id?.value, source: nil, offset: row.offset, fields: fields)
  }

  private func name(ofColumn index: Int) -> String {
    guard let columns, index < columns.count else { return "\(index + 1)" }
    return columns[index]
  }

  private func cell(
    _ column: String, _ parameter: String, of row: CSVRow
  ) throws(CorpusError) -> (index: Int, value: String) {
    let names = columns ?? []
    guard
      let index = names.firstIndex(of: column)
        ?? Int(column).flatMap({ $0 >= 1 ? $0 - 1 : nil })
    else {
      throw CorpusError(
        "\(file) has no column \"\(column)\"" + didYouMean(column, among: names)
          + "; set \(parameter) to a column's name, or to its number from 1")
    }
    guard index < row.fields.count else {
      throw error("the row has \(row.fields.count) fields, but column \(index + 1) is needed")
    }
    return (index, row.fields[index])
  }

  private mutating func add(
    _ text: String, id: String?, source: String?, offset: Int?, fields: [String: JSON]
  ) {
    defer { index += 1 }
    let text = options.lineBreaks == .lf ? Self.withLineFeeds(text) : text
    if text.isEmpty {
      emptyCount += 1
      return
    }
    var metadata: [String: JSON] = ["file": .string(file)]
    metadata["offset"] = offset.map(JSON.integer)
    if hasMark { metadata["byteOrderMark"] = true }
    if !fields.isEmpty { metadata["fields"] = .object(fields) }
    let named = options.source.isEmpty ? source ?? file : options.source
    documents.append(
      Document(
        id: id ?? "\(file)#\(index)", text: text, source: named, metadata: .object(metadata)))
  }

  private static func withLineFeeds(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "\r")) else { return text }
    var result: [UInt8] = []
    var previous: UInt8 = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\r") {
        result.append(UInt8(ascii: "\n"))
      } else if !(byte == UInt8(ascii: "\n") && previous == UInt8(ascii: "\r")) {
        result.append(byte)
      }
      previous = byte
    }
    return String(decoding: result, as: UTF8.self)
  }
}
