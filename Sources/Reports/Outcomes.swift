import ContentStore
import Evaluation
import Ledger

/// The artifact `outcomes` of an evaluation: JSON Lines, one for each question or document. A line's members
/// that are numbers or truths may be what a score is the mean of (`correct`, first); those that are texts say
/// what it belongs to (`subject`, `cluster`, …); `question` (the digest of its text) or `id` says which it is.
struct Outcomes: Sendable {
  /// What makes a question the same in two evaluations: its text where that is known, else its id. A text
  /// that stands twice in a subject, as some of MMLU's do, is told apart by its order.
  struct Question: Hashable, Sendable {
    var subject: String
    var name: String
    var occurrence: Int
  }

  struct Line: Sendable {
    var question: Question
    var texts: [String: String]
    var numbers: [String: Double]
  }

  let lines: [Line]

  /// Nil when a result has no outcomes.
  /// - Parameter contamination: the stage's input of that name.
  init?(
    _ result: StageResult, contamination: Artifact? = nil, _ read: (Digest) throws -> [UInt8]
  ) throws {
    guard let artifact = result.outputs["outcomes"], artifact.kind == .file else { return nil }
    let found = try contamination.map { Self.contamination(try read($0.digest)) } ?? [:]
    self.init(bytes: try read(artifact.digest), contamination: found)
  }

  /// - Parameter contamination: whether a training text holds an item, by id: a line gets the text `clean` or
  ///   `contaminated`.
  init(bytes: [UInt8], contamination: [String: Bool] = [:]) {
    var seen: [Question: Int] = [:]
    lines = bytes.split(separator: 0x0A).compactMap { text in
      guard let members = (try? JSON(parsing: Array(text)))?.objectValue,
        let name = members["question"]?.stringValue ?? members["id"]?.stringValue
      else { return nil }
      var texts = members.compactMapValues(\.stringValue)
      texts["contamination"] =
        texts["id"].flatMap { contamination[$0] }.map { $0 ? "contaminated" : "clean" }
      let first = Question(subject: texts["subject"] ?? "", name: name, occurrence: 0)
      var question = first
      question.occurrence = seen[first, default: 0]
      seen[first, default: 0] += 1
      let numbers = members.compactMapValues { value in
        value.boolValue.map { $0 ? 1 : 0 } ?? value.exactValue
      }
      return Line(question: question, texts: texts, numbers: numbers)
    }
  }

  /// Lines of `decontaminate`: whether an item is contaminated, by id.
  private static func contamination(_ bytes: [UInt8]) -> [String: Bool] {
    bytes.split(separator: 0x0A).reduce(into: [:]) { items, text in
      guard let line = try? JSON(parsing: Array(text)), let id = line["id"]?.stringValue else {
        return
      }
      items[id] = line["contaminated"] == true
    }
  }
}

// Which lines a score is of.
extension Outcomes {
  /// The lines of `NAME` or `NAME/part`: all, or those that a text (`subject`, `task`, …) or the category of their
  /// subject puts there. Where lines say NAME themselves, the others are left out.
  func chosen(for name: String) -> [Line] {
    let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
    let own = lines.filter { $0.texts.values.contains(parts[0]) }
    let candidates = own.isEmpty ? lines : own
    guard parts.count == 2 else { return candidates }
    return candidates.filter { line in
      line.texts.values.contains(parts[1]) || line.numbers[parts[1]] != nil
        || SubjectCategory(subject: line.question.subject)?.rawValue == parts[1]
    }
  }

  /// Names of numbers that a score may be the mean of: the one that its name says (`NAME/acc_norm`) and no other;
  /// where the name says none, `correct`, then the others by name.
  static func measures(_ lines: [Line], of name: String) -> [String] {
    let names = lines.first.map { Set($0.numbers.keys) } ?? []
    let shared = names.filter { name in lines.allSatisfy { $0.numbers[name] != nil } }
    if let last = name.split(separator: "/").last.map(String.init), shared.contains(last),
      !lines.contains(where: { $0.question.subject == last || $0.texts["task"] == last })
    {
      return [last]
    }
    return (shared.contains("correct") ? ["correct"] : [])
      + shared.subtracting(["correct"]).sorted()
  }
}
