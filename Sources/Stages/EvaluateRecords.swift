import ContentStore
import Corpus
import Evaluation
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Training

/// Tasks that ask how likely recorded answers are: `conversations` (the loss of `sft` on them) and `preferences`
/// (whether chosen responses are likelier than rejected ones, and which a policy has come to favour over a
/// reference: the accuracy of DPO's implied reward). Texts become tokens as tuning makes them, by the
/// checkpoint's template, else `plain`.
struct EvaluateRecords {
  private let run: EvaluateRun
  private let task: EvaluateTask
  private let name: String
  private let input: InputArtifact
  private let port: String

  init(_ run: EvaluateRun, _ task: EvaluateTask, _ name: String) throws {
    (self.run, self.task, self.name) = (run, task, name)
    (port, input) = try task.data.artifact(name, run.context)
  }

  private func codec() throws -> ChatCodec {
    try ChatCodec(
      Checkpoint(run.subject.model, tokenizerFiles: run.subject.tokenizerFiles), template: "",
      maximumLength: run.parameters.maximumLength)
  }

  private func records() throws -> [TrainingRecord] {
    let records = try input.records(port)
    return task.data.limit.map { Array(records.prefix($0)) } ?? records
  }

  /// A model's log-probabilities of what is to be predicted, one after the other.
  private func scores(
    _ model: Transformer, _ groups: [[MaskedSequence]]
  ) throws -> [[[Float]]] {
    let compute = try run.context.compute()
    let rows =
      run.context.batchHint(compute) ?? TrainingPass.comfortableRows(model.configuration)
    return try ReferenceScores(model, compute, rows: rows, note: name, run.context).score(groups)
  }

  private func left(_ count: Int, _ codec: ChatCodec) {
    if count > 0 { run.context.log("\(count) records of \"\(port)\" left out: nothing to predict") }
    codec.reportCuts(port, run.context)
    if codec.cuts > 0 { run.context.score("\(name)/truncated", Score(Double(codec.cuts))) }
  }

  // MARK: Conversations

  /// Mean negative log-probability of a token of the assistant's turns.
  func measureConversations() throws {
    var codec = try codec()
    let all = try records().map { record in
      guard case .conversation(let messages) = record.body else {
        throw StageError("the input \"\(port)\" holds \"\(record.id)\", which is no conversation")
      }
      return (record, try codec.conversation(messages))
    }
    let taken = all.filter { $0.1.targetCount > 0 }
    left(all.count - taken.count, codec)
    let values = try scores(run.subject.model, taken.map { [$0.1] })
    let outcomes = zip(taken, values).map { taken, values in
      DocumentOutcome(
        id: taken.0.id, logLikelihood: Self.sum(values[0]), tokens: taken.1.targetCount, words: 0,
        bytes: 0)
    }
    for outcome in outcomes {
      let line: JSON = [
        "task": .string(name), "id": .string(outcome.id),
        "logLikelihood": .exact(outcome.logLikelihood), "tokens": .integer(outcome.tokens),
      ]
      try run.output.write(line.canonicalText() + "\n")
    }
    guard !outcomes.isEmpty else { throw StageError("the task \"\(name)\" has nothing to predict") }
    run.score(
      [name: PerplexityScores.loss(outcomes, per: \.tokens)], higherIsBetter: false,
      run.details(task))
  }

  // MARK: Preferences

  /// Shares of pairs whose chosen response is the likelier, an equal one counting half, and margins in nats.
  func comparePreferences() throws {
    var codec = try codec()
    let all = try records().map { record in
      guard case .preference(let pair) = record.body else {
        throw StageError("the input \"\(port)\" holds \"\(record.id)\", which is no preference")
      }
      let sequences = try [pair.chosen, pair.rejected].map { try codec.response(pair.prompt, $0) }
      return (record: record, sequences: sequences)
    }
    let taken = all.filter { $0.sequences.allSatisfy { $0.targetCount > 0 } }
    left(all.count - taken.count, codec)
    let own = try scores(run.subject.model, taken.map(\.sequences))
    let reference = try run.context.inputs("reference").first?.checkpoint().model
    let others = try reference.map { try scores($0, taken.map(\.sequences)) }
    let outcomes = try taken.indices.map { index in
      let (one, sequences) = (taken[index].record, taken[index].sequences)
      return TaskOutcome(
        task: name, id: one.id, subject: "", question: SHA256.hash(try one.line()),
        main: "accuracy", metrics: metrics(own[index], others?[index], sequences))
    }
    guard !outcomes.isEmpty else { throw StageError("the task \"\(name)\" has no pair to compare") }
    try run.write(outcomes)
    run.score(TaskOutcome.scores(outcomes, name), higherIsBetter: true, run.details(task))
  }

  private func metrics(
    _ own: [[Float]], _ reference: [[Float]]?, _ sequences: [MaskedSequence]
  ) -> [String: Double] {
    let sums = own.map(Self.sum)
    let means = zip(sums, sequences).map { $0 / Double($1.targetCount) }
    var metrics = [
      "accuracy": Self.rank(sums), "accuracyPerToken": Self.rank(means),
      "margin": sums[0] - sums[1],
    ]
    if let reference {
      let ratios = zip(sums, reference.map(Self.sum)).map { $0 - $1 }
      metrics["impliedAccuracy"] = Self.rank(ratios)
      metrics["impliedMargin"] = ratios[0] - ratios[1]
    }
    return metrics
  }

  private static func sum(_ values: [Float]) -> Double { values.reduce(0.0) { $0 + Double($1) } }

  private static func rank(_ values: [Double]) -> Double {
    values[0] > values[1] ? 1 : values[0] == values[1] ? 0.5 : 0
  }
}
