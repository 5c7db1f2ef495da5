import ContentStore

/// What is wrong with a claim's expression, and at which character.
package struct ClaimError: Error, Hashable, Sendable, CustomStringConvertible {
  /// From 1, in characters.
  package var column: Int
  package var message: String

  package var description: String { "column \(column): \(message)" }
}

/// Reads a claim's expression by recursive descent:
/// ```
/// statement  = conjunction {("or" | "||") conjunction}
/// conjunction = negation {("and" | "&&") negation}
/// negation   = "not" negation | relation
/// relation   = sum [("<" | "<=" | "≤" | ">" | ">=" | "≥" | "=" | "==" | "≠" | "!=") sum]
/// sum        = product {("+" | "-" | "−") product}
/// product    = factor {("*" | "×" | "/" | "÷") factor}
/// factor     = ("-" | "−") factor | number | "(" statement ")" | "abs" "(" sum ")"
///            | "score" "(" STAGE ["." OUTPUT] "," TEXT ")"
///            | "metric" "(" STAGE ["." OUTPUT] "," TEXT "," ("last" | STEP) ")"
/// ```
struct ClaimParser {
  private let text: [Character]
  private var place = 0

  private init(_ text: String) { self.text = Array(text) }

  /// The statement of a claim.
  static func parse(_ text: String) throws(ClaimError) -> ClaimExpression {
    var parser = ClaimParser(text)
    let expression = try parser.disjunction()
    parser.skipSpace()
    if parser.place < parser.text.count {
      throw parser.error("\"\(parser.word())\" is more than a statement")
    }
    guard expression.isStatement else {
      throw ClaimError(
        column: 1, message: "is a number; a claim compares: score(a, 'x') > score(b, 'x')")
    }
    return expression
  }

  // MARK: Statements

  private mutating func disjunction() throws(ClaimError) -> ClaimExpression {
    try joined(by: ["or", "||"], { (parser) throws(ClaimError) in try parser.conjunction() }) {
      .or($0, $1)
    }
  }

  private mutating func conjunction() throws(ClaimError) -> ClaimExpression {
    try joined(by: ["and", "&&"], { (parser) throws(ClaimError) in try parser.negation() }) {
      .and($0, $1)
    }
  }

  private mutating func joined(
    by words: [String], _ part: (inout ClaimParser) throws(ClaimError) -> ClaimExpression,
    _ join: (ClaimExpression, ClaimExpression) -> ClaimExpression
  ) throws(ClaimError) -> ClaimExpression {
    var start = nextPlace()
    var result = try part(&self)
    while let word = take(words) {
      try require(result, isStatement: true, at: start, beside: word)
      start = nextPlace()
      let other = try part(&self)
      try require(other, isStatement: true, at: start, beside: word)
      result = join(result, other)
    }
    return result
  }

  private mutating func negation() throws(ClaimError) -> ClaimExpression {
    guard let word = take(["not"]) else { return try relation() }
    let start = nextPlace()
    let inner = try negation()
    try require(inner, isStatement: true, at: start, beside: word)
    return .not(inner)
  }

  private static let relations: [(String, ClaimExpression.Relation)] = [
    ("<=", .lessOrEqual), ("≤", .lessOrEqual), (">=", .greaterOrEqual), ("≥", .greaterOrEqual),
    ("==", .equal), ("!=", .unequal), ("≠", .unequal), ("<", .less), (">", .greater), ("=", .equal),
  ]

  private mutating func relation() throws(ClaimError) -> ClaimExpression {
    let start = nextPlace()
    let left = try sum()
    guard let sign = take(Self.relations.map(\.0)),
      let relation = Self.relations.first(where: { $0.0 == sign })?.1
    else { return left }
    try require(left, isStatement: false, at: start, beside: sign)
    let second = nextPlace()
    let right = try sum()
    try require(right, isStatement: false, at: second, beside: sign)
    let written = String(text[start..<place])
    if let again = take(Self.relations.map(\.0)) {
      throw error("\"\(again)\" follows a comparison; join two with \"and\"", back: again.count)
    }
    return .comparison(
      ClaimComparison(
        left: left, relation: relation, right: right, text: written.trimmingSpaces))
  }

  // MARK: Numbers

  private mutating func sum() throws(ClaimError) -> ClaimExpression {
    try arithmetic(["+": .plus, "-": .minus, "−": .minus]) { (parser) throws(ClaimError) in
      try parser.product()
    }
  }

  private mutating func product() throws(ClaimError) -> ClaimExpression {
    try arithmetic(["*": .times, "×": .times, "/": .over, "÷": .over]) {
      (parser) throws(ClaimError) in try parser.factor()
    }
  }

  private mutating func arithmetic(
    _ signs: [String: ClaimExpression.Operator],
    _ part: (inout ClaimParser) throws(ClaimError) -> ClaimExpression
  ) throws(ClaimError) -> ClaimExpression {
    var start = nextPlace()
    var result = try part(&self)
    while let sign = take(signs.keys.sorted()), let operation = signs[sign] {
      try require(result, isStatement: false, at: start, beside: sign)
      start = nextPlace()
      let other = try part(&self)
      try require(other, isStatement: false, at: start, beside: sign)
      result = .arithmetic(operation, result, other)
    }
    return result
  }

  private mutating func factor() throws(ClaimError) -> ClaimExpression {
    if let sign = take(["-", "−"]) {
      let start = nextPlace()
      let inner = try factor()
      try require(inner, isStatement: false, at: start, beside: sign)
      return .negative(inner)
    }
    if take(["("]) != nil {
      let inner = try disjunction()
      try expect(")")
      return inner
    }
    let start = nextPlace()
    guard start < text.count else { throw error("ends where a number or score(…) belongs") }
    if text[start].isASCII, text[start].isNumber || text[start] == "." { return try number() }
    return try function()
  }

