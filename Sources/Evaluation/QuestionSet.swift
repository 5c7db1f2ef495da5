import Corpus
import ContentStore

/// A test in the original MMLU layout: `{dev,val,test}/SUBJECT_{dev,val,test}.csv`, each row
/// `question,A,B,C,D,answer`, no header.
package struct QuestionSet: Hashable, Sendable {
  /// Where one file of the layout stands.
  package struct Place: Hashable, Sendable {
    package var subject: String
    package var split: QuestionSplit

    package init(subject: String, split: QuestionSplit) {
      self.subject = subject
      self.split = split
    }

    /// From a path, whose last part decides (`anatomy_test.csv`); nil for other files.
    package init?(path: String) {
      guard let name = path.split(separator: "/").last else { return nil }
      for split in QuestionSplit.allCases {
        let ending = "_\(split.rawValue).csv"
        guard name.hasSuffix(ending), name.utf8.count > ending.utf8.count else { continue }
        self.init(subject: String(name.dropLast(ending.count)), split: split)
        return
      }
      return nil
    }

    /// `test/anatomy_test.csv`.
    package var path: String { "\(split.rawValue)/\(subject)_\(split.rawValue).csv" }
  }

  private var questions: [Place: [Question]] = [:]

  /// Reads all files of the layout among some paths, and leaves other files alone.
  package init(paths: some Sequence<String>, read: (String) throws -> [UInt8]) throws {
    var files: [Place: String] = [:]
    for path in paths.sorted() {
      guard let place = Place(path: path) else { continue }
      if let other = files.updateValue(path, forKey: place) {
        throw QuestionError(
          "\(other) and \(path) both hold \(place.subject)'s \(place.split.rawValue) questions; "
            + "keep one of them")
      }
      questions[place] = try Self.questions(try read(path), at: place, file: path)
    }
    guard !files.isEmpty else {
      throw QuestionError(
        "no questions found: expected files such as test/anatomy_test.csv, in the layout of MMLU "
          + "(SUBJECT_dev.csv, SUBJECT_val.csv, SUBJECT_test.csv)")
    }
  }

  /// Subjects that have this split, sorted.
  package func subjects(in split: QuestionSplit) -> [String] {
    questions.keys.filter { $0.split == split }.map(\.subject).sorted()
  }

  /// A subject's questions in file order; empty when there is no such file.
  package func questions(of subject: String, in split: QuestionSplit) -> [Question] {
    questions[Place(subject: subject, split: split)] ?? []
  }

  /// The questions of one file. Errors name file and row.
  package static func questions(
    _ bytes: [UInt8], at place: Place, file: String
  ) throws -> [Question] {
    try CSV.rows(bytes, file: file).enumerated().map { index, row in
      try question(row, number: index + 1, at: place, file: file)
    }
  }

  private static func question(
    _ row: CSVRow, number: Int, at place: Place, file: String
  ) throws(QuestionError) -> Question {
    let fields = row.fields
    let spot = "\(file), row \(number) (line \(row.line))"
    guard fields.count == 6 else {
      throw QuestionError(
        "\(spot): found \(fields.count) field\(fields.count == 1 ? "" : "s"), expected 6: "
          + "question, A, B, C, D, answer")
    }
    guard let answer = Question.letters.firstIndex(of: fields[5]) else {
      throw QuestionError(
        "\(spot): the answer is \"\(fields[5].prefix(20))\", expected A, B, C or D")
    }
    return Question(
      subject: place.subject, split: place.split, row: number, text: fields[0],
      choices: Array(fields[1...4]), answer: answer)
  }
}
