import ContentStore
import Corpus
import LanguageModel
import Ledger
package import Pipeline
import Training

/// Stores what a teacher would choose at every token, once for many students.
package enum Teach: Stage {
  package struct Parameters: StageParameters {
    let sequence: Int

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      sequence = try reader.integer(
        "sequence", default: 256, in: 1...(1 << 24), unit: "tokens",
        "Tokens per sequence; the student's must be the same.")
    }
  }

  package static let op = "teach"
  package static let revision = 1
  package static let summary = "Store a teacher's most likely token at every place of some tokens."
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port(mainSource, .tokens, "What students will be trained on."),
        Port("tokenizer", .tokenizer, "The tokenizer that made the tokens."),
        TeachingParameters.port,
      ],
      outputs: [Port("choices", .choices, "The teacher's first choices, for distill.")])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let compute = try context.compute()
    let input = try context.input(mainSource)
    let description = try input.tokenDescription()
    let stream = try input.tokens(.train, vocabularySize: description.vocabularySize)
    if let length = description.packing?.rowLength, length != parameters.sequence {
      throw StageError(
        "the tokens are packed into rows of \(length); let `sequence` be \(length) too")
    }
    let artifact = try context.input("teacher")
    let configuration = try artifact.checkpoint().model.configuration
    let teacher = try artifact.teacher(
      of: context.input("tokenizer").tokenizer(), vocabularySize: configuration.vocabularySize,
      on: compute)
    // Ids go through float32 columns.
    guard configuration.vocabularySize <= 1 << 24 else {
      throw StageError("the teacher's vocabulary is beyond 2²⁴ tokens")
    }
    let rows =
      context.batchHint(compute) ?? TrainingPass.comfortableRows(teacher.configuration)
    let (choices, agreed) = try Self.choices(
      teacher, stream, sequence: parameters.sequence,
      rows: max(1, rows / parameters.sequence), context)
    context.score(
      "accuracy/teacher",
      Score(agreed.share, count: agreed.count, higherIsBetter: true))
    context.score("tokens", Score(Double(choices.count)))
    let output = try context.makeTree("choices")
    try output.add(StoredChoices.arrayPath, NPY.encode(choices))
    try output.add(
      StoredChoices.descriptionPath,
      StoredChoices.description(
        sequence: parameters.sequence, vocabularySize: configuration.vocabularySize,
        tokens: input.artifact.digest
      ).canonical())
    try output.finish()
  }

  /// How often the teacher's choice was what came.
  private struct Agreement {
    var hits = 0
    var count = 0
    var share: Double { Double(hits) / Double(max(1, count)) }
  }

  /// The choices at the tokens of every whole sequence.
  private static func choices(
    _ teacher: Teacher, _ stream: TokenStream, sequence: Int, rows: Int,
    _ context: any StageContext
  ) throws -> ([Int32], Agreement) {
    let count = stream.rows(of: sequence)
    guard count > 0 else {
      throw StageError("there are fewer training tokens than one sequence of \(sequence)")
    }
    var (choices, agreement): ([Int32], Agreement) = ([], Agreement())
    choices.reserveCapacity(count * sequence)
    for first in stride(from: 0, to: count, by: rows) {
      try context.checkCancellation()
      let batch = stream.batch(
        (first..<min(count, first + rows)).map { $0 * sequence..<($0 + 1) * sequence })
      let some = teacher.firstChoices(of: batch)
      for (choice, target) in zip(some, batch.targets) where target >= 0 {
        agreement.count += 1
        agreement.hits += choice == target ? 1 : 0
      }
      choices += some
      context.progress(
        Progress(
          done: Double(choices.count), total: Double(count * sequence), unit: "tokens"))
    }
    return (choices, agreement)
  }
}
