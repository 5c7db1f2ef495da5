import ContentStore
import Ledger
import Pipeline
import Reports
import Stages

/// `exp trace RUN:STAGE --step N`: which documents a training step saw.
enum TraceVerb: Verb {
  static let name = "trace"
  static let summary = "Name the documents that a training step saw"
  static let discussion = """
    RUN:STAGE is a stage that trains on tokens; steps count from 1, as in its metrics. Nothing was logged
    for this: the order of the data follows from the recipe and its seed, and the tokens lead back to
    the files. A file's byte is where the document begins in it.

      exp trace quickstart:pretrain --step 100
      exp trace quickstart:pretrain --step 100 --json
    """
  static let operands = Operands.exactly(1, "RUN:STAGE")
  static let options: [Option] = [
    .value("step", nil, "N", "The step, from 1."), .flag("json", nil, "As JSON."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    guard let step = try arguments.integer("step", in: 1...Int.max) else {
      throw UsageError("exp trace: give the step: --step N")
    }
    let session = try Session.reading()
    let recipe = try recipe(arguments.operands[0], session)
    let documents: StepDocuments
    do { documents = try StepDocuments(recipe, step: step, store: session.store) } catch let error
      as StageError
    { throw UsageError("exp trace: \(error)") }
    if arguments.flag("json") {
      try console.print(json: json(documents))
    } else {
      lines(documents).forEach { console.print($0) }
    }
    return .done
  }

  private static func recipe(_ reference: String, _ session: Session) throws -> Recipe {
    let digest: Digest? =
      switch try session.target(reference) {
      case .stage(_, let stage): stage.recipe
      case .recipe(let digest): digest
      case .execution(let execution): execution.recipe
      default: nil
      }
    guard let digest, let recipe = try session.ledger.recipe(digest) else {
      throw UsageError("\(reference) has no recipe; name a stage that trains, as RUN:STAGE")
    }
    return recipe
  }

  /// `{step, steps, phase, phases, documents: [{sequence, input, tokens, document, tokensOfDocument, id,
  /// source, file, offset}]}`; ranges are `[first, end]`, the end not included.
  private static func json(_ documents: StepDocuments) -> JSON {
    let list = documents.pieces.map { piece -> JSON in
      [
        "sequence": .integer(piece.sequence), "input": .string(piece.input),
        "tokens": range(piece.tokens),
        "document": .integer(piece.document),
        "tokensOfDocument": range(piece.tokensOfDocument), "id": .string(piece.id),
        "source": .string(piece.source), "file": piece.file.map(JSON.string) ?? .null,
        "offset": piece.offset.map(JSON.integer) ?? .null,
      ]
    }
    return [
      "step": .integer(documents.step), "steps": .integer(documents.steps),
      "phase": .integer(documents.phase), "phases": .integer(documents.phases),
      "documents": .array(list),
    ]
  }

  private static func range(_ range: Range<Int>) -> JSON {
    [.integer(range.lowerBound), .integer(range.upperBound)]
  }

  private static func lines(_ documents: StepDocuments) -> [String] {
    // The input is worth a column where there are several.
    let hasInputs = documents.pieces.contains { $0.input != documents.pieces[0].input }
    var table = Table(
      (hasInputs ? [.init("input")] : []) + [
        .init("sequence", .right), .init("tokens", .right), .init("document"),
        .init("its tokens"), .init("source"), .init("file"), .init("byte", .right),
      ])
    for piece in documents.pieces {
      table.add(
        (hasInputs ? [piece.input] : []) + [
          "\(piece.sequence)", "\(piece.tokens.lowerBound)..<\(piece.tokens.upperBound)", piece.id,
          "\(piece.tokensOfDocument.lowerBound)..<\(piece.tokensOfDocument.upperBound)",
          piece.source, piece.file ?? "–", piece.offset.map(String.init) ?? "–",
        ])
    }
    let phase = documents.phases > 1 ? ", phase \(documents.phase) of \(documents.phases)" : ""
    return ["step \(documents.step) of \(documents.steps)\(phase)", ""] + table.lines()
  }
}