  private mutating func number() throws(ClaimError) -> ClaimExpression {
    let start = place
    while place < text.count, text[place].isNumber || text[place] == "." { place += 1 }
    if place < text.count, "eE".contains(text[place]) {
      place += 1
      if place < text.count, "+-".contains(text[place]) { place += 1 }
      while place < text.count, text[place].isNumber { place += 1 }
    }
    let written = String(text[start..<place])
    guard let value = Double(written), value.isFinite else {
      throw ClaimError(column: start + 1, message: "\"\(written)\" is no number")
    }
    return .number(value)
  }

  private static let functions = ["score", "metric", "abs"]

  private mutating func function() throws(ClaimError) -> ClaimExpression {
    let start = place
    let name = word()
    guard Self.functions.contains(name) else {
      let known = didYouMean(name, among: Self.functions)
      throw ClaimError(
        column: start + 1,
        message: "\"\(name)\" is neither a number nor one of score, metric, abs\(known)")
    }
    place += name.count
    try expect("(")
    if name == "abs" {
      let inside = nextPlace()
      let inner = try sum()
      try require(inner, isStatement: false, at: inside, beside: name)
      try expect(")")
      return .absolute(inner)
    }
    let quantity = try quantity(name)
    try expect(")")
    return .quantity(quantity)
  }

  private mutating func quantity(_ function: String) throws(ClaimError) -> ClaimQuantity {
    let (stage, output) = try reference()
    try expect(",")
    let name = try quoted()
    guard function == "metric" else {
      return ClaimQuantity(stage: stage, output: output, kind: .score(name))
    }
    try expect(",")
    return ClaimQuantity(stage: stage, output: output, kind: .metric(name, try point()))
  }

  /// `stage` or `stage.output`; a stage's name may hold signs that mean something elsewhere.
  private mutating func reference() throws(ClaimError) -> (stage: String, output: String?) {
    let start = nextPlace()
    while place < text.count, text[place] != ",", text[place] != ")", text[place] != "'" {
      place += 1
    }
    let written = String(text[start..<place]).trimmingSpaces
    let parts = written.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let isName = ExperimentReader.isStageName(parts[0])
    guard isName, parts.count <= 2, parts.count == 1 || !parts[1].isEmpty else {
      throw ClaimError(
        column: start + 1,
        message: written.isEmpty
          ? "a stage's name belongs here" : "\"\(written)\" is neither a stage nor stage.output")
    }
    return (parts[0], parts.count == 2 ? parts[1] : nil)
  }

  private mutating func quoted() throws(ClaimError) -> String {
    let start = nextPlace()
    guard start < text.count, text[start] == "'" || text[start] == "\"" else {
      throw error("a name in quotes belongs here, such as 'mmlu'")
    }
    guard let end = text[(start + 1)...].firstIndex(of: text[start]) else {
      throw error("the quote does not end")
    }
    place = end + 1
    return String(text[(start + 1)..<end])
  }

  private mutating func point() throws(ClaimError) -> ClaimQuantity.Point {
    let start = nextPlace()
    let written = word()
    place += written.count
    if written == "last" { return .last }
    guard let step = Int(written), step >= 0 else {
      throw ClaimError(column: start + 1, message: "\"last\" or a step's number belongs here")
    }
    return .step(step)
  }

  // MARK: Signs

  private mutating func skipSpace() {
    while place < text.count, text[place].isWhitespace { place += 1 }
  }

  private mutating func nextPlace() -> Int {
    skipSpace()
    return place
  }

  /// Takes the first of some signs or words that stands here.
  private mutating func take(_ words: [String]) -> String? {
    skipSpace()
    for word in words.sorted(by: { $0.count > $1.count }) {
      let end = place + word.count
      guard end <= text.count, String(text[place..<end]) == word else { continue }
      // A word does not end in the middle of a longer one.
      if word.first!.isLetter, end < text.count, text[end].isLetter { continue }
      place = end
      return word
    }
    return nil
  }

  private mutating func expect(_ sign: String) throws(ClaimError) {
    if take([sign]) == nil {
      throw error(
        place < text.count
          ? "\"\(sign)\" belongs here, found \"\(word())\"" : "ends where \"\(sign)\" belongs")
    }
  }

  /// The letters and digits that stand here, or the sign.
  private func word() -> String {
    let letters = text[place...].prefix { $0.isLetter || $0.isNumber }
    return letters.isEmpty ? String(text[place...].prefix(1)) : String(letters)
  }

  private func error(_ message: String, back: Int = 0) -> ClaimError {
    ClaimError(column: place - back + 1, message: message)
  }

  private func require(
    _ expression: ClaimExpression, isStatement: Bool, at start: Int, beside word: String
  ) throws(ClaimError) {
    guard expression.isStatement != isStatement else { return }
    throw ClaimError(
      column: start + 1,
      message: isStatement
        ? "\"\(word)\" joins comparisons, and this is a number"
        : "\"\(word)\" works on numbers, and this is a comparison")
  }
}

extension ClaimExpression {
  /// Reads a claim's `check`.
  package init(parsing text: String) throws(ClaimError) { self = try ClaimParser.parse(text) }
}

extension String {
  fileprivate var trimmingSpaces: String {
    let rest = drop(while: \.isWhitespace)
    return String(rest.reversed().drop(while: \.isWhitespace).reversed())
  }
}
