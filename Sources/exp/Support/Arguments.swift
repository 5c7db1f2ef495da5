import ContentStore

/// An option of a verb: a flag, or a name with a value.
struct Option: Sendable {
  /// Without the dashes.
  var name: String
  /// A letter that people's fingers know, without the dash.
  var short: Character?
  /// What stands for the value in help texts; nil for a flag.
  var value: String?
  /// May be given more than once.
  var isRepeatable: Bool
  var summary: String

  static func flag(_ name: String, _ short: Character? = nil, _ summary: String) -> Option {
    Option(name: name, short: short, value: nil, isRepeatable: false, summary: summary)
  }

  static func value(
    _ name: String, _ short: Character? = nil, _ value: String, _ summary: String
  ) -> Option {
    Option(name: name, short: short, value: value, isRepeatable: false, summary: summary)
  }

  static func list(
    _ name: String, _ short: Character? = nil, _ value: String, _ summary: String
  ) -> Option {
    Option(name: name, short: short, value: value, isRepeatable: true, summary: summary)
  }
}

/// The arguments without a dash: how many, and what they are called in help texts.
struct Operands: Sendable {
  /// Such as `EXPERIMENT`, `[STAGE]...`.
  var form: String
  var minimum: Int
  var maximum: Int

  static let none = Operands(form: "", minimum: 0, maximum: 0)
  static func exactly(_ count: Int, _ form: String) -> Operands {
    Operands(form: form, minimum: count, maximum: count)
  }
  static func between(_ minimum: Int, _ maximum: Int, _ form: String) -> Operands {
    Operands(form: form, minimum: minimum, maximum: maximum)
  }
  static func atLeast(_ minimum: Int, _ form: String) -> Operands {
    Operands(form: form, minimum: minimum, maximum: .max)
  }
}

/// A mistake in the call: exit status 2.
struct UsageError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// What was written on the command line, checked against a verb's options and operands.
struct Arguments: Sendable {
  private var values: [String: [String]] = [:]
  private(set) var operands: [String] = []

  /// Reads `--name value`, `--name=value`, `-x value`, `-xvalue`, `-x=value`, flags run together
  /// (`-ab`), and `--`, after which everything is an operand (POSIX utility conventions).
  init(parsing words: [String], for verb: any Verb.Type) throws {
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        operands += rest
        break
      } else if word.hasPrefix("--") {
        try takeLong(word.dropFirst(2), &rest, verb)
      } else if word.hasPrefix("-"), word.count > 1, !word.dropFirst().allSatisfy(\.isNumber) {
        try takeShort(word.dropFirst(), &rest, verb)
      } else {
        operands.append(word)
      }
    }
    try checkCount(verb)
  }

  private mutating func takeLong(
    _ word: Substring, _ rest: inout ArraySlice<String>, _ verb: any Verb.Type
  ) throws {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = verb.allOptions.first(where: { $0.name == name }) else {
      let known = verb.allOptions.map { "--" + $0.name }
      throw UsageError(
        "exp \(verb.name): unknown option --\(name)" + didYouMean("--" + name, among: known)
          + "; `exp help \(verb.name)` lists the options")
    }
    try take(option, "--" + name, parts.count > 1 ? String(parts[1]) : nil, &rest, verb)
  }

  private mutating func takeShort(
    _ letters: Substring, _ rest: inout ArraySlice<String>, _ verb: any Verb.Type
  ) throws {
    var letters = letters
    while let letter = letters.popFirst() {
      guard let option = verb.allOptions.first(where: { $0.short == letter }) else {
        throw UsageError(
          "exp \(verb.name): unknown option -\(letter); `exp help \(verb.name)` lists the options")
      }
      if option.value == nil {
        try take(option, "-\(letter)", nil, &rest, verb)
        continue
      }
      if letters.first == "=" { letters.removeFirst() }
      try take(option, "-\(letter)", letters.isEmpty ? nil : String(letters), &rest, verb)
      return
    }
  }

  private mutating func take(
    _ option: Option, _ spelling: String, _ attached: String?, _ rest: inout ArraySlice<String>,
    _ verb: any Verb.Type
  ) throws {
    guard let form = option.value else {
      guard attached == nil else {
        throw UsageError("exp \(verb.name): \(spelling) takes no value")
      }
      values[option.name] = [""]
      return
    }
    guard let value = attached ?? rest.popFirst() else {
      throw UsageError("exp \(verb.name): \(spelling) needs a value: \(spelling) \(form)")
    }
    if values[option.name] != nil && !option.isRepeatable {
      throw UsageError("exp \(verb.name): \(spelling) is given twice")
    }
    values[option.name, default: []].append(value)
  }

  private func checkCount(_ verb: any Verb.Type) throws {
    guard !flag("help") else { return }
    let expected = verb.operands
    if operands.count > expected.maximum {
      throw UsageError(
        "exp \(verb.name): unexpected argument \"\(operands[expected.maximum])\"; "
          + "usage: \(verb.usage)")
    }
    if operands.count < expected.minimum {
      throw UsageError("exp \(verb.name): too few arguments; usage: \(verb.usage)")
    }
  }

  func flag(_ name: String) -> Bool { values[name] != nil }
  func value(_ name: String) -> String? { values[name]?.last }
  func list(_ name: String) -> [String] { values[name] ?? [] }

  /// A whole number in a range, or nil when the option is absent.
  func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = value(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      let bound = range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range)"
      throw UsageError("--\(name) takes a whole number, \(bound); found \"\(text)\"")
    }
    return number
  }
}
