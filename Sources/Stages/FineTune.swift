import Corpus
import LanguageModel
import Numerics
package import Pipeline
import Text
import Training

/// Supervised fine-tuning: trains a checkpoint to write what the assistant wrote in conversations.
///
/// The loss is TRL's `SFTTrainer` with `assistant_only_loss`: the mean negative log-probability of the
/// tokens of the assistant's turns over the whole batch, prompts being context only. Sequences lie one
/// after the other without padding and do not see each other.
package enum FineTune: Stage {
  package struct Parameters: StageParameters {
    let tuning: TuningParameters
    let lastTurnOnly: Bool
    let packedLength: Int?
    let studentShare: Double
    let interpolation: Double
    let temperature: Double
    let responseTokens: Int

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      tuning = try TuningParameters(
        from: &reader, .tuning(2e-5), epochs: 1, batch: 16, item: "conversations")
      lastTurnOnly = try reader.boolean(
        "lastTurnOnly", default: false,
        "Whether only the last of the assistant's turns is learned.")
      packedLength = try reader.optionalInteger(
        "packedLength", in: 2...(1 << 24), unit: "tokens",
        "Conversations are joined by best fit into rows of at most this length, of which batch make an "
          + "update; left out, batch counts conversations.")
      studentShare = try reader.number(
        "studentShare", default: 0.5, in: 0...1,
        "With a teacher: λ, the share of steps in which the student draws the last answer itself (TRL's "
          + "lmbda).")
      interpolation = try reader.number(
        "interpolation", default: 0.5, in: 0...1,
        "With a teacher: β of the generalised Jensen–Shannon divergence; 0 is KL(teacher ‖ student), 1 "
          + "KL(student ‖ teacher).")
      temperature = try reader.number(
        "temperature", default: 0.9, in: 0...100, "With a teacher: of the student's draws.")
      responseTokens = try reader.integer(
        "maxTokens", default: 128, in: 1...(1 << 20), unit: "tokens",
        "With a teacher: the longest answer that the student draws.")
    }

    package func check(
      goingOnFrom parent: Parameters, after step: Int
    ) throws(ParameterError) {
      let reason = "it says which conversations come in which step, before the snapshot too"
      try checkSame("packedLength", packedLength, as: parent.packedLength, because: reason)
      try checkSame("lastTurnOnly", lastTurnOnly, as: parent.lastTurnOnly, because: reason)
      try tuning.check(goingOnFrom: parent.tuning, after: step)
    }
  }

  package static let op = "sft"
  package static let revision = 1
  package static let summary =
    "Train a checkpoint to answer as the assistant in conversations does."
  package static let usesSeed = true
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("checkpoint", .checkpoint, "The model to tune."),
        Port("records", .records, "Conversations to learn from.", list: true),
        Port("validation", .records, "Held-out conversations.", optional: true, list: true),
        Port(
          "teacher", .checkpoint,
          "A model with the same tokenizer, whose distributions are learned in place of the answers' tokens "
            + "(GKD).", optional: true),
      ] + TrainingSession.inputs,
      outputs: TrainingSession.outputs
        + (parameters?.tuning.averages.ports() ?? AverageParameters.ports))
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    var tuning = try Tuning(parameters.tuning, context)
    let rows = parameters.rows(of: try parameters.sequences(context, "records", &tuning.codec))
    guard !rows.isEmpty else {
      throw StageError("the input \"records\" has no conversation with an answer to learn")
    }
    let held = try parameters.sequences(context, "validation", &tuning.codec)
    let size = parameters.tuning.batch
    let source = ShuffledBatches(count: rows.count, size: size, seed: context.seed) { items, step in
      Batch(parameters.batch(items.map { rows[$0] }), step: step)
    }
    let steps = try tuning.steps(items: rows.count)
    context.log("\(rows.count) rows, \(steps) steps of \(size)")
    let objective = try parameters.objective(
      tuning.checkpoint, tuning.codec.endTokens, context, tuning.session.compute)
    try tuning.train(on: source, steps: steps, validation: Batch(TokenBatch(held))) { objective }
  }
}

extension FineTune.Parameters {
  /// The answers' tokens, or a teacher's distributions.
  fileprivate func objective(
    _ student: Checkpoint, _ ends: [Int], _ context: any StageContext, _ compute: Compute
  ) throws -> any Objective {
    guard
      let teacher = try context.inputs("teacher").first?.model(beside: student, named: "teacher")
    else { return NextToken() }
    return GeneralisedDistillation(
      teacher: teacher, interpolation: interpolation, studentShare: studentShare,
      sampling: SamplingOptions(
        temperature: temperature, maximumTokens: responseTokens, stopTokens: ends),
      seed: context.seed, on: compute)
  }

  /// The conversations on a port that have something to learn.
  fileprivate func sequences(
    _ context: any StageContext, _ port: String, _ codec: inout ChatCodec
  ) throws -> [MaskedSequence] {
    var sequences: [MaskedSequence] = []
    var left = 0
    let earlier = codec.cuts
    for input in context.inputs(port) {
      for record in try input.records(port) {
        guard case .conversation(let messages) = record.body else {
          throw StageError(
            "the input \"\(port)\" holds \"\(record.id)\", which is no conversation; sft takes "
              + "records with messages")
        }
        let sequence =
          lastTurnOnly && messages.last?.role == "assistant"
          ? try codec.response(Array(messages.dropLast()), [messages[messages.count - 1]])
          : try codec.conversation(messages)
        // A packed row cuts what is longer.
        let cut = packedLength.map { sequence.prefix($0) } ?? sequence
        if cut.targetCount > 0 { sequences.append(sequence) } else { left += 1 }
      }
      try context.checkCancellation()
    }
    codec.reportCuts(port, since: earlier, context)
    if left > 0 {
      context.log("\(left) conversations of \"\(port)\" have no answer within the length: left out")
    }
    return sequences
  }

  /// What a batch counts: single conversations, or packed ones.
  fileprivate func rows(of sequences: [MaskedSequence]) -> [[MaskedSequence]] {
    guard let packedLength else { return sequences.map { [$0] } }
    let packing = Packing(
      lengths: sequences.map(\.tokens.count), rowLength: packedLength, strategy: .bfd)
    return packing.rows.map { row in
      row.map { sequences[$0.document].prefix($0.tokens.upperBound) }
    }
  }

  fileprivate func batch(_ rows: [[MaskedSequence]]) -> TokenBatch {
    TokenBatch(rows.flatMap { $0 }, groups: rows.map(\.count))
  }
}
