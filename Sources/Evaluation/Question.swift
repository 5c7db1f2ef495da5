package import ContentStore

/// What is wrong with a set of questions, and where.
package struct QuestionError: Error, Hashable, Sendable, CustomStringConvertible {
  package var message: String
  package init(_ message: String) { self.message = message }
  package var description: String { message }
}

/// The three parts of a test in MMLU's layout.
package enum QuestionSplit: String, CaseIterable, Hashable, Sendable {
  /// Examples to show in the prompt.
  case dev
  /// For choosing settings.
  case val
  /// For reporting.
  case test
}

/// A multiple-choice question with four choices.
package struct Question: Hashable, Sendable {
  package static let letters = ["A", "B", "C", "D"]

  package var subject: String
  package var split: QuestionSplit
  /// Row of the file, from 1.
  package var row: Int
  package var text: String
  /// Four.
  package var choices: [String]
  /// Index of the right choice.
  package var answer: Int

  package init(
    subject: String, split: QuestionSplit, row: Int, text: String, choices: [String], answer: Int
  ) {
    self.subject = subject
    self.split = split
    self.row = row
    self.text = text
    self.choices = choices
    self.answer = answer
  }

  /// `anatomy/test/17`.
  package var id: String { "\(subject)/\(split.rawValue)/\(row)" }

  /// What is asked, without where it stood.
  package var content: JSON {
    [
      "question": .string(text), "choices": .array(choices.map(JSON.string)),
      "answer": .integer(answer),
    ]
  }

  /// Whether two rows ask the same, wherever they stand. By code points, for Swift's own `==`
  /// takes "é" in one code point and in two for equal.
  package func hasSameContent(as other: Question) -> Bool {
    answer == other.answer && text.utf8.elementsEqual(other.text.utf8)
      && zip(choices, other.choices).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
  }
}
