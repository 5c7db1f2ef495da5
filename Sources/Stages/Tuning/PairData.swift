import Corpus
import Pipeline
import Text
import Training

/// Which pairs of the records an op learns from.
struct PairSelection: StageParameters {
  let levels: [Int]
  let maximumSimilarity: Double

  init(from reader: inout ParameterReader) throws(ParameterError) {
    let numbers = try reader.numbers(
      "levels", default: [], in: 1...4,
      "Only pairs of these levels, 1 (significantly better) to 4; none means all. Llama 3 trains on 1 and 2."
    )
    var levels: [Int] = []
    for (index, number) in numbers.enumerated() {
      guard let level = Int(exactly: number) else {
        throw ParameterError(path: "levels[\(index)]", message: "must be a whole number")
      }
      levels.append(level)
    }
    self.levels = levels
    maximumSimilarity = try reader.number(
      "maxSimilarity", default: 1, in: 0...1,
      "Pairs are left out whose responses share a larger part of their different words (Jaccard); Llama "
        + "3 removes similar responses.")
  }

  package func check(
    goingOnFrom parent: PairSelection, after step: Int
  ) throws(ParameterError) {
    let reason = "it says which pairs come in which step, before the snapshot too"
    try checkSame("levels", levels, as: parent.levels, because: reason)
    try checkSame(
      "maxSimilarity", maximumSimilarity, as: parent.maximumSimilarity, because: reason)
  }

  func takes(_ pair: TrainingRecord.Preference) -> Bool {
    if !levels.isEmpty, !(pair.level.map(levels.contains) ?? false) { return false }
    if pair.chosen == pair.rejected { return false }
    return maximumSimilarity >= 1 || similarity(pair) <= maximumSimilarity
  }

  private func similarity(_ pair: TrainingRecord.Preference) -> Double {
    let words = { (messages: [ChatMessage]) in
      Set(messages.flatMap { $0.content.utf8.split { $0 == 0x20 || $0 == 0x0A }.map(Array.init) })
    }
    let (a, b) = (words(pair.chosen), words(pair.rejected))
    let all = a.union(b).count
    return all == 0 ? 1 : Double(a.intersection(b).count) / Double(all)
  }
}

/// A record's responses as tokens, the best first.
struct EncodedPair: Sendable {
  var record: TrainingRecord
  var pair: TrainingRecord.Preference
  var sequences: [MaskedSequence]
}

extension StageContext {
  /// The pairs on a port that an op takes, as tokens.
  /// - Parameter usesEdits: whether an edited response leads, where there is one.
  func pairs(
    _ port: String, _ selection: PairSelection?, usesEdits: Bool, _ codec: inout ChatCodec
  ) throws -> [EncodedPair] {
    var pairs: [EncodedPair] = []
    var left = 0
    let earlier = codec.cuts
    for input in inputs(port) {
      for record in try input.records(port) {
        guard case .preference(let pair) = record.body else {
          throw StageError(
            "the input \"\(port)\" holds \"\(record.id)\", which is no preference; give records with "
              + "prompt, chosen and rejected")
        }
        guard selection?.takes(pair) ?? true else {
          left += 1
          continue
        }
        let edited = usesEdits ? pair.edited.map { [$0] } ?? [] : []
        let sequences = try (edited + [pair.chosen, pair.rejected]).map {
          try codec.response(pair.prompt, $0)
        }
        // A pair of which the length leaves nothing to tell apart teaches nothing.
        if sequences.allSatisfy({ $0.targetCount > 0 }) {
          pairs.append(EncodedPair(record: record, pair: pair, sequences: sequences))
        } else {
          left += 1
        }
        try checkCancellation()
      }
    }
    codec.reportCuts(port, since: earlier, self)
    if left > 0 { log("\(left) pairs of \"\(port)\" left out; \(pairs.count) taken") }
    return pairs
  }
}
