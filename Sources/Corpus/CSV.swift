/// One record of a CSV file.
package struct CSVRow: Hashable, Sendable {
  package var fields: [String]
  /// The line its first byte stands on, from 1.
  package var line: Int
  /// Where its first byte stands in the file, from 0.
  package var offset: Int
}

/// CSV as RFC 4180 has it: fields in quotes may hold commas, line breaks and doubled quotes. Records
/// end at LF, CRLF or CR outside quotes; empty lines are skipped. As Python's `csv` and pandas do, a
/// quote inside an unquoted field is a character like any other. Stricter than they are: text after
/// a closing quote and a quote that is never closed are errors.
package enum CSV {
  /// All records of a whole file, its header (if any) included. A byte order mark is skipped.
  package static func rows(
    _ bytes: [UInt8], file: String, delimiter: UInt8 = UInt8(ascii: ",")
  ) throws(CorpusError) -> [CSVRow] {
    var parser = CSVParser(file: file, delimiter: delimiter)
    return try parser.feed(bytes) + parser.finish()
  }
}

/// Reads CSV that arrives in chunks; holds no more than the record under way.
package struct CSVParser {
  private enum State {
    case recordStart, fieldStart, plain, quoted
    /// After a quote inside a quoted field: its end, or the first half of `""`.
    case quote
    /// After a CR that ended a record: an LF belongs to it.
    case carriageReturn
  }

  private let file: String
  private let delimiter: UInt8
  private var state = State.recordStart
  private var check = UTF8Check()
  private var field: [UInt8] = []
  private var row = CSVRow(fields: [], line: 1, offset: 0)
  private var rows: [CSVRow] = []
  private var offset = 0
  private var line = 1
  /// A CR was the last byte, so an LF now ends no further line.
  private var afterCarriageReturn = false
  /// The line of the last opening quote, for messages.
  private var quoteLine = 0

  package init(file: String, delimiter: UInt8 = UInt8(ascii: ",")) {
    self.file = file
    self.delimiter = delimiter
  }

  /// The records that end in this chunk.
  package mutating func feed(_ chunk: [UInt8]) throws(CorpusError) -> [CSVRow] {
    if let bad = check.feed(chunk) { throw .invalidUTF8(file, offset: bad) }
    for byte in chunk {
      try take(byte)
      countLine(byte)
      offset += 1
    }
    defer { rows = [] }
    return rows
  }

  /// The last record, when no line break ended it.
  package mutating func finish() throws(CorpusError) -> [CSVRow] {
    if let bad = check.unfinished { throw .invalidUTF8(file, offset: bad) }
    switch state {
    case .quoted:
      throw CorpusError(
        "\(file), line \(quoteLine): the quote that opens here is never closed")
    case .fieldStart, .plain, .quote: endRecord()
    case .recordStart, .carriageReturn: break
    }
    defer { rows = [] }
    return rows
  }

  private mutating func take(_ byte: UInt8) throws(CorpusError) {
    switch state {
    case .carriageReturn where byte == UInt8(ascii: "\n"): state = .recordStart
    case .recordStart, .carriageReturn: startRecord(byte)
    case .fieldStart: startField(byte)
    case .plain: if !endsField(byte) { field.append(byte) }
    case .quoted:
      if byte == UInt8(ascii: "\"") { state = .quote } else { field.append(byte) }
    case .quote:
      if byte == UInt8(ascii: "\"") {
        field.append(byte)
        state = .quoted
      } else if !endsField(byte) {
        throw CorpusError(
          "\(file), line \(line): text follows a closing quote; double the quotes inside a field")
      }
    }
  }

  private mutating func startRecord(_ byte: UInt8) {
    // A byte order mark is no part of the first field.
    if offset < 3, byte == [0xEF, 0xBB, 0xBF][offset] {
      field.append(byte)
      if field == [0xEF, 0xBB, 0xBF] { field = [] }
      return
    }
    if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
      state = byte == UInt8(ascii: "\r") ? .carriageReturn : .recordStart
      return
    }
    row = CSVRow(fields: [], line: line, offset: offset)
    startField(byte)
  }

  private mutating func startField(_ byte: UInt8) {
    if byte == UInt8(ascii: "\""), field.isEmpty {
      state = .quoted
      quoteLine = line
    } else if !endsField(byte) {
      field.append(byte)
      state = .plain
    }
  }

  /// Whether a byte outside quotes ends the field; ends it, and the record, if so.
  private mutating func endsField(_ byte: UInt8) -> Bool {
    switch byte {
    case delimiter:
      endField()
      state = .fieldStart
    case UInt8(ascii: "\n"):
      endRecord()
      state = .recordStart
    case UInt8(ascii: "\r"):
      endRecord()
      state = .carriageReturn
    default: return false
    }
    return true
  }

  private mutating func endField() {
    row.fields.append(String(decoding: field, as: UTF8.self))
    field.removeAll(keepingCapacity: true)
  }

  private mutating func endRecord() {
    endField()
    rows.append(row)
  }

  private mutating func countLine(_ byte: UInt8) {
    if byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") && !afterCarriageReturn {
      line += 1
    }
    afterCarriageReturn = byte == UInt8(ascii: "\r")
  }
}
