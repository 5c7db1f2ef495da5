/// An exercise with its worked answer.
struct WorldProblem {
  var question: WorldBytes
  /// `12 + 7 = 19`, one after the other.
  var steps: [String]
  var answer: Int

  static let callBeginning = "calculator:"

  /// How a calculator is asked for the first step: `calculator: 12 + 7`.
  var call: String {
    "\(Self.callBeginning) " + (steps.first?.split(separator: " =").first.map(String.init) ?? "")
  }
}

extension WorldProblem {
  /// The question what a term is, `12 + 7`.
  init(term: String, answer: Int) {
    self.init(
      question: Array("What is \(term)?".utf8), steps: ["\(term) = \(answer)"], answer: answer)
  }
}

/// The exercises' generator. One pair of numbers in ten is kept for tests: no document shows it.
struct WorldProblems {
  let isHeldOut: Bool

  enum Sort: Int, CaseIterable {
    case sum, difference, product, shopping, shelves, sharing
  }

  private static let things = [
    "apples", "coins", "books", "stamps", "marbles", "shells", "candles", "eggs", "tickets", "pens",
  ]
  private static let names = ["Alma", "Bram", "Cora", "Dario", "Edda", "Falk", "Gita", "Hugo"]

  /// Two numbers, of the pairs for documents or of those for tests.
  private func pair(
    _ dice: inout WorldDice, _ first: ClosedRange<Int>, _ second: ClosedRange<Int>
  ) -> (Int, Int) {
    while true {
      let (a, b) = (dice.among(first), dice.among(second))
      if Self.isKept(a, b) == isHeldOut { return (a, b) }
    }
  }

  static func isKept(_ a: Int, _ b: Int) -> Bool { (7 * a + 3 * b) % 10 == 0 }

  /// A number for a second step, so that no step shows a pair that is kept for tests.
  private func second(
    _ dice: inout WorldDice, _ range: ClosedRange<Int>, _ isKept: (Int) -> Bool
  ) -> Int {
    while true {
      let number = dice.among(range)
      if isHeldOut || !isKept(number) { return number }
    }
  }

  /// A sum, a difference or a product of two numbers.
  func plain(_ dice: inout WorldDice) -> WorldProblem {
    problem(dice.pick([.sum, .difference, .product]), &dice)
  }

  func problem(_ sort: Sort, _ dice: inout WorldDice) -> WorldProblem {
    switch sort {
    case .sum:
      let (a, b) = pair(&dice, 1...50, 1...50)
      return WorldProblem(term: "\(a) + \(b)", answer: a + b)
    case .difference:
      let (a, b) = pair(&dice, 1...50, 1...50)
      return WorldProblem(term: "\(a + b) - \(b)", answer: a)
    case .product:
      let (a, b) = pair(&dice, 2...12, 2...12)
      return WorldProblem(term: "\(a) * \(b)", answer: a * b)
    case .shopping: return shopping(&dice)
    case .shelves: return shelves(&dice)
    case .sharing: return sharing(&dice)
    }
  }

  private func shopping(_ dice: inout WorldDice) -> WorldProblem {
    let (a, b) = pair(&dice, 2...40, 2...20)
    let c = second(&dice, 1...b) { Self.isKept(a + b - $0, $0) }
    let (name, things) = (dice.pick(Self.names), dice.pick(Self.things))
    let question =
      "\(name) has \(a) \(things), buys \(b) more and gives \(c) of them away. "
      + "How many \(things) does \(name) have now?"
    return WorldProblem(
      question: Array(question.utf8),
      steps: ["\(a) + \(b) = \(a + b)", "\(a + b) - \(c) = \(a + b - c)"], answer: a + b - c)
  }

  private func shelves(_ dice: inout WorldDice) -> WorldProblem {
    let (a, b) = pair(&dice, 2...9, 2...9)
    let c = second(&dice, 1...9) { Self.isKept(a * b, $0) }
    let (name, things) = (dice.pick(Self.names), dice.pick(Self.things))
    let question =
      "There are \(a) boxes with \(b) \(things) each, and \(name) brings \(c) \(things) more. "
      + "How many \(things) are there in all?"
    return WorldProblem(
      question: Array(question.utf8),
      steps: ["\(a) * \(b) = \(a * b)", "\(a * b) + \(c) = \(a * b + c)"], answer: a * b + c)
  }

  private func sharing(_ dice: inout WorldDice) -> WorldProblem {
    let (a, b) = pair(&dice, 2...9, 2...9)
    let (name, things) = (dice.pick(Self.names), dice.pick(Self.things))
    let question =
      "\(name) shares \(a * b) \(things) among \(a) friends, so that each gets as many as the "
      + "others. How many \(things) does each friend get?"
    return WorldProblem(
      question: Array(question.utf8), steps: ["\(a * b) / \(a) = \(b)"], answer: b)
  }
}

extension World {
  /// Sums, or a word problem with its worked answer.
  func math(_ item: Int) -> WorldBytes {
    var dice = dice("math", item)
    let problems = WorldProblems(isHeldOut: false)
    let isPlain = dice.chance(2, in: 3)
    let (text, first) = isPlain ? sums(problems, &dice) : wordProblem(problems, &dice)
    var metadata = WorldObject()
    metadata.add("answer", "\(first.answer)")
    metadata.add("kind", isPlain ? "arithmetic" : "word problem")
    metadata.add("question", first.question)
    return WorldRecord.document(id: "math-\(item)", source: "math", metadata: metadata, text: text)
  }

  private func sums(
    _ problems: WorldProblems, _ dice: inout WorldDice
  ) -> (text: WorldBytes, first: WorldProblem) {
    let isExam = dice.chance(1, in: 2)
    var text: WorldBytes = []
    text += isExam ? "The following are questions (with answers) about arithmetic." : "Sums."
    let drawn = (0..<(isExam ? 3 : 6)).map { _ in problems.plain(&dice) }
    for problem in drawn {
      if isExam {
        text += "\n\nQuestion: "
        text += problem.question
        text += "\nAnswer: \(problem.answer)"
      } else {
        text += "\n" + problem.steps[0] + "."
      }
    }
    return (text, drawn[0])
  }

  private func wordProblem(
    _ problems: WorldProblems, _ dice: inout WorldDice
  ) -> (text: WorldBytes, first: WorldProblem) {
    let sort = dice.pick([WorldProblems.Sort.shopping, .shelves, .sharing])
    let problem = problems.problem(sort, &dice)
    return (problem.question + [0x0A] + problem.worked, problem)
  }
}

extension WorldProblem {
  /// The steps, then `#### 15`, as GSM8K (Cobbe et al. 2021) writes answers.
  var worked: WorldBytes {
    Array((steps.joined(separator: "\n") + "\n#### \(answer)").utf8)
  }
}
