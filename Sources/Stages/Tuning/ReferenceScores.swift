import LanguageModel
import Numerics
import Pipeline
import Training

/// A frozen model's log-probabilities of responses, computed once before training. The passes are those of
/// training, without dropout, so that an untrained policy's are the same bits.
struct ReferenceScores {
  private let pass: TrainingPass
  private let rows: Int
  private let note: String
  private let context: any StageContext

  /// - Parameters:
  ///   - rows: about how many to run at once.
  ///   - note: what progress says.
  init(
    _ model: Transformer, _ compute: Compute, rows: Int, note: String = "reference",
    _ context: any StageContext
  ) {
    pass = TrainingPass(model, on: compute)
    (self.rows, self.note, self.context) = (rows, note, context)
  }

  init(_ model: Transformer, _ session: TrainingSession, _ context: any StageContext) {
    self.init(
      model, session.compute, rows: session.microBatchRows(model.configuration), context)
  }

  /// For every pair and each of its sequences, a value per token row; 0 where nothing is predicted.
  func score(_ pairs: [EncodedPair]) throws -> [[[Float]]] {
    try score(pairs.map(\.sequences))
  }

  func score(_ groups: [[MaskedSequence]]) throws -> [[[Float]]] {
    guard !groups.isEmpty else { return [] }
    let batch = TokenBatch(groups.flatMap { $0 }, groups: groups.map(\.count))
    var values: [Float] = []
    pass.beginBatch()
    defer { pass.endBatch() }
    for part in batch.parts(rows: rows) {
      try context.checkCancellation()
      values += pass.forward(part)
      context.progress(
        Progress(
          done: Double(values.count), total: Double(batch.tokens.count), unit: "tokens",
          note: note))
    }
    var (result, document): ([[[Float]]], Int) = ([], 0)
    for group in groups {
      result.append(group.indices.map { Array(values[batch.documents[document + $0]]) })
      document += group.count
    }
    return result
  }
}
