import Corpus
import Numerics
package import Pipeline
import Text

extension MakeWorld {
  /// How many tuning records and questions there will be, and from a few of them how long they are. The text to
  /// train on is counted by nobody: `pretrain` says how many tokens it takes.
  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let sample = WorldSample(parameters.sizes)
    return Estimate(outputs: sample.records.merging(sample.questions) { first, _ in first })
  }
}

/// A world as it is written, looked at in a small one of the same kinds.
private struct WorldSample {
  private let sizes: WorldSizes
  private let small: World
  /// The larger world's things, as a multiple of the small one's.
  private let scale: Double

  init(_ sizes: WorldSizes) {
    self.sizes = sizes
    var few = sizes
    few.entities = min(sizes.entities, 200)
    few.retrieval = 1
    few.longWords = min(sizes.longWords, 1200)
    small = World(few, seed: 1)
    scale = Double(sizes.entities) / Double(few.entities)
  }

  /// Bytes of an answer where there are no conversations to tell.
  private static let usualAnswer = 60.0
  /// Lines that are looked at.
  private static let looked = 120

  var records: [String: DataAmount] {
    let parts: [WorldPart] = [
      .instructions, .instructionsTest, .preferences, .preferencesTest, .prompts, .promptsTest,
    ]
    var amounts: [String: DataAmount] = [:]
    for part in parts {
      let count = small.count(part)
      guard count > 0 else { continue }
      let records = (0..<min(count, Self.looked)).compactMap {
        try? TrainingRecord(line: small.line(part, at: $0).dropLast())
      }
      amounts[part.rawValue] = DataAmount(of: records)?.with(items: Double(count))
    }
    // What is to be answered is answered as in the conversations.
    for (part, like) in [("prompts", "instructions"), ("prompts-test", "instructions-test")] {
      let answer = amounts[like]?.answerBytes ?? Self.usualAnswer
      amounts[part]?.answerBytes = answer
      amounts[part]?.turns += 1
    }
    return amounts
  }

  var questions: [String: DataAmount] {
    let facts = Set(small.factSubjects)
    let asked = small.subjects.map { subject in
      (small.test(subject, .test), facts.contains(subject) ? scale : 1)
    }
    let rephrased = small.factSubjects.map { (small.test($0, .test, rephrased: true), scale) }
    var needles = Self.amount(small.retrieval.map { ($0.bytes, Double(sizes.retrieval)) })
    needles?.promptBytes *= Double(sizes.longWords) / Double(small.sizes.longWords)
    return [
      "questions": Self.amount(asked), "questions-rephrased": Self.amount(rephrased),
      "retrieval": needles,
    ].compactMapValues(\.self)
  }

  /// Of files in MMLU's layout and how many times as many rows there will be.
  private static func amount(_ files: [(bytes: [UInt8], times: Double)]) -> DataAmount? {
    let parts = files.compactMap { file -> DataAmount? in
      guard let rows = try? CSV.rows(file.bytes, file: "world"), !rows.isEmpty else {
        return nil
      }
      let given = rows.reduce(0) { $0 + ($1.fields.first?.utf8.count ?? 0) }
      let choices = rows.reduce(0) { sum, row in
        sum + row.fields.dropFirst().prefix(4).reduce(0) { $0 + $1.utf8.count }
      }
      let count = Double(rows.count)
      return DataAmount(
        items: count * file.times, promptBytes: Double(given) / count,
        answerBytes: Double(choices) / count / 4)
    }
    var joined = DataAmount(joining: parts)
    joined?.subjects = Double(parts.count)
    return joined
  }
}

extension DataAmount {
  /// Of some records; nil for none.
  init?(of records: [TrainingRecord]) {
    guard !records.isEmpty else { return nil }
    let count = Double(records.count)
    let (sizes, turns) = (records.map(\.sizes), records.map { Double($0.turns) })
    self.init(
      items: count, promptBytes: sizes.reduce(0) { $0 + Double($1.prompt) } / count,
      answerBytes: sizes.reduce(0) { $0 + $1.answer } / count, turns: turns.reduce(0, +) / count)
    for case .preference(let pair) in records.map(\.body) {
      if let level = pair.level { levels[level, default: 0] += 1 / count }
    }
  }
}

extension TrainingRecord {
  /// Bytes of what is given, and of an answer: of both of a pair the mean.
  fileprivate var sizes: (prompt: Int, answer: Double) {
    let bytes = { (messages: [ChatMessage]) in messages.reduce(0) { $0 + $1.content.utf8.count } }
    switch body {
    case .conversation(let messages):
      let answers = messages.filter { $0.role == "assistant" }
      return (bytes(messages) - bytes(answers), Double(bytes(answers)))
    case .preference(let pair):
      return (bytes(pair.prompt), Double(bytes(pair.chosen) + bytes(pair.rejected)) / 2)
    case .prompt(let messages): return (bytes(messages), 0)
    }
  }

  fileprivate var turns: Int {
    switch body {
    case .conversation(let messages), .prompt(let messages): messages.count
    case .preference(let pair): pair.prompt.count + pair.chosen.count
    }
  }
}
