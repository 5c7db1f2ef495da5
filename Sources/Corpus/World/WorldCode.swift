/// A small Python program and what it prints.
struct WorldProgram {
  var purpose: String
  var lines: [String]
  var output: String

  var source: String { lines.joined(separator: "\n") }

  private static let words = [
    "harp", "violin", "bridge", "castle", "copper", "garden", "lantern", "meadow", "ribbon",
    "window",
  ]

  /// One program of seven sorts.
  static func draw(_ dice: inout WorldDice) -> WorldProgram {
    switch dice.below(7) {
    case 0: variables(&dice, isHeldOut: false)
    case 1: loop(&dice)
    case 2: list(&dice)
    case 3: word(&dice)
    case 4: function(&dice)
    case 5: choice(&dice)
    default: table(&dice)
    }
  }

  /// The sort that tests ask about; one pair of numbers in ten is kept for them.
  static func variables(_ dice: inout WorldDice, isHeldOut: Bool) -> WorldProgram {
    var (a, b) = (0, 0)
    repeat {
      a = dice.among(2...30)
      b = dice.among(2...30)
    } while WorldProblems.isKept(a, b) != isHeldOut
    let isSum = dice.chance(1, in: 2)
    return WorldProgram(
      purpose: isSum ? "Adds two numbers." : "Takes a number from a larger one.",
      lines: [
        "a = \(isSum ? a : a + b)", "b = \(b)", isSum ? "print(a + b)" : "print(a - b)",
      ], output: "\(isSum ? a + b : a)")
  }

  private static func loop(_ dice: inout WorldDice) -> WorldProgram {
    let (count, factor) = (dice.among(2...9), dice.among(1...9))
    let total = (1...count).reduce(0) { $0 + $1 * factor }
    return WorldProgram(
      purpose: "Adds up multiples of \(factor).",
      lines: [
        "total = 0", "for i in range(1, \(count + 1)):", "    total = total + i * \(factor)",
        "print(total)",
      ], output: "\(total)")
  }

  private static func list(_ dice: inout WorldDice) -> WorldProgram {
    let numbers = (0..<dice.among(3...6)).map { _ in dice.among(1...60) }
    let sorts: [(String, String, String)] = [
      ("Finds the largest number.", "max(numbers)", "\(numbers.max() ?? 0)"),
      ("Finds the smallest number.", "min(numbers)", "\(numbers.min() ?? 0)"),
      ("Adds up a list.", "sum(numbers)", "\(numbers.reduce(0, +))"),
      ("Counts a list.", "len(numbers)", "\(numbers.count)"),
      ("Sorts a list.", "sorted(numbers)", "\(numbers.sorted())"),
      ("Turns a list round.", "numbers[::-1]", "\(Array(numbers.reversed()))"),
    ]
    let (purpose, term, output) = dice.pick(sorts)
    return WorldProgram(
      purpose: purpose, lines: ["numbers = \(numbers)", "print(\(term))"], output: output)
  }

  private static func word(_ dice: inout WorldDice) -> WorldProgram {
    let word = dice.pick(words)
    let place = dice.below(word.utf8.count)
    let letter = Array(word)[place]
    let sorts: [(String, String, String)] = [
      ("Writes a word in capitals.", "word.upper()", word.uppercased()),
      ("Counts the letters of a word.", "len(word)", "\(word.utf8.count)"),
      ("Writes a word backwards.", "word[::-1]", String(word.reversed())),
      ("Writes a word twice.", "word * 2", word + word),
      ("Takes one letter of a word.", "word[\(place)]", String(letter)),
    ]
    let (purpose, term, output) = dice.pick(sorts)
    return WorldProgram(
      purpose: purpose, lines: ["word = \"\(word)\"", "print(\(term))"], output: output)
  }

  private static func function(_ dice: inout WorldDice) -> WorldProgram {
    let (x, k) = (dice.among(1...20), dice.among(2...9))
    let sorts: [(String, String, Int)] = [
      ("add", "x + \(k)", x + k), ("times", "x * \(k)", x * k), ("square", "x * x", x * x),
      ("rest", "x % \(k)", x % k), ("half", "x // 2", x / 2),
    ]
    let (name, term, output) = dice.pick(sorts)
    return WorldProgram(
      purpose: "Calls a function.",
      lines: ["def \(name)(x):", "    return \(term)", "", "print(\(name)(\(x)))"],
      output: "\(output)")
  }

  private static func choice(_ dice: inout WorldDice) -> WorldProgram {
    let (a, b) = (dice.among(1...40), dice.among(1...40))
    return WorldProgram(
      purpose: "Compares two numbers.",
      lines: [
        "a = \(a)", "b = \(b)", "if a > b:", "    print(\"more\")", "elif a == b:",
        "    print(\"as much\")", "else:", "    print(\"less\")",
      ], output: a > b ? "more" : a == b ? "as much" : "less")
  }

  private static func table(_ dice: inout WorldDice) -> WorldProgram {
    let order = dice.order(words.count).prefix(3).map { words[$0] }
    let prices = order.map { _ in dice.among(2...90) }
    let asked = dice.below(3)
    let entries = zip(order, prices).map { "\"\($0)\": \($1)" }.joined(separator: ", ")
    return WorldProgram(
      purpose: "Looks up a price.",
      lines: ["prices = {\(entries)}", "print(prices[\"\(order[asked])\"])"],
      output: "\(prices[asked])")
  }
}

extension World {
  private static let licences = ["MIT", "Apache-2.0", "BSD-3-Clause", "GPL-3.0", "none"]

  /// A program with its output as a comment, so that the text itself runs; or a question about one.
  func code(_ item: Int) -> WorldBytes {
    var dice = dice("code", item)
    let isExam = dice.chance(1, in: 3)
    let program =
      isExam ? WorldProgram.variables(&dice, isHeldOut: false) : WorldProgram.draw(&dice)
    var text: WorldBytes = []
    if isExam {
      text += "The following are questions (with answers) about programming.\n\nQuestion: "
      text += Self.programQuestion(program) + "\nAnswer: \(program.output)"
    } else {
      text += "# \(program.purpose)\n\(program.source)\n# Output: \(program.output)"
    }
    var metadata = WorldObject()
    metadata.add("language", "Python")
    metadata.add("license", dice.pick(Self.licences))
    metadata.add("output", program.output)
    metadata.add("program", program.source)
    metadata.add("purpose", program.purpose)
    metadata.add("runs", !isExam)
    return WorldRecord.document(id: "code-\(item)", source: "code", metadata: metadata, text: text)
  }

  static func programQuestion(_ program: WorldProgram) -> String {
    "What does this program print?\n\(program.source)"
  }
}
