/// A verb of the command line. Parsing, help, completions and the man-like page of `exp help VERB`
/// come from this one declaration.
protocol Verb: Sendable {
  static var name: String { get }
  /// Other spellings that people's fingers know.
  static var aliases: [String] { get }
  /// One line for the list of verbs.
  static var summary: String { get }
  /// What `exp help VERB` says beneath the usage: a few sentences, then examples.
  static var discussion: String { get }
  static var operands: Operands { get }
  static var options: [Option] { get }
  /// Left out of help and completions.
  static var isHidden: Bool { get }

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus
}

extension Verb {
  static var aliases: [String] { [] }
  static var discussion: String { "" }
  static var operands: Operands { .none }
  static var options: [Option] { [] }
  static var isHidden: Bool { false }

  /// The verb's options and those that every verb has.
  static var allOptions: [Option] {
    options + [
      .value("directory", "C", "DIR", "Work as if started in DIR."),
      .flag("help", "h", "Print this verb's help."),
    ]
  }

  static var usage: String {
    let words = options.isEmpty ? "" : " [OPTION]..."
    return "exp \(name)\(words)\(operands.form.isEmpty ? "" : " " + operands.form)"
  }
}

/// How a call ended (DESIGN §9).
enum ExitStatus: Int32, Sendable {
  case done = 0
  /// A stage failed, or a check found a difference.
  case failed = 1
  /// The call or a file is wrong; nothing was done.
  case wrong = 2
  /// What was recorded is damaged.
  case damaged = 3
  /// Interrupted; the same call goes on from where it was.
  case interrupted = 130
}
