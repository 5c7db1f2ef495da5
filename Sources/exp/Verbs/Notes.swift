import ContentStore
import Ledger

/// `exp tag NAME REF`: a name for something; the newest use of a name counts.
enum TagVerb: Verb {
  static let name = "tag"
  static let summary = "Name a run, a stage's execution or an artifact"
  static let discussion = """
    A tag is a reference from then on. It may be moved; the ledger keeps where it was.

      exp tag baseline llama-3.1
      exp tag baseline --delete
      exp tag                        lists the tags
    """
  static let operands = Operands.between(0, 2, "[NAME [REF]]")
  static let options: [Option] = [
    .flag("delete", "d", "Take the tag away."), .flag("json", nil, "As JSON."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    guard let name = arguments.operands.first else { return try list(arguments, console) }
    let session = try Session.writing()
    if arguments.flag("delete") {
      guard try session.ledger.tag(named: name)?.subject != nil else {
        let known = try session.ledger.tags().map(\.name)
        throw UsageError("there is no tag \"\(name)\"" + didYouMean(name, among: known))
      }
      try session.ledger.tag(name, nil)
      return .done
    }
    guard arguments.operands.count == 2 else {
      throw UsageError("exp tag: too few arguments; usage: \(usage)")
    }
    try check(name, session.ledger)
    let subject = try session.subject(arguments.operands[1])
    try session.ledger.tag(name, subject)
    console.talk("\(name) is \(subject.kind.rawValue) \(subject.digest.short)")
    return .done
  }

  /// A tag must not be mistaken for another kind of reference.
  static func check(_ name: String, _ ledger: Ledger) throws {
    let allowed = name.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains(byte)
    }
    let isHex = name.count >= 4 && name.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    guard allowed, !name.isEmpty, name.first != "-", Int(name) == nil, !isHex else {
      throw UsageError(
        "\"\(name)\" cannot be a tag: letters, digits, - _ and . only, and neither a number nor "
          + "hex digits, which name runs")
    }
    if try ledger.experiments().contains(name) {
      throw UsageError("\"\(name)\" is an experiment's name, which already names its newest run")
    }
  }

  private static func list(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let tags = try Session.reading().ledger.tags()
    if arguments.flag("json") {
      try console.print(
        json: .array(
          tags.map { tag in
            [
              "name": .string(tag.name), "kind": .string(tag.subject!.kind.rawValue),
              "digest": .string(tag.subject!.digest.hex), "time": .string(tag.time.description),
            ]
          }))
    } else {
      for tag in tags {
        console.print("\(tag.name)  \(tag.subject!.kind.rawValue) \(tag.subject!.digest.short)")
      }
    }
    return .done
  }
}

/// `exp note REF TEXT`: words about something recorded.
enum NoteVerb: Verb {
  static let name = "note"
  static let summary = "Add a note to a run, a stage's execution or an artifact"
  static let discussion = """
    Notes are only ever added. Without TEXT the notes are printed.

      exp note llama-3.1:pretrain "loss spike at step 40 is the long document"
    """
  static let operands = Operands.between(1, 2, "REF [TEXT]")

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    guard arguments.operands.count == 2 else {
      let session = try Session.reading()
      let subject = try session.subject(arguments.operands[0])
      for note in try session.ledger.notes(on: subject.digest) {
        console.print("\(note.time.description.prefix(16))  \(note.text)")
      }
      return .done
    }
    let session = try Session.writing()
    let subject = try session.subject(arguments.operands[0])
    try session.ledger.note(arguments.operands[1], on: subject)
    return .done
  }
}

extension Session {
  /// What a tag or a note is attached to.
  func subject(_ reference: String) throws -> Subject {
    switch try target(reference) {
    case .run(let run): return Subject(.run, run.id)
    case .stage(_, let stage):
      guard let execution = stage.execution else {
        throw UsageError("\(reference): the stage has no execution (\(stage.outcome.rawValue))")
      }
      return Subject(.execution, execution)
    case .artifact(let artifact, _): return Subject(.artifact, artifact.digest)
    case .execution(let execution): return Subject(.execution, execution.id)
    case .recipe(let digest): return Subject(.recipe, digest)
    case .result(let digest): return Subject(.result, digest)
    }
  }
}
