import ContentStore
import Corpus
import Evaluation
import Pipeline

/// Which parts of test sets count, and what of an item is its text.
struct TestSetOptions: Sendable {
  let splits: [QuestionSplit]
  let usesChoices: Bool
  let fields: [String]

  init(from reader: inout ParameterReader) throws(ParameterError) {
    let names = try reader.strings(
      "splits", default: ["test"], "Of tests in MMLU's layout: the parts that count.")
    var splits: [QuestionSplit] = []
    for name in names {
      guard let split = QuestionSplit(rawValue: name) else {
        throw ParameterError(
          path: "splits", message: "there is no part \"\(name)\"; name dev, val, test")
      }
      splits.append(split)
    }
    self.splits = splits
    usesChoices = try reader.boolean(
      "choices", default: true,
      "Of tests in MMLU's layout: whether the choices belong to an item's text, after its question."
    )
    fields = try reader.strings(
      "fields", default: ["question", "query", "prompt", "text", "choices"],
      "Of tests in JSON Lines: the members (texts, or lists of texts) that make an item's text.")
  }

  /// The items of one test set: questions in MMLU's layout, or JSON Lines.
  func items(_ input: InputArtifact, set: String) throws -> [TestItem] {
    input.artifact.kind == .tree ? try questions(input, set) : try lines(input, set)
  }

  private func questions(_ input: InputArtifact, _ set: String) throws -> [TestItem] {
    let questions = try QuestionSet(paths: input.tree().entries.keys) { try input.read(path: $0) }
    return splits.flatMap { split in
      questions.subjects(in: split).flatMap { questions.questions(of: $0, in: split) }
    }.map { question in
      let choices = usesChoices ? question.choices : []
      return TestItem(
        id: question.id, set: set, text: ([question.text] + choices).joined(separator: "\n"))
    }
  }

  private func lines(_ input: InputArtifact, _ set: String) throws -> [TestItem] {
    let reader = try input.store.makeReader(input.artifact.digest)
    var (items, number): ([TestItem], Int) = ([], 0)
    while let line = try reader.nextLine() {
      number += 1
      // Blank, or what is left of one that ended in CR LF.
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
      let json: JSON
      do { json = try JSON(parsing: line) } catch {
        throw StageError("the input \"\(set)\", line \(number), is no JSON: \(error)")
      }
      let text = fields.compactMap { json[$0] }.flatMap { value in
        value.stringValue.map { [$0] } ?? (value.arrayValue ?? []).compactMap(\.stringValue)
      }
      guard !text.isEmpty else {
        throw StageError(
          "the input \"\(set)\", line \(number), has none of the members "
            + fields.joined(separator: ", ") + "; set fields to those that hold an item's text")
      }
      items.append(
        TestItem(
          id: json["id"]?.stringValue ?? "\(set)/\(number)", set: set,
          text: text.joined(separator: "\n")))
    }
    return items
  }
}
