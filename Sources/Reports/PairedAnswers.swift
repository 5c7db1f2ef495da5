import ContentStore
import Evaluation
import Ledger

/// The answers of two evaluations to the same questions, from their `outcomes` artifacts: JSON Lines
/// with `id` and `correct` (true, false or a number), and, where the evaluation gives them, `subject`
/// and `question` (the digest of the question's text).
struct PairedAnswers {
  /// What makes a question the same in both: its text where that is known, else its id. A text that
  /// stands twice in a subject, as some of MMLU's do, is told apart by its order.
  private struct Question: Hashable {
    var subject: String
    var name: String
    var occurrence: Int
  }

  private struct Answer {
    var subject: String
    var a: Double
    var b: Double
  }

  private let answers: [Answer]

  /// Nil when either side has no outcomes, or they share no question.
  init?(_ a: StageResult, _ b: StageResult, _ read: (Digest) throws -> [UInt8]) throws {
    guard let left = a.outputs["outcomes"], let right = b.outputs["outcomes"],
      left.kind == .file, right.kind == .file
    else { return nil }
    let after = Dictionary(uniqueKeysWithValues: Self.outcomes(try read(right.digest)))
    answers = Self.outcomes(try read(left.digest)).compactMap { question, value in
      after[question].map { Answer(subject: question.subject, a: value, b: $0) }
    }
    if answers.isEmpty { return nil }
  }

  /// Lines that are no question (a document's perplexity) are passed over.
  private static func outcomes(_ bytes: [UInt8]) -> [(Question, Double)] {
    var seen: [Question: Int] = [:]
    return bytes.split(separator: 0x0A).compactMap { line in
      guard let json = try? JSON(parsing: Array(line)),
        let name = json["question"]?.stringValue ?? json["id"]?.stringValue,
        let value = json["correct"]?.boolValue.map({ $0 ? 1 : 0 }) ?? json["correct"]?.doubleValue
      else { return nil }
      var question = Question(
        subject: json["subject"]?.stringValue ?? "", name: name, occurrence: 0)
      question.occurrence = seen[question, default: 0]
      seen[Question(subject: question.subject, name: name, occurrence: 0), default: 0] += 1
      return (question, value)
    }
  }

  /// The paired difference b − a of a score, when it is the mean of the answers to questions that
  /// both sides have: `NAME`, `NAME/subject` or `NAME/category`.
  func comparison(ofScore name: String, _ a: Score, _ b: Score) -> PairedComparison? {
    let part = name.split(separator: "/", maxSplits: 1).dropFirst().first.map(String.init)
    let chosen = answers.filter { answer in
      guard let part else { return true }
      return answer.subject == part
        || SubjectCategory(subject: answer.subject)?.rawValue == part
    }
    guard !chosen.isEmpty, chosen.count == a.count, chosen.count == b.count,
      let paired = PairedComparison(a: chosen.map(\.b), b: chosen.map(\.a)),
      // Another normalisation, or a score that only shares the name.
      abs(paired.difference - (b.value - a.value)) < 1e-9
    else { return nil }
    return paired
  }
}
