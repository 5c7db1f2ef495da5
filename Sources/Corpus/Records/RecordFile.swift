package import ContentStore

/// An object of a user's JSON or JSON Lines file, and where it lay.
package struct JSONRecord: Hashable, Sendable {
  package var members: [String: JSON]
  /// Its number among the file's objects, from 0.
  package var index: Int
  /// Bytes from the file's beginning; nil in a column store.
  package var offset: Int?
  /// What errors call it.
  package var place: String

  package init(members: [String: JSON], index: Int, offset: Int?, place: String) {
    self.members = members
    self.index = index
    self.offset = offset
    self.place = place
  }
}

/// Reads objects of JSON Lines, or of an array in a JSON file, whose bytes arrive in chunks. Holds no
/// more than the object under way.
package struct RecordFile {
  private enum Form {
    case lines(TextSplitter)
    case elements(JSONElementSplitter)
  }

  private let file: String
  private let isLines: Bool
  private var form: Form
  private var check = UTF8Check()
  /// The first bytes, until it is known whether they are a byte order mark.
  private var head: [UInt8]? = []
  private var line = 0
  private var index = 0

  /// - Parameter format: `jsonl` or `json`; `auto` goes by the name.
  package init(file: String, format: FileFormat) throws(CorpusError) {
    self.file = file
    switch format == .auto ? FileFormat.byName(file) : format {
    case .jsonl: isLines = true
    case .json: isLines = false
    default:
      throw CorpusError(
        "\(file) is neither JSON (.json) nor JSON Lines (.jsonl, .ndjson) nor Parquet (.parquet); "
          + "set format")
    }
    form = Self.form(isLines, file, 0)
  }

  private static func form(_ isLines: Bool, _ file: String, _ offset: Int) -> Form {
    isLines
      ? .lines(TextSplitter(separator: [UInt8(ascii: "\n")], exactly: true, offset: offset))
      : .elements(JSONElementSplitter(file: file, offset: offset))
  }

  /// The objects that end in this chunk.
  package mutating func feed(_ chunk: [UInt8]) throws(CorpusError) -> [JSONRecord] {
    if let bad = check.feed(chunk) { throw .invalidUTF8(file, offset: bad) }
    guard let known = head else { return try take(chunk[...]) }
    let joined = known + chunk
    head = joined.count < 3 ? joined : nil
    return head == nil ? try begin(joined) : []
  }

  /// The objects that are left.
  package mutating func finish() throws(CorpusError) -> [JSONRecord] {
    if let bad = check.unfinished { throw .invalidUTF8(file, offset: bad) }
    var records: [JSONRecord] = []
    if let head { records = try begin(head) }
    switch form {
    case .lines(var splitter): return try records + self.records(splitter.finish())
    case .elements(var splitter): return try records + self.records(splitter.finish())
    }
  }

  private mutating func begin(_ bytes: [UInt8]) throws(CorpusError) -> [JSONRecord] {
    head = nil
    guard bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { return try take(bytes[...]) }
    form = Self.form(isLines, file, 3)
    return try take(bytes.dropFirst(3))
  }

  private mutating func take(_ chunk: ArraySlice<UInt8>) throws(CorpusError) -> [JSONRecord] {
    // The form is taken out while it changes, so that its buffer is not copied.
    switch form {
    case .lines(var splitter):
      form = .elements(JSONElementSplitter(file: ""))
      let pieces = splitter.feed(chunk)
      form = .lines(splitter)
      return try records(pieces)
    case .elements(var splitter):
      form = .elements(JSONElementSplitter(file: ""))
      let pieces = try splitter.feed(chunk)
      form = .elements(splitter)
      return try records(pieces)
    }
  }

  private mutating func records(
    _ pieces: [TextSplitter.Piece]
  ) throws(CorpusError) -> [JSONRecord] {
    var records: [JSONRecord] = []
    for piece in pieces {
      line += 1
      if isLines, piece.bytes.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) { continue }
      let place = isLines ? "\(file), line \(line)" : "\(file), element \(index + 1)"
      records.append(
        JSONRecord(
          members: try members(piece.bytes, place), index: index, offset: piece.offset, place: place
        ))
      index += 1
    }
    return records
  }

  private func members(
    _ bytes: ArraySlice<UInt8>, _ place: String
  ) throws(CorpusError) -> [String: JSON] {
    let json: JSON
    do throws(JSONError) {
      json = try JSON(parsing: Array(bytes))
    } catch {
      let line = isLines ? "" : "its line \(error.line), "
      throw CorpusError("\(place), \(line)column \(error.column): \(error.message)")
    }
    guard let members = json.objectValue else {
      throw CorpusError("\(place): \(isLines ? "the line holds" : "there is") no JSON object")
    }
    return members
  }
}
