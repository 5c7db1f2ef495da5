import Testing

@testable import exp

/// A verb with one option of each kind.
private enum Sample: Verb {
  static let name = "sample-verb"
  static let summary = "Stand in for a verb"
  static let operands = Operands.between(1, 2, "A [B]")
  static let options: [exp.Option] = [
    .flag("json", nil, "Print JSON."), .flag("all", "a", "All."),
    .value("jobs", "j", "N", "Jobs."), .list("set", "S", "PATH=VALUE", "Set."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> exp.ExitStatus { .done }
}

@Suite struct ArgumentsTests {
  private func parse(_ words: String...) throws -> Arguments {
    try Arguments(parsing: words, for: Sample.self)
  }

  private func message(_ words: String...) -> String? {
    do {
      _ = try Arguments(parsing: words, for: Sample.self)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: [
    ["x", "--jobs", "4"], ["x", "--jobs=4"], ["x", "-j", "4"], ["-j4", "x"], ["-j=4", "x"],
    ["-aj4", "x"],
  ])
  func `a value is read in every usual spelling`(words: [String]) throws {
    let arguments = try Arguments(parsing: words, for: Sample.self)
    #expect(arguments.value("jobs") == "4")
    #expect(arguments.operands == ["x"])
  }

  @Test func `a list keeps every value in order, equal signs included`() throws {
    let arguments = try parse("x", "-S", "a.b=1", "--set=c=d=e", "-Sf=")
    #expect(arguments.list("set") == ["a.b=1", "c=d=e", "f="])
  }

  @Test func `after two dashes everything is an operand`() throws {
    #expect(try parse("--", "--json", "-j").operands == ["--json", "-j"])
  }

  @Test func `a negative number is an operand, not options`() throws {
    #expect(try parse("-12").operands == ["-12"])
  }

  @Test func `a misspelt option gets a suggestion`() {
    #expect(message("x", "--jbos", "4")?.contains("did you mean \"--jobs\"?") == true)
  }

  @Test func `what is wrong with a call is said`() {
    #expect(message("x", "--jobs")?.contains("needs a value") == true)
    #expect(message("x", "--json=1")?.contains("takes no value") == true)
    #expect(message("x", "-j1", "-j2")?.contains("given twice") == true)
    #expect(message("x", "-z")?.contains("unknown option -z") == true)
    #expect(message("x", "y", "z")?.contains("unexpected argument \"z\"") == true)
    #expect(message()?.contains("too few arguments") == true)
  }

  @Test func `a number outside its range is refused`() throws {
    #expect(throws: UsageError.self) { try parse("x", "-j0").integer("jobs", in: 1...64) }
    #expect(throws: UsageError.self) { try parse("x", "-jtwo").integer("jobs", in: 1...64) }
    #expect(try parse("x", "-j3").integer("jobs", in: 1...64) == 3)
  }

  @Test func `help needs no operands`() throws {
    #expect(try parse("--help").flag("help"))
  }
}

@Suite struct VerbTests {
  @Test func `no two verbs share a name or an alias`() {
    let names = Verbs.all.flatMap { [$0.name] + $0.aliases }
    #expect(Set(names).count == names.count)
  }

  @Test func `no verb declares an option twice`() {
    for verb in Verbs.all {
      let names = verb.allOptions.map(\.name)
      let letters = verb.allOptions.compactMap(\.short)
      #expect(Set(names).count == names.count, "\(verb.name)")
      #expect(Set(letters).count == letters.count, "\(verb.name)")
    }
  }

  @Test func `a misspelt verb gets a suggestion`() {
    #expect(throws: UsageError.self) { try Verbs.find("hlep") }
    #expect(Verbs.all.contains { $0.name == "help" })
  }
}
