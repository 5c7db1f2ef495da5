import ContentStore

/// `exp help [VERB]`: the list of verbs, or one verb's page.
enum Help: Verb {
  static let name = "help"
  static let summary = "List the verbs, or explain one"
  static let operands = Operands.between(0, 1, "[VERB]")

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    if let name = arguments.operands.first {
      page(try Verbs.find(name), console)
    } else {
      overview(console)
    }
    return .done
  }

  static func overview(_ console: Console) {
    console.print(
      """
      exp: experiment tracking and exact reproduction for language-model training

      Usage: exp VERB [OPTION]... [ARGUMENT]...
      """)
    for group in Verbs.groups where group.verbs.contains(where: { !$0.isHidden }) {
      console.print()
      console.print(console.styled(group.title, .bold))
      for verb in group.verbs where !verb.isHidden {
        let names = ([verb.name] + verb.aliases).joined(separator: ", ")
        console.print("  " + padded(names, 18) + verb.summary)
      }
    }
    console.print()
    console.print("`exp help VERB` explains a verb. Begin with: exp run experiments/quickstart")
  }

  static func page(_ verb: any Verb.Type, _ console: Console) {
    console.print("Usage: \(verb.usage)")
    console.print()
    console.print(verb.summary + ".")
    if !verb.aliases.isEmpty {
      console.print("Also: " + verb.aliases.map { "exp " + $0 }.joined(separator: ", "))
    }
    if !verb.discussion.isEmpty {
      console.print()
      console.print(verb.discussion)
    }
    console.print()
    console.print(console.styled("Options", .bold))
    for option in verb.allOptions {
      let short = option.short.map { "-\($0), " } ?? "    "
      let form = option.value.map { " " + $0 } ?? ""
      let head = "  " + padded("\(short)--\(option.name)\(form)", 26)
      console.print(
        head + (head.count > 28 ? "\n" + String(repeating: " ", count: 28) : "") + option.summary)
    }
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}
