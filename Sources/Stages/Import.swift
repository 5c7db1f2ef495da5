import ContentStore
import Corpus
import Ledger
package import Pipeline

/// Makes documents of the user's own files.
package enum Import: Stage {
  package struct Parameters: StageParameters {
    var options = ImportOptions()

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      try reader.files(
        "files", "Text, JSON, JSON Lines, CSV or Parquet files, or folders of them, in UTF-8.")
      options.format = try reader.choice(
        "format", default: .auto,
        "What the files hold. auto goes by the name: .jsonl and .ndjson are JSON Lines, .json is an array "
          + "of objects, .csv is CSV, .parquet is Parquet (flat, plain or snappy), all else is plain text."
      )
      options.textField = try reader.string(
        "textField", default: "text",
        "JSON and Parquet: the member with the text. CSV: the column's name, or its number from 1.")
      options.idField = try reader.string(
        "idField", default: "",
        "The member or column with the document's id. Empty: the file's name, # and an index.")
      options.source = try reader.string(
        "source", default: "",
        "The documents' source, by which mixtures weigh them. Empty: the member source of a JSON "
          + "line, else the file's name.")
      options.separator = try reader.string(
        "separator", default: "",
        "Text: what stands between documents, such as <|endoftext|>. Line feeds alone mean so many "
          + "line breaks or more. Empty: each file is one document.")
      options.trims = try reader.boolean(
        "trim", default: true,
        "Whether white space at the ends of documents cut out of a text file is dropped.")
      options.lineBreaks = try reader.choice(
        "lineBreaks", default: .keep, "Whether CRLF and CR stay as they are or become LF.")
      options.hasHeader = try reader.boolean(
        "header", default: true, "CSV: whether the first row names the columns.")
    }
  }

  package static let op = "import"
  package static let revision = 2
  package static let summary = "Take in text, JSON, JSON Lines, CSV and Parquet files as documents."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("files", .files, "The text files.")],
      outputs: [Port("documents", .documents, "A document on each line.")])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let run = ImportRun(parameters.options, in: context, to: try context.makeFile("documents"))
    let input = try context.input("files")
    let entries = try input.tree().entries.sorted { FileSystem.precedes($0.key, $1.key) }
    run.totalBytes = entries.reduce(0) { $0 + $1.value.size }
    for (path, entry) in entries {
      if entry.size > 0, try parameters.options.format.resolved(for: path) == .parquet {
        try run.add(parquet: path, input.store.read(entry.object))
      } else {
        try run.add(path, input.store.makeReader(entry.object))
      }
    }
    try run.finish(files: entries.count)
  }
}

/// Files becoming documents.
private final class ImportRun {
  private let options: ImportOptions
  private let context: any StageContext
  private let output: any OutputFile
  var totalBytes = 0
  private var readBytes = 0
  private var documents = 0
  private var characters = 0
  private var bytes = 0
  private var emptyFiles: [String] = []
  private var emptyDocuments = 0

  init(_ options: ImportOptions, in context: any StageContext, to output: any OutputFile) {
    self.options = options
    self.context = context
    self.output = output
  }

  func add(_ path: String, _ reader: ObjectReader) throws {
    var importer = try DocumentImporter(file: path, options: options)
    if reader.size == 0 {
      emptyFiles.append(path)
      return
    }
    while let chunk = try reader.next() {
      try context.checkCancellation()
      try write(importer.feed(chunk))
      readBytes += chunk.count
      context.progress(
        Progress(
          done: Double(readBytes), total: Double(totalBytes), unit: "bytes",
          note: "\(documents) documents"))
    }
    try write(importer.finish())
    emptyDocuments += importer.emptyCount
  }

  /// A column store cannot be read from front to back, so it is held whole.
  func add(parquet path: String, _ bytes: [UInt8]) throws {
    var importer = try DocumentImporter(file: path, options: options)
    let file = try context.parquet(bytes, path)
    for group in 0..<file.groupCount {
      try context.checkCancellation()
      for row in try file.rows(ofGroup: group) { try write(importer.add(row: row)) }
    }
    readBytes += bytes.count
    emptyDocuments += importer.emptyCount
  }

  private func write(_ batch: [Document]) throws {
    for document in batch {
      try output.write(document.line())
      documents += 1
      characters += document.text.unicodeScalars.count
      bytes += document.text.utf8.count
    }
  }

  func finish(files: Int) throws {
    note(empty: emptyFiles)
    if emptyDocuments > 0 { context.log("left out \(emptyDocuments) documents without text") }
    guard documents > 0 else {
      throw StageError("the files hold no text; name other files, or another separator or format")
    }
    try output.finish()
    context.score("documents", Score(Double(documents)))
    context.score("characters", Score(Double(characters)))
    context.score("bytes", Score(Double(bytes)))
    context.log("\(documents) documents from \(files) files, \(bytes) bytes of text")
  }

  private func note(empty paths: [String]) {
    for path in paths.prefix(10) { context.log("left out \(path): it is empty") }
    if paths.count > 10 { context.log("left out \(paths.count - 10) more empty files") }
  }
}
