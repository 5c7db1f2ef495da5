import ContentStore
import Corpus
import Ledger
package import Pipeline
import Text

/// Takes in conversations, instructions and preferences as the records that post-training reads.
package enum ImportRecords: Stage {
  package struct Parameters: StageParameters {
    var format: FileFormat
    var options = RecordOptions()
    var validationShare: Double

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      try reader.files("files", "JSON, JSON Lines or Parquet files, or folders of them, in UTF-8.")
      format = try reader.choice(
        "format", default: .auto,
        "What the files hold: json, jsonl or parquet. auto goes by the name.")
      options.shape = try reader.choice(
        "shape", default: .auto,
        "What the objects are. chat: messages (or ShareGPT's conversations). instruction: instruction, "
          + "input and output, and kin. preference: chosen and rejected. auto goes by each object's members."
      )
      options.idField = try reader.string(
        "idField", default: "",
        "The member with the record's id. Empty: the file's name, # and an index.")
      options.source = try reader.string(
        "source", default: "",
        "The records' source. Empty: the member source, else the file's name.")
      options.levelField = try reader.string(
        "levelField", default: "level",
        "The member that says how much better a chosen response is: 1 (significantly) to 4 (negligibly), "
          + "or in words.")
      validationShare = try reader.number(
        "validationShare", default: 0, in: 0...0.9,
        "The share of records held out, as the output validation. What the user says first decides alone, so "
          + "that sets with the same prompts hold out the same ones.")
      if format == .text || format == .csv {
        throw ParameterError(path: "format", message: "must be auto, json, jsonl or parquet")
      }
    }
  }

  package static let op = "import-records"
  package static let revision = 2
  package static let summary =
    "Take in conversations, instructions and preferences as records for post-training."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("files", .files, "The files.")],
      outputs: [Port("records", .records, "A conversation or a preference on each line.")]
        + (parameters?.validationShare == 0
          ? []
          : [
            Port(
              "validation", .records, "The records held out, with validationShare.",
              optional: parameters == nil)
          ]))
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let run = RecordRun(
      parameters, in: context, to: try context.makeFile("records"),
      heldOut: parameters.validationShare > 0 ? try context.makeFile("validation") : nil)
    let input = try context.input("files")
    let entries = try input.tree().entries.sorted { FileSystem.precedes($0.key, $1.key) }
    for (path, entry) in entries {
      try context.checkCancellation()
      if entry.size == 0 {
        context.log("left out \(path): it is empty")
      } else if parameters.format == .auto, !FileFormat.holdsRecords(path) {
        context.log("left out \(path): its name does not end in .json, .jsonl, .ndjson or .parquet")
      } else if try parameters.format.resolved(for: path) == .parquet {
        try run.add(parquet: path, input.store.read(entry.object))
      } else {
        try run.add(path, input.store.makeReader(entry.object))
      }
    }
    try run.finish()
  }
}

/// Files becoming records.
private final class RecordRun {
  private let parameters: ImportRecords.Parameters
  private let context: any StageContext
  private let output: any OutputFile
  private let heldOut: (any OutputFile)?
  private var held = 0
  private var (conversations, preferences, messages) = (0, 0, 0)
  private var levels: [Int: Int] = [:]

  init(
    _ parameters: ImportRecords.Parameters, in context: any StageContext, to output: any OutputFile,
    heldOut: (any OutputFile)?
  ) {
    self.parameters = parameters
    self.context = context
    self.output = output
    self.heldOut = heldOut
  }

  func add(_ path: String, _ reader: ObjectReader) throws {
    var file = try RecordFile(file: path, format: parameters.format)
    let importer = RecordImporter(file: path, options: parameters.options)
    var done = 0
    while let chunk = try reader.next() {
      try context.checkCancellation()
      for object in try file.feed(chunk) { try write(importer.records(of: object)) }
      done += chunk.count
      context.progress(Progress(done: Double(done), total: Double(reader.size), unit: "bytes"))
    }
    for object in try file.finish() { try write(importer.records(of: object)) }
  }

  func add(parquet path: String, _ bytes: [UInt8]) throws {
    let file = try context.parquet(bytes, path)
    let importer = RecordImporter(file: path, options: parameters.options)
    var index = 0
    for group in 0..<file.groupCount {
      try context.checkCancellation()
      for row in try file.rows(ofGroup: group) {
        let object = JSONRecord(
          members: row, index: index, offset: nil, place: "\(path), row \(index + 1)")
        try write(importer.records(of: object))
        index += 1
      }
    }
  }

  private func write(_ records: [TrainingRecord]) throws {
    for record in records {
      let isHeldOut = Tokenize.isHeldOut(
        record.opening, share: parameters.validationShare)
      if isHeldOut { held += 1 }
      try (isHeldOut ? heldOut ?? output : output).write(record.line())
      switch record.body {
      case .conversation(let list):
        conversations += 1
        messages += list.count
      case .preference(let pair):
        preferences += 1
        messages += pair.prompt.count + pair.chosen.count + pair.rejected.count
        if let level = pair.level { levels[level, default: 0] += 1 }
      case .prompt(let prompt): messages += prompt.count
      }
    }
  }

  func finish() throws {
    guard conversations + preferences > 0 else {
      throw StageError("the files hold no records; name other files")
    }
    if let heldOut {
      guard held < conversations + preferences else {
        throw StageError("every record fell to validation; lower validationShare")
      }
      guard held > 0 else {
        throw StageError("no record fell to validation; raise validationShare")
      }
      try heldOut.finish()
      context.score("validation", Score(Double(held)))
    }
    try output.finish()
    context.score("conversations", Score(Double(conversations)))
    context.score("preferences", Score(Double(preferences)))
    context.score("messages", Score(Double(messages)))
    for level in levels.keys.sorted() {
      context.score("level/\(level)", Score(Double(levels[level] ?? 0)))
    }
    context.log("\(conversations) conversations, \(preferences) preferences")
  }
}

extension TrainingRecord {
  /// What the user says first; the id where nobody does.
  fileprivate var opening: String {
    let messages =
      switch body {
      case .conversation(let messages), .prompt(let messages): messages
      case .preference(let pair): pair.prompt
      }
    return messages.first { $0.role == "user" }?.content ?? id
  }
}
