package import ContentStore

/// One question of a task's data, as it was written.
package struct TaskRecord: Hashable, Sendable {
  /// The record's own `id`, else `anatomy/test/17`.
  package var id: String
  /// Empty where the data has only one.
  package var subject: String
  /// `test`, `val`, `dev` or `train`, by the file's name.
  package var split: String
  /// The record's number in its file, from 1.
  package var number: Int
  /// What errors call it: `arc.jsonl, line 3`.
  package var place: String
  package var fields: [String: JSON]

  package init(
    id: String, subject: String, split: String, number: Int, place: String,
    fields: [String: JSON]
  ) {
    self.id = id
    self.subject = subject
    self.split = split
    self.number = number
    self.place = place
    self.fields = fields
  }
}

/// What a file's name says: `test/anatomy_test.csv` holds `test` questions on `anatomy`. A name without a
/// split's means `test`.
struct TaskFileName: Hashable, Sendable {
  var subject: String
  var split: String
  /// Without the point, in lower case.
  var ending: String
  /// Whether the name says the split.
  var hasSplit = false

  private static let splits = [
    "test": "test", "val": "val", "valid": "val", "validation": "val", "dev": "dev",
    "train": "train",
  ]

  init(path: String) {
    var name = path.split(separator: "/").last.map(String.init) ?? path
    ending = ""
    if let point = name.lastIndex(of: ".") {
      ending = name[name.index(after: point)...].lowercased()
      name = String(name[..<point])
    }
    (subject, split) = (name, "test")
    let end = name.lastIndex { "_-.".contains($0) }
    let last = end.map { String(name[name.index(after: $0)...]) } ?? name
    guard let split = Self.splits[last.lowercased()] else { return }
    (self.split, hasSplit) = (split, true)
    subject = end.map { String(name[..<$0]) } ?? ""
  }
}
