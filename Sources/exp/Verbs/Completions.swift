/// `exp completions SHELL`: a completion script, made from the verbs' own declarations.
enum Completions: Verb {
  static let name = "completions"
  static let summary = "Print a completion script for bash, zsh or fish"
  static let discussion = """
    Add one of these to your shell's start file:
      bash:  eval "$(exp completions bash)"
      zsh:   eval "$(exp completions zsh)"
      fish:  exp completions fish | source
    """
  static let operands = Operands.exactly(1, "SHELL")

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    switch arguments.operands[0] {
    case "bash": console.print(bash())
    case "zsh": console.print(zsh())
    case "fish": console.print(fish())
    case let other: throw UsageError("exp completions: no \"\(other)\"; choose bash, zsh or fish")
    }
    return .done
  }

  private static var verbs: [any Verb.Type] { Verbs.all.filter { !$0.isHidden } }

  /// The words that may follow a verb: its options; files are the shell's own business.
  private static func words(_ verb: any Verb.Type) -> String {
    verb.allOptions.map { "--" + $0.name }.joined(separator: " ")
  }

  private static func bash() -> String {
    let cases = verbs.map(bashCase).joined(separator: "\n")
    let names = verbs.map { $0.name }.joined(separator: " ")
    return """
      _exp() {
        local current="${COMP_WORDS[COMP_CWORD]}" words=""
        if [ "$COMP_CWORD" -eq 1 ]; then
          COMPREPLY=($(compgen -W "\(names)" -- "$current"))
          return
        fi
        case "${COMP_WORDS[1]}" in
      \(cases)
        esac
        case "$current" in
          -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
          *) COMPREPLY=($(compgen -W "$(exp log --names 2>/dev/null)" -- "$current") $(compgen -f -- "$current")) ;;
        esac
      }
      complete -o filenames -F _exp exp
      """
  }

  private static func bashCase(_ verb: any Verb.Type) -> String {
    let spellings = ([verb.name] + verb.aliases).joined(separator: "|")
    return "    \(spellings)) words=\"\(words(verb))\" ;;"
  }

  private static func zsh() -> String {
    let names = verbs.map { "    '\($0.name):\($0.summary.replacing("'", with: "'\\''"))'" }.joined(
      separator: "\n")
    let cases = verbs.map { "    \($0.name)) compadd -- \(words($0)) ;;" }
      .joined(separator: "\n")
    return """
      _exp() {
        local -a verbs
        verbs=(
      \(names)
        )
        if (( CURRENT == 2 )); then _describe verb verbs; return; fi
        case "$words[2]" in
      \(cases)
        esac
        compadd -- $(exp log --names 2>/dev/null)
        _files
      }
      compdef _exp exp
      """
  }

  private static func fish() -> String {
    verbs.flatMap(fishLines).joined(separator: "\n")
  }

  private static func quoted(_ text: String) -> String { text.replacing("'", with: "\\'") }

  private static func fishLines(_ verb: any Verb.Type) -> [String] {
    let name = verb.name
    let here = "complete -c exp -n '__fish_seen_subcommand_from \(name)'"
    let head = "complete -c exp -n __fish_use_subcommand -f -a \(name) -d '\(quoted(verb.summary))'"
    return [head]
      + verb.allOptions.map { option in
        let short = option.short.map { " -s \($0)" } ?? ""
        let value = option.value == nil ? "" : " -r"
        let text = quoted(option.summary)
        return "\(here) -l \(option.name)\(short)\(value) -d '\(text)'"
      }
  }
}
