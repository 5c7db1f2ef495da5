import ContentStore
import Evaluation
import Ledger
package import Pipeline

/// Takes the user's own questions in, checked row by row.
package enum ImportQuestions: Stage {
  package struct Parameters: StageParameters {
    package init(from reader: inout ParameterReader) throws(ParameterError) {
      try reader.files(
        "files",
        "Files or folders in MMLU's layout: SUBJECT_dev.csv, SUBJECT_val.csv and SUBJECT_test.csv, "
          + "each row question,A,B,C,D,answer, no header.")
    }
  }

  package static let op = "import-questions"
  package static let revision = 1
  package static let summary = "Take in multiple-choice questions in MMLU's CSV layout."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("files", .files, "The question files.")],
      outputs: [Port("questions", .questions, "The same files as SPLIT/SUBJECT_SPLIT.csv.")])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let input = try context.input("files")
    let paths = try input.tree().entries.keys.sorted()
    let set = try QuestionSet(paths: paths) { try input.read(path: $0) }
    let output = try context.makeTree("questions")
    for path in paths {
      guard let place = QuestionSet.Place(path: path) else {
        context.log("left out \(path): its name does not end in _dev.csv, _val.csv or _test.csv")
        continue
      }
      try output.add(place.path, try input.read(path: path))
    }
    try output.finish()
    report(set, to: context)
  }

  /// How many questions there are, as scores that are neither good nor bad.
  private static func report(_ set: QuestionSet, to context: any StageContext) {
    for split in QuestionSplit.allCases {
      let subjects = set.subjects(in: split)
      let count = subjects.reduce(0) { $0 + set.questions(of: $1, in: split).count }
      context.score("questions/\(split.rawValue)", Score(Double(count), count: count))
      context.log("\(split.rawValue): \(count) questions on \(subjects.count) subjects")
    }
  }
}
