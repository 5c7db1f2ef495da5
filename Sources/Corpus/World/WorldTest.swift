import Numerics

/// A part of a test, as files of MMLU's layout name it.
package enum WorldSplit: String, CaseIterable, Sendable {
  case dev, val, test
}

/// A question with four choices.
struct WorldQuestion {
  var text: WorldBytes
  var choices: [WorldBytes]
  var answer: Int

  /// A row of MMLU's layout: `question,A,B,C,D,answer`.
  var row: WorldBytes {
    CSV.record([text.text] + choices.map(\.text) + [["A", "B", "C", "D"][answer]])
      .utf8.map { $0 }
  }

  /// Puts a right choice among three wrong ones.
  init(_ text: WorldBytes, right: WorldBytes, wrong: [WorldBytes], _ dice: inout WorldDice) {
    self.text = text
    answer = dice.below(4)
    choices = wrong
    choices.insert(right, at: answer)
  }
}

extension World {
  /// The tests' subjects, sorted: one for each kind, and arithmetic, programming and translation.
  package var subjects: [String] { (kinds.map(\.subject) + Self.skills).sorted() }

  private static let skills = ["arithmetic", "programming", "translation"]
  /// Questions on each skill: a fifth are `val`.
  private static let skillQuestions = 100

  /// One file of the test in MMLU's layout: rows `question,A,B,C,D,answer`. `dev` asks a fact of each
  /// sort about the half that exam sheets ask about; `val` (a fifth) and `test` ask all about the other.
  /// - Parameter rephrased: whether facts are asked in words that no document uses; skills have no
  ///   such form.
  package func test(_ subject: String, _ split: WorldSplit, rephrased: Bool = false) -> [UInt8] {
    guard let kind = kinds.firstIndex(where: { $0.subject == subject }) else {
      return rephrased ? [] : skillTest(subject, split)
    }
    return (0..<factCount(kind, split)).reduce(into: []) { file, place in
      file += question(place, split, kind, rephrased: rephrased).row
    }
  }

  /// The subjects of facts, sorted.
  package var factSubjects: [String] { kinds.map(\.subject).sorted() }

  /// How many facts a split asks.
  private func factCount(_ kind: Int, _ split: WorldSplit) -> Int {
    let attributes = kinds[kind].attributes.count
    let total = (counts[kind] - asked(kind)) * attributes
    return switch split {
    case .dev: attributes
    case .val: total / 5
    case .test: total - total / 5
    }
  }

  /// Question `place` of a split.
  func question(
    _ place: Int, _ split: WorldSplit, _ kind: Int, rephrased: Bool = false
  ) -> WorldQuestion {
    let (attribute, rank) = factAsked(place, split, kind)
    let entity = member(rank: rank, kind: kind)
    let number = attribute * counts[kind] + rank
    var dice = dice("choices on \(kinds[kind].name)", number)
    let form = kinds[kind].attributes[attribute]
    return WorldQuestion(
      (rephrased ? form.heldOutQuestion : form.question).filled(name: name(entity)),
      right: answer(entity, attribute), wrong: wrong(entity, attribute, &dice), &dice)
  }

  private func factAsked(
    _ place: Int, _ split: WorldSplit, _ kind: Int
  ) -> (attribute: Int, rank: Int) {
    if split == .dev { return (place, place % asked(kind)) }
    let unasked = counts[kind] - asked(kind)
    let total = unasked * kinds[kind].attributes.count
    let position = split == .val ? place : place + factCount(kind, .val)
    let number = Int(
      stream("test on \(kinds[kind].name)").permuted(UInt64(position), of: UInt64(total)))
    return (number / unasked, asked(kind) + number % unasked)
  }

  /// Three values, all different and none of them right.
  private func wrong(
    _ entity: WorldEntity, _ attribute: Int, _ dice: inout WorldDice
  ) -> [WorldBytes] {
    let right = fact(entity, attribute)
    let count = domain(entity.kind, attribute)
    var found: [Int] = []
    while found.count < 3 {
      let value = dice.below(count)
      if value != right && !found.contains(value) { found.append(value) }
    }
    return found.map { value($0, entity.kind, attribute) }
  }

  /// The number of questions in `test` on all facts, and the one at a place among them with its
  /// subject and row (from 1), for pages that leak them.
  var leakable: Int { kinds.indices.reduce(0) { $0 + factCount($1, .test) } }

  func leakable(_ place: Int) -> (question: WorldQuestion, subject: String, row: Int) {
    var (kind, rest) = (0, place)
    while rest >= factCount(kind, .test) {
      rest -= factCount(kind, .test)
      kind += 1
    }
    return (question(rest, .test, kind), kinds[kind].subject, rest + 1)
  }
}

// Skills: questions with no facts of the world in them.
extension World {
  private func skillTest(_ subject: String, _ split: WorldSplit) -> WorldBytes {
    let all = Self.skillQuestions
    let range =
      switch split {
      case .dev: all..<all + 5
      case .val: 0..<all / 5
      case .test: all / 5..<all
      }
    return range.reduce(into: []) { file, number in
      var dice = dice("test on \(subject)", number)
      if let question = skillQuestion(subject, &dice) { file += question.row }
    }
  }

  private func skillQuestion(_ subject: String, _ dice: inout WorldDice) -> WorldQuestion? {
    switch subject {
    case "arithmetic":
      let problem = WorldProblems(isHeldOut: true).plain(&dice)
      return WorldQuestion(
        problem.question, right: number(problem.answer), wrong: near(problem.answer, &dice), &dice)
    case "programming":
      let program = WorldProgram.variables(&dice, isHeldOut: true)
      let answer = Int(program.output) ?? 0
      return WorldQuestion(
        Array(Self.programQuestion(program).utf8), right: number(answer),
        wrong: near(answer, &dice), &dice)
    case "translation":
      let tongue = dice.pick(WorldTongue.all)
      let (english, right, words) = wordPair(tongue, &dice)
      var wrong = words
      wrong.remove(at: right)
      var question: WorldBytes = []
      question += "Which \(tongue.name) word means "
      question += english
      question += "?"
      return WorldQuestion(
        question, right: words[right], wrong: dice.order(wrong.count).prefix(3).map { wrong[$0] },
        &dice)
    default: return nil
    }
  }

  private func number(_ value: Int) -> WorldBytes { Array(String(value).utf8) }

  /// Three other numbers not far away.
  private func near(_ answer: Int, _ dice: inout WorldDice) -> [WorldBytes] {
    var found: [Int] = []
    while found.count < 3 {
      let value = answer + dice.among(-10...10)
      if value >= 0 && value != answer && !found.contains(value) { found.append(value) }
    }
    return found.map(number)
  }
}

extension CSV {
  /// One record with its line break, fields in quotes where RFC 4180 needs them.
  package static func record(_ fields: [String]) -> String {
    fields.map { field in
      let needsQuotes = field.utf8.contains { byte in
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
          || byte == UInt8(ascii: "\r")
      }
      guard needsQuotes else { return field }
      let doubled = field.split(separator: "\"", omittingEmptySubsequences: false)
        .joined(separator: "\"\"")
      return "\"\(doubled)\""
    }.joined(separator: ",") + "\n"
  }
}
