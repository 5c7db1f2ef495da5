import ContentStore
import Corpus

/// The questions of a task: files in MMLU's layout (CSV without a header: question, choices, answer),
/// JSON Lines, or arrays in JSON files.
package struct TaskData: Sendable {
  /// In the order of the paths, then of the files.
  package private(set) var records: [TaskRecord] = []

  /// - Parameters:
  ///   - files: paths and bytes; a file's name says its split and subject.
  ///   - name: what records without an `id` are called where their file says no subject.
  ///   - subject: the member that names a record's subject; empty for the files' names.
  package init(
    files: [(path: String, bytes: [UInt8])], name: String, subject: String = ""
  ) throws {
    let files = files.sorted { $0.path < $1.path }
    let names = Set(files.map { TaskFileName(path: $0.path).subject })
    var seen: [TaskFileName: String] = [:]
    for file in files {
      var place = TaskFileName(path: file.path)
      // In MMLU's layout a table that names no split is something else.
      if place.ending == "csv", !place.hasSplit { continue }
      if let other = seen.updateValue(file.path, forKey: place) {
        throw QuestionError(
          "\(other) and \(file.path) both hold \(place.split) questions on "
            + "\"\(place.subject)\"; keep one of them, or name the one to read in paths")
      }
      // MMLU's layout names subjects even when there is one; other data only where they differ.
      let isLayout = place.ending == "csv"
      if !isLayout, names.count == 1 { place.subject = "" }
      let found =
        isLayout
        ? try Self.rows(file.bytes, file.path, place)
        : try Self.objects(file.bytes, file.path, place, name: name, subject: subject)
      records += found
    }
    guard !records.isEmpty else {
      throw QuestionError(
        "no questions found: expected JSON Lines, JSON, or files such as test/anatomy_test.csv, in the "
          + "layout of MMLU (SUBJECT_dev.csv, SUBJECT_val.csv, SUBJECT_test.csv)")
    }
  }

  /// The records of one split, in order.
  package func records(in split: String) -> [TaskRecord] { records.filter { $0.split == split } }

  /// The splits that there are, sorted.
  package var splits: [String] { Set(records.map(\.split)).sorted() }

  private static func rows(
    _ bytes: [UInt8], _ path: String, _ name: TaskFileName
  ) throws -> [TaskRecord] {
    try CSV.rows(bytes, file: path).enumerated().map { index, row in
      let place = "\(path), row \(index + 1) (line \(row.line))"
      guard 4...Letters.all.count + 2 ~= row.fields.count else {
        throw QuestionError(
          "\(place): found \(row.fields.count) field\(row.fields.count == 1 ? "" : "s"), expected a "
            + "question, 2 to 26 choices and the answer's letter")
      }
      let letters = Letters.first(row.fields.count - 2)
      guard let answer = letters.firstIndex(of: row.fields[row.fields.count - 1]) else {
        throw QuestionError(
          "\(place): the answer is \"\(row.fields[row.fields.count - 1].prefix(20))\", expected "
            + "\(letters.dropLast().joined(separator: ", ")) or \(letters[letters.count - 1])")
      }
      return TaskRecord(
        id: "\(name.subject)/\(name.split)/\(index + 1)", subject: name.subject,
        split: name.split, number: index + 1, place: place,
        fields: [
          "question": .string(row.fields[0]), "answer": .integer(answer),
          "choices": .array(row.fields[1..<row.fields.count - 1].map(JSON.string)),
          "subject": .string(name.subject),
        ])
    }
  }

  private static func objects(
    _ bytes: [UInt8], _ path: String, _ file: TaskFileName, name: String, subject: String
  ) throws -> [TaskRecord] {
    let isArray =
      bytes.first { !($0 == 0x20 || 0x09...0x0D ~= $0) } == UInt8(ascii: "[")
      || file.ending == "json"
    var reader = try RecordFile(file: path, format: isArray ? .json : .jsonl)
    let objects = try reader.feed(bytes) + reader.finish()
    return try objects.enumerated().map { index, object in
      let subject = try self.subject(object, subject) ?? file.subject
      let stem = file.subject.isEmpty ? name : file.subject
      let id =
        object.members["id"].flatMap { $0.stringValue ?? $0.intValue.map(String.init) }
        ?? "\(stem)/\(file.split)/\(index + 1)"
      return TaskRecord(
        id: id, subject: subject, split: file.split, number: index + 1, place: object.place,
        fields: object.members)
    }
  }

  /// A record's own subject; nil where files name it.
  private static func subject(_ object: JSONRecord, _ member: String) throws -> String? {
    if member.isEmpty { return nil }
    guard let value = object.members[member]?.stringValue, !value.isEmpty else {
      throw QuestionError("\(object.place): the member \"\(member)\" names no subject")
    }
    return value
  }
}

/// The letters of choices.
enum Letters {
  static let all = (0..<26).map { String(UnicodeScalar(UInt8(ascii: "A") + UInt8($0))) }

  /// A, B, … — at most 26.
  static func first(_ count: Int) -> [String] { Array(all.prefix(count)) }
}
