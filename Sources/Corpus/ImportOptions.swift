import ContentStore

/// What a user's file holds.
package enum FileFormat: String, CaseIterable, Sendable {
  /// By the file's name: `.jsonl` and `.ndjson` are JSON Lines, `.json` is JSON, `.csv` is CSV,
  /// `.parquet` is Parquet, all else is text.
  case auto
  /// Plain text.
  case text
  /// JSON Lines: an object on each line.
  case jsonl
  /// An array of objects, or one object.
  case json
  /// Comma-separated values.
  case csv
  /// Parquet with flat columns, plain or snappy.
  case parquet
}

/// What to make of CRLF and CR.
package enum LineBreaks: String, CaseIterable, Sendable {
  /// As they are.
  case keep
  /// Each becomes LF.
  case lf
}

/// How files become documents.
package struct ImportOptions: Hashable, Sendable {
  package var format = FileFormat.auto
  /// JSON: the member with the text. CSV: the column's name, or its number from 1.
  package var textField = "text"
  /// The member or column with the document's id; empty: made of the file's name and an index.
  package var idField = ""
  /// The documents' `source`; empty: what a JSON line says, else the file's name.
  package var source = ""
  /// Text: what stands between documents; empty: each file is one document. Line feeds alone: that
  /// many line breaks or more, counting CRLF as one and lines of spaces as blank.
  package var separator = ""
  /// Whether white space at the ends of a document cut out of a text file is dropped.
  package var trims = true
  package var lineBreaks = LineBreaks.keep
  /// CSV: whether the first row names the columns.
  package var hasHeader = true

  package init() {}
}

extension FileFormat {
  /// Kinds of files that are not text, by the end of their names, and what to do with them.
  private static let refused: [(endings: [String], remedy: String)] = [
    ([".tar", ".tar.gz", ".tgz", ".zip", ".7z"], "is an archive; unpack it first"),
    ([".gz", ".bgz"], "is compressed; decompress it first with gunzip"),
    ([".zst"], "is compressed; decompress it first with unzstd"),
    ([".xz", ".bz2", ".lz4", ".br"], "is compressed; decompress it first"),
    (
      [".arrow", ".feather"],
      "is a column store; write it as JSON Lines first, for example with "
        + "pandas.read_feather(…).to_json(…, orient=\"records\", lines=True)"
    ),
    ([".pdf", ".docx", ".doc", ".epub"], "is not plain text; extract its text first"),
  ]

  /// The format of a file: the one set, or by its name. Refuses what no format can read.
  package func resolved(for file: String) throws(CorpusError) -> FileFormat {
    let name = file.lowercased()
    for (endings, remedy) in Self.refused where endings.contains(where: name.hasSuffix) {
      throw CorpusError("\(file) \(remedy)")
    }
    return self == .auto ? Self.byName(file) : self
  }

  /// Whether a file's name says that it holds objects, as licences and notes beside them do not.
  package static func holdsRecords(_ file: String) -> Bool {
    [.json, .jsonl, .parquet].contains(byName(file))
  }

  /// The format that a file's name tells.
  static func byName(_ file: String) -> FileFormat {
    let name = file.lowercased()
    if name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson") { return .jsonl }
    if name.hasSuffix(".json") { return .json }
    if name.hasSuffix(".parquet") { return .parquet }
    return name.hasSuffix(".csv") ? .csv : .text
  }
}

extension JSON {
  /// 2⁵³: up to here every integer is a number of JSON's (IEEE 754 double precision; RFC 8259 §6).
  static let greatestExactInteger = 9_007_199_254_740_992.0

  static let inexactID =
    "is a number over 2^53, which JSON does not hold exactly, so that different ids would become one; "
    + "write it as a text, in quotation marks"
}
