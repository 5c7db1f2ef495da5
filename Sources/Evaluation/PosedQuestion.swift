package import ContentStore

/// A question in a task's words, whether it is asked or shown with its answer.
package struct PosedQuestion: Hashable, Sendable {
  package var id: String
  package var subject: String
  /// What is asked, without where it stood; its digest knows the question again in other runs.
  package var content: JSON
  /// What stands before the examples; empty for nothing.
  package var description: String
  package var text: String
  /// What may follow; empty where an answer is to be written.
  package var choices: [String]
  /// Index of the right choice; 0 where there are none.
  package var gold: Int
  /// What follows the text in an example.
  package var answer: String
  /// What the answer is made to begin with (`gen_prefix`); empty for nothing.
  package var prefix: String

  package init(
    id: String, subject: String, content: JSON, description: String = "", text: String,
    choices: [String] = [], gold: Int = 0, answer: String, prefix: String = ""
  ) {
    self.id = id
    self.subject = subject
    self.content = content
    self.description = description
    self.text = text
    self.choices = choices
    self.gold = gold
    self.answer = answer
    self.prefix = prefix
  }

  /// Whether two ask the same, wherever they stand.
  package func hasSameContent(as other: PosedQuestion) -> Bool {
    (try? content.canonical()) == (try? other.content.canonical())
  }
}

extension Unicode.Scalar? {
  fileprivate var isSpaceOrNone: Bool { self?.isPythonSpace ?? true }
}

extension String {
  /// `maybe_delimit`: with a delimiter between unless there is white space already, or nothing.
  func delimited(_ delimiter: String, _ other: String) -> String {
    if isEmpty || other.isEmpty { return self + other }
    let needsNone =
      unicodeScalars.last.isSpaceOrNone || other.unicodeScalars.first.isSpaceOrNone
    return self + (needsNone ? "" : delimiter) + other
  }

  /// `requires_delimiter`.
  func requiresDelimiter(before other: String) -> Bool {
    !isEmpty && !unicodeScalars.last.isSpaceOrNone && !other.unicodeScalars.first.isSpaceOrNone
  }

  var endsWithPythonSpace: Bool { unicodeScalars.last?.isPythonSpace ?? false }
}
